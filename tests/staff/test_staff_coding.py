"""Coding in the staff app: one turn at a time, blind, with keys and without, and where people differ."""

import re
from datetime import timedelta

import pytest

from bot.codebook import codes
from bot.consent import RESEARCH, record_answer
from bot.research import register_protocol
from bot.staff.coding import KEYS, NONE_KEY
from bot.storage.models import AuditEntry, Turn

SAID = ("my wife karen left me", "i hide it at work")


@pytest.fixture
def man(clinic):
    """Somebody who agreed, said two things and had them read by the model."""
    at = clinic.clock.now
    with clinic.database.write() as session:
        expires_at = at + timedelta(days=90)
        register_protocol(session, "IRB-12", purpose="theme paper", expires_at=expires_at, by="ada", at=at)
    person_id = clinic.man()
    with clinic.database.write() as session:
        record_answer(session, person_id=person_id, kind=RESEARCH, given=True, at=at)
    for minute, text in enumerate(SAID):
        message_id = clinic.he_writes(person_id, text, minutes=minute)
        with clinic.database.write() as session:
            turn = Turn(id=message_id, person_id=person_id, at=at, model="m")
            session.add(turn)
            turn.reading = {"intent": "intimacy", "codes": [{"id": "intimacy", "score": 0.9}]}
    return person_id


@pytest.fixture
def ann(clinic):
    return clinic.signed_in("ann", "researcher")


@pytest.fixture
def opened(man, ann):
    """Where the round is that Ann opened."""
    answer = ann.post("/coding", form_on="/coding", protocol="IRB-12", size="10")
    assert answer.status_code == 303
    return answer.location


def code(visitor, opened, number, *given):
    path = f"{opened}/{number}"
    return visitor.post(path, form_on=path, code=list(given))


def code_all(visitor, opened, first, second):
    code(visitor, opened, 1, *first)
    code(visitor, opened, 2, *second)
    assert visitor.post(opened, form_on=opened).location == opened


def test_a_researcher_begins_with_coding(ann):
    assert ann.get("/").location == "/coding"


def test_a_round_is_coded_turn_by_turn_and_done(clinic, ann, opened):
    assert "<strong>0</strong> of 2 coded" in ann.get(opened).text
    assert ann.get(f"{opened}/next").location == f"{opened}/1"
    assert code(ann, opened, 1, "hiding_it", "work_stigma").location == f"{opened}/next"
    assert ann.get(f"{opened}/next").location == f"{opened}/2"
    page = ann.get(f"{opened}/1").text
    assert len(re.findall(r'value="(?:hiding_it|work_stigma)"[^>]*checked', page)) == 2
    code(ann, opened, 2, "none")
    assert ann.get(f"{opened}/next").location == opened
    assert "I am done" in ann.get(opened).text
    ann.post(opened, form_on=opened)
    assert "You are done" in ann.get(opened).text
    assert code(ann, opened, 1, "intimacy").status_code == 422


def test_a_turn_is_shown_without_names_with_the_codebook_and_no_code_of_the_model(ann, opened):
    pages = [ann.get(f"{opened}/{number}").text for number in (1, 2)]
    assert any("my wife [PARTNER] left me" in page for page in pages)
    for page in pages:
        assert "karen" not in page.lower()
        assert "checked" not in page
        assert all(one.definition.split(",")[0].replace("'", "&#39;") in page for one in codes())


def test_keys_are_one_for_each_code_and_shown_to_screen_readers(ann, opened):
    page = ann.get(f"{opened}/1").text
    keys = re.findall(r'data-key="(.)" aria-keyshortcuts="(.)"', page)
    assert [one for one, _ in keys] == [*KEYS, NONE_KEY]
    assert all(one == other for one, other in keys)
    assert len({*KEYS, NONE_KEY}) == len(codes()) + 1
    assert re.findall(r'name="code" value="([^"]+)"', page)[-1] == "none"
    assert re.search(r'<script src="/static/hotkeys.js" defer></script>', page)
    script = ann.get("/static/hotkeys.js")
    assert script.status_code == 200
    assert "javascript" in script.mimetype


@pytest.mark.parametrize("given", [[], ["none", "intimacy"], ["nonsense"]])
def test_what_is_no_choice_is_refused_and_said(ann, opened, given):
    answer = code(ann, opened, 1, *given)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_the_second_coder_is_blind_until_she_is_done_and_then_both_see_where_they_differ(clinic, ann, opened):
    code_all(ann, opened, ["hiding_it"], ["work_stigma"])
    assert "Agreement is shown once somebody else is done" in ann.get(opened).text
    bea = clinic.signed_in("bea", "researcher")
    assert bea.get(f"{opened}/differences").location == opened
    for page in (bea.get(opened).text, bea.get(f"{opened}/1").text):
        assert "hiding_it</mark>" not in page
        assert "alpha" not in page
        assert "checked" not in page
    code_all(bea, opened, ["hiding_it"], ["none"])
    assert "Krippendorff" in bea.get(opened).text
    page = bea.get(f"{opened}/differences").text
    assert "1 turn on which people differ" in page
    assert "<mark>work_stigma</mark>" in page
    assert "<mark>none</mark>" in page
    assert "intimacy" in page  # what the model gave


def test_every_look_at_a_turn_is_written_down(clinic, ann, opened):
    ann.get(f"{opened}/2")
    round_id = opened.rsplit("/", 1)[1]
    with clinic.database.read() as session:
        subjects = [row.subject for row in session.query(AuditEntry).filter_by(action="coding.look")]
    assert subjects == [f"{round_id}:2"]


def test_a_man_who_takes_his_consent_back_is_shown_no_more(clinic, ann, opened, man):
    with clinic.database.write() as session:
        record_answer(session, person_id=man, kind=RESEARCH, given=False, at=clinic.clock.now)
    assert ann.get(f"{opened}/1").status_code == 404
    assert ann.get(f"{opened}/next").location == opened


@pytest.mark.parametrize(
    "fields",
    [{"size": "x"}, {"size": "0"}, {"size": "99999"}, {"size": "²"}, {"protocol": "none"}, {"protocol": "a\x00b"}],
)
def test_odd_rounds_are_refused_and_said(clinic, ann, man, fields):
    answer = ann.post("/coding", form_on="/coding", **{"protocol": "IRB-12", "size": "10"} | fields)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_without_a_protocol_it_says_how_to_get_one(ann):
    assert "ballast research protocol add" in ann.get("/coding").text


@pytest.mark.parametrize("path", ["0", "3", "9999", "10000", "-1", "1e3", "x"])
def test_a_turn_that_is_none_is_not_found(ann, opened, path):
    assert ann.get(f"{opened}/{path}").status_code == 404
