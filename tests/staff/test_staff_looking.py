"""The researcher's figures: which protocol, what is written down, and the paper."""

from datetime import timedelta

import pytest

from bot.consent import RESEARCH, record_answer
from bot.research import register_protocol
from bot.storage.models import AuditEntry, Turn


@pytest.fixture
def protocols(clinic):
    at = clinic.clock.now
    with clinic.database.write() as session:
        for name in ("IRB-12", "IRB-13"):
            expires_at = at + timedelta(days=90)
            register_protocol(session, name, purpose="theme paper", expires_at=expires_at, by="ada", at=at)


@pytest.fixture
def men(clinic):
    at = clinic.clock.now
    for number in range(20):
        person_id = clinic.man()
        message_id = clinic.he_writes(person_id, "words")
        with clinic.database.write() as session:
            record_answer(session, person_id=person_id, kind=RESEARCH, given=True, at=at)
            turn = Turn(id=message_id, person_id=person_id, at=at, model="m")
            session.add(turn)
            turn.reading = {"intent": "hiding_it", "codes": [{"id": "hiding_it", "score": 0.9}] * (number % 2)}


def test_figures_are_shown_with_their_intervals_and_the_look_is_written_down(clinic, protocols, men):
    ann = clinic.signed_in("ann", "researcher")
    page = ann.get("/looking").text
    assert '<th scope="row">hiding_it</th><td>attitudes</td><td>50.0 % (29.9 to 70.1)</td>' in page
    assert '<meter min="0" max="100" value="50.0" aria-hidden="true">' in page
    assert '<th scope="row">intimacy</th><td>relationship</td><td>hidden</td>' in page
    with clinic.database.read() as session:
        assert [row.subject for row in session.query(AuditEntry).filter_by(action="research.look")] == ["IRB-12"]


def test_the_paper_is_a_pdf(clinic, protocols, men):
    ann = clinic.signed_in("ann", "researcher")
    answer = ann.get("/looking/report.pdf?protocol=IRB-13")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.data.startswith(b"%PDF-")


@pytest.mark.parametrize("name", ["none", "", "a\x00b"])
def test_a_protocol_that_is_not_open_is_not_found(clinic, protocols, name):
    ann = clinic.signed_in("ann", "researcher")
    assert ann.get("/looking", query_string={"protocol": name}).status_code == 404


def test_without_a_protocol_there_is_nothing(clinic):
    assert "Nothing to look at" in clinic.signed_in("ann", "researcher").get("/looking").text
