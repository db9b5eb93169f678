import hashlib
from datetime import timedelta

import pytest

from bot.consent import ADULT, RESEARCH, SHARE, STORAGE, VERSIONS, answer_of, consents, has_given, record_answer
from bot.content.texts import texts_of
from bot.storage.models import Consent

KINDS = (STORAGE, RESEARCH, ADULT)


@pytest.fixture
def answers(database, clock):
    def record(person_id, kind, *given):
        for answer in given:
            with database.write() as session:
                record_answer(session, person_id=person_id, kind=kind, given=answer, at=clock())

    return record


@pytest.fixture
def standing(database):
    """Return what counts now: his answer, and whether it is a yes."""

    def read(person_id, kind):
        with database.read() as session:
            return answer_of(session, person_id, kind), has_given(session, person_id, kind)

    return read


@pytest.mark.parametrize("kind", KINDS)
def test_a_man_who_was_not_asked_has_not_agreed(person, standing, kind):
    assert standing(person(), kind) == (None, False)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("given", [[True], [False], [False, True], [True, False], [True, False, True], [True] * 3])
def test_the_newest_answer_counts(person, answers, standing, kind, given):
    person_id = person()
    answers(person_id, kind, *given)
    assert standing(person_id, kind) == (given[-1], given[-1])


def test_the_newest_is_the_last_one_written_even_if_the_clock_goes_back(person, answers, standing, clock):
    person_id = person()
    answers(person_id, RESEARCH, True)
    clock.now -= timedelta(hours=1)
    answers(person_id, RESEARCH, False)
    assert standing(person_id, RESEARCH) == (False, False)


def test_a_yes_to_one_question_is_none_to_another(person, answers, standing):
    person_id = person()
    answers(person_id, STORAGE, True)
    assert [standing(person_id, kind)[0] for kind in KINDS] == [True, None, None]


def test_a_yes_of_one_man_is_none_of_another(person, answers, standing):
    agreed, other = person(), person()
    answers(agreed, RESEARCH, True)
    assert standing(agreed, RESEARCH) == (True, True)
    assert standing(other, RESEARCH) == (None, False)


def test_a_new_wording_must_be_asked_anew(person, answers, standing, monkeypatch):
    person_id = person()
    answers(person_id, RESEARCH, True)
    monkeypatch.setitem(consents.VERSIONS, RESEARCH, "2099-01")
    assert standing(person_id, RESEARCH) == (None, False)
    answers(person_id, RESEARCH, True)
    assert standing(person_id, RESEARCH) == (True, True)


def test_every_answer_stays_on_record_with_wording_and_time(database, person, answers, clock):
    person_id = person()
    answers(person_id, STORAGE, True, False)
    with database.read() as session:
        rows = session.query(Consent).filter_by(person_id=person_id).order_by(Consent.seq)
        answers_kept = [(row.version, row.given, row.at) for row in rows]
    assert answers_kept == [
        (VERSIONS[STORAGE], True, clock.now),
        (VERSIONS[STORAGE], False, clock.now),
    ]


def test_an_answer_counts_within_its_own_transaction(database, person, clock):
    person_id = person()
    with database.write() as session:
        record_answer(session, person_id=person_id, kind=STORAGE, given=True, at=clock())
        assert has_given(session, person_id, STORAGE)


def test_an_unknown_question_is_refused(database, person, clock):
    with pytest.raises(KeyError), database.write() as session:
        record_answer(session, person_id=person(), kind="marketing", given=True, at=clock())


WORDINGS = {  # who changes a word of a question gives it a new version, so that every man is asked anew
    (STORAGE, "consent_question"): ("2026-11.2", "317d2eecb90db569"),
    (RESEARCH, "research_question"): ("2026-11.3", "ed180b1e646eef55"),
    (SHARE, "share_case_question"): ("2026-11", "43ca655d5a51f492"),
}


@pytest.mark.parametrize(("kind", "question"), WORDINGS)
def test_a_question_in_other_words_has_another_version(kind, question):
    text = "\n".join(bubble for variation in texts_of("en")[question] for bubble in variation)
    assert (VERSIONS[kind], hashlib.sha256(text.encode()).hexdigest()[:16]) == WORDINGS[kind, question]
