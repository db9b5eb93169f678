from datetime import timedelta

import pytest

from bot.escalation import open_flag
from bot.escalation.daily import run_retention
from bot.storage.checking import check_rows
from bot.storage.columns import new_id
from bot.storage.expiry import Retention, expire, silent_persons
from bot.storage.ledger import ErasureLedger
from bot.storage.models import ButtonToken, Flag, InboxMessage, OutboxMessage, Person, Record, TrackerEvent, Turn

RULES = Retention(log_days=365, flag_days=3650, silent_days=730)


@pytest.fixture
def run(database, clock):
    def go():
        with database.write() as session:
            return expire(session, RULES, now=clock())

    return go


@pytest.fixture
def everything(database, clock, he_writes, we_write):
    """Leave one row of each kind; return the message's id."""

    def make(person_id, **states):
        message, answer = he_writes(person_id, **states), we_write(person_id)
        his = {"person_id": person_id}
        with database.write() as session:
            rows = [
                Turn(id=message, at=clock(), model="m", **his),
                TrackerEvent(id=new_id(), session=1, at=clock(), **his),
                Record(id=new_id(), kind="mood", at=clock(), **his),
            ]
            button = ButtonToken(id=new_id(), outbox_id=answer, **his)
            session.add_all([*rows, button])
            rows[0].reading, rows[1].event, rows[2].body, button.choice = {}, {}, {}, {}
        return message

    return make


def left(database):
    with database.read() as session:
        assert check_rows(session).is_sound
        models = (InboxMessage, OutboxMessage, Turn, TrackerEvent, Record, ButtonToken)
        return tuple(session.query(model).count() for model in models)


def test_what_is_too_old_goes_and_is_counted(database, person, everything, clock, run):
    person_id = person()
    everything(person_id)
    clock.forward(days=365, seconds=1)
    everything(person_id)
    counts = run()
    assert counts == {
        **dict.fromkeys(("inbox", "outbox", "turns", "tracker_events", "records", "buttons"), 1),
        "flags": 0,
        "corrections": 0,  # and of these in tests/research/test_reviews.py
        "review_turns": 0,
        "codings": 0,  # what of them goes is told in tests/research/test_rounds.py
        "case": 0,
    }
    assert left(database) == (1,) * 6


def test_the_last_day_is_kept(database, person, everything, clock, run):
    everything(person())
    clock.forward(days=365)
    assert sum(run().values()) == 0
    assert left(database) == (1,) * 6


def test_nothing_of_a_man_with_an_open_flag_goes(database, person, everything, clock, run):
    person_id = person()
    message = everything(person_id)
    with database.write() as session:
        flag = {"level": "yellow", "kind": "person", "reasons": ["x"], "at": clock(), "message_id": message}
        open_flag(session, person_id=person_id, **flag)
    clock.forward(days=9999)
    assert sum(run().values()) == 0
    assert left(database) == (1,) * 6


def test_what_a_closed_flag_points_to_goes_with_the_flags_words(database, person, everything, clock, run):
    person_id = person()
    message = everything(person_id)
    with database.write() as session:
        flag = {"level": "red", "kind": "screening", "reasons": ["x"], "at": clock(), "message_id": message}
        row = open_flag(session, person_id=person_id, **flag)
        row.state, row.closed_at = "resolved", clock()
    clock.forward(days=400)
    run()
    assert left(database) == (1, 0, 1, 0, 0, 0)
    clock.forward(days=3300)
    assert run()["flags"] == 1
    with database.read() as session:
        flag = session.query(Flag).one()
        assert (flag.reasons, flag.level) == (None, "red")
    assert left(database) == (0,) * 6


def test_what_waits_to_be_answered_is_kept(database, person, he_writes, we_write, clock, run):
    person_id = person()
    he_writes(person_id, state="pending"), we_write(person_id, state="pending")
    clock.forward(days=400)
    run()
    assert left(database)[:2] == (1, 1)


def test_a_silent_man_is_erased_with_a_line_in_the_ledger(database, keyring, person, he_writes, clock, tmp_path):
    ledger = ErasureLedger(tmp_path / "ledger", keyring)
    silent, never, talking, flagged = (person() for _ in range(4))
    he_writes(silent), he_writes(flagged)
    with database.write() as session:
        open_flag(session, person_id=flagged, level="yellow", kind="person", reasons=["x"], at=clock())
    clock.forward(days=730, seconds=1)
    he_writes(talking)
    with database.read() as session:
        assert set(silent_persons(session, RULES, now=clock())) == {silent, never}
    counts = run_retention(database, ledger, RULES, at=clock())
    assert counts["persons"] == 2
    assert {line.person_id for line in ledger.read()} == {silent, never}
    with database.read() as session:
        assert {row.id for row in session.query(Person) if row.chat_sealed is not None} == {talking, flagged}
        assert check_rows(session).is_sound
    assert run_retention(database, ledger, RULES, at=clock() + timedelta(days=1))["persons"] == 0
