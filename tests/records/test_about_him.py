from __future__ import annotations

from datetime import timedelta

import pytest

from bot.records.about_him import QUESTIONS, SKIP, answers_of, forget_answers, keep_answer
from bot.storage.models import Record


def told(database, person_id, *answers, at):
    for question, value in answers:
        with database.write() as session:
            keep_answer(session, person_id=person_id, question=question, value=value, at=at)
    with database.read() as session:
        return answers_of(session, person_id)


def test_what_he_told_is_kept_and_the_last_answer_counts(database, person, clock):
    man, other = person(), person()
    assert told(database, man, ("age", "25-34"), ("work", "off-sick"), ("age", "35-44"), at=clock()) == {
        "age": "35-44",
        "work": "off-sick",
    }
    assert told(database, other, at=clock()) == {}


def test_skipping_takes_an_earlier_answer_away(database, person, clock):
    man = person()
    assert told(database, man, ("age", "25-34"), ("home", "alone"), ("age", SKIP), at=clock()) == {"home": "alone"}


@pytest.mark.parametrize(("question", "value"), [("age", "17"), ("age", ""), ("weight", "1"), ("work", "18-24")])
def test_an_answer_that_is_on_no_list_is_refused(database, person, clock, question, value):
    with pytest.raises(ValueError, match="has no answer"), database.write() as session:
        keep_answer(session, person_id=person(), question=question, value=value, at=clock())


def test_forgotten_answers_are_gone_and_other_records_stay(database, person, clock):
    man = person()
    told(database, man, ("age", "25-34"), at=clock())
    with database.write() as session:
        session.add(Record(person_id=man, kind="mood", at=clock() - timedelta(days=1)))
        forget_answers(session, man)
    with database.read() as session:
        assert answers_of(session, man) == {}
        assert [row.kind for row in session.query(Record)] == ["mood"]


def test_nothing_he_told_can_be_read_in_the_database(database, person, clock, execute):
    told(database, person(), ("work", "off-sick"), at=clock())
    ((blob,),) = execute("SELECT body_sealed FROM records")
    assert b"off-sick" not in bytes(blob)


def test_every_list_is_short_enough_to_choose_from():
    assert all(2 < len(values) < 8 for values in QUESTIONS.values())
