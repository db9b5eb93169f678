import pytest

from bot.records import keep_score, scores_of
from bot.storage.models import Record

BODY = {"answers": [1] * 9, "total": 9}


@pytest.fixture
def keep(database, clock):
    def run(person_id, *, kind="phq9", body=None, message_id=None, times=1):
        with database.write() as session:
            for _ in range(times):
                keep_score(
                    session,
                    person_id=person_id,
                    kind=kind,
                    body=body or BODY,
                    message_id=message_id,
                    at=clock(),
                )

    return run


@pytest.fixture
def scores(database):
    def read(person_id, kind="phq9"):
        with database.read() as session:
            return scores_of(session, person_id, kind)

    return read


def test_a_score_is_kept_with_its_time(person, keep, scores, clock):
    person_id = person()
    keep(person_id, message_id="m1")
    assert scores(person_id) == [{**BODY, "at": clock.now}]


def test_a_turn_that_is_run_again_keeps_the_score_once(person, keep, scores, clock):
    person_id = person()
    keep(person_id, message_id="m1")
    first = scores(person_id)
    clock.forward(minutes=1)
    keep(person_id, message_id="m1", body={"total": 27})
    assert scores(person_id) == first


def test_twice_in_one_transaction_counts_once_too(person, keep, scores):
    person_id = person()
    keep(person_id, message_id="m1", times=2)
    assert len(scores(person_id)) == 1


def test_other_messages_and_other_kinds_count_for_themselves(person, keep, scores):
    person_id = person()
    keep(person_id, message_id="m1")
    keep(person_id, message_id="m2")
    keep(person_id, message_id="m1", kind="mood")
    assert (len(scores(person_id)), len(scores(person_id, "mood"))) == (2, 1)


def test_scores_without_a_message_are_all_kept(person, keep, scores):
    person_id = person()
    keep(person_id, times=2)
    assert len(scores(person_id)) == 2


def test_scores_come_oldest_first_and_of_one_man_only(person, keep, scores, clock):
    person_id, other = person(), person()
    for total in (20, 12, 5):
        keep(person_id, body={"total": total})
        clock.forward(days=7)
    keep(other, body={"total": 27})
    assert [score["total"] for score in scores(person_id)] == [20, 12, 5]


def test_a_score_is_sealed(database, person, keep):
    keep(person(), body={"note": "canary"})
    with database.read() as session:
        row = session.query(Record).one()
        assert b"canary" not in row.body_sealed
        assert "canary" not in str(row.__dict__)
