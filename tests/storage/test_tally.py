"""Whoever can write to the database but has no key changes, deletes, swaps or puts back nothing unseen."""

import pytest
import sqlalchemy
from sqlalchemy import delete, update

from bot.consent import RESEARCH, record_answer
from bot.escalation import open_flag
from bot.storage.checking import check_rows, found_tally, open_some
from bot.storage.columns import new_id
from bot.storage.migrate import downgrade
from bot.storage.models import Consent, Flag, InboxMessage, OutboxMessage, Person, Record, Tally
from bot.storage.retention import erase_person


@pytest.fixture
def findings(database):
    def look():
        with database.read() as session:
            return check_rows(session)

    return look


@pytest.fixture
def his(database, clock, person, he_writes, we_write):
    """Make a man with two messages, an answer, a flag and a consent; return his id."""

    def make():
        person_id = person()
        message = he_writes(person_id, "one")
        he_writes(person_id, "two")
        we_write(person_id)
        with database.write() as session:
            record_answer(session, person_id=person_id, kind=RESEARCH, given=False, at=clock())
            reasons = {"reasons": ["says so"], "at": clock(), "message_id": message}
            open_flag(session, person_id=person_id, level="red", kind="screening", **reasons)
        return person_id

    return make


ATTACKS = {
    "edit": "UPDATE inbox SET body_sealed = zeroblob(200) WHERE seq = 1",
    "empty": "UPDATE inbox SET body_sealed = NULL WHERE seq = 2",
    "delete": "DELETE FROM inbox WHERE seq = 1",
    "delete the newest": "DELETE FROM outbox WHERE seq = (SELECT max(seq) FROM outbox)",
    "truncate": "DELETE FROM inbox",
    "swap": "UPDATE inbox SET body_sealed = (SELECT body_sealed FROM inbox WHERE seq = 2) WHERE seq = 1",
    "move to another man": "UPDATE inbox SET person_id = (SELECT max(id) FROM persons WHERE id <> inbox.person_id)",
    "copy": "INSERT INTO outbox "
    "(id, person_id, lane, resend, state, created_at, due_at, attempts, revision, body_sealed) "
    "SELECT 'copy', person_id, lane, resend, state, created_at, due_at, attempts, revision, body_sealed "
    "FROM outbox WHERE seq = 1",
    "lower a flag": "UPDATE flags SET level = 'yellow'",
    "say yes for him": "UPDATE consents SET given = (1 = 1)",
    "answer to another chat": "UPDATE persons SET chat_index = zeroblob(32) WHERE id = (SELECT max(id) FROM persons)",
    "destroy a key": "DELETE FROM person_keys WHERE person_id = (SELECT max(id) FROM persons)",
    "delete a line of the tally": "DELETE FROM tallies WHERE scope <> 'all'",
    "delete the whole tally": "DELETE FROM tallies",
    "count differently": "UPDATE tallies SET rows = rows - 1",
    "swap two lines": "UPDATE tallies SET total = (SELECT total FROM tallies WHERE scope = 'all')",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_every_attack_is_found(his, execute, findings, attack):
    his(), his()
    assert findings().is_sound
    assert execute(attack)
    assert not findings().is_sound


def rows_of(database, person_id):
    """Copy all of his rows, with his line of the tally, as a thief with the file would."""
    kept = {}
    with database.engine.connect() as connection:
        for table in (InboxMessage, OutboxMessage, Flag, Consent, Tally):
            owner = table.__table__.c.scope if table is Tally else table.__table__.c.person_id
            query = sqlalchemy.select(table.__table__).where(owner == person_id)
            kept[table] = [dict(row) for row in connection.execute(query).mappings()]
    return kept


def test_putting_back_all_rows_of_one_man_with_his_tally_is_found(database, his, he_writes, execute, findings):
    person_id, _ = his(), his()
    kept = rows_of(database, person_id)
    he_writes(person_id, "what he would rather not have said")
    assert findings().is_sound
    with database.engine.begin() as connection:
        for table, rows in kept.items():
            owner = table.__table__.c.scope if table is Tally else table.__table__.c.person_id
            connection.execute(delete(table.__table__).where(owner == person_id))
            connection.execute(table.__table__.insert(), rows)
    found = findings()
    assert found.unopenable == []
    assert found.miscounted == ["all"]


def test_what_was_broken_stays_visible_after_more_is_written(his, he_writes, execute, findings):
    person_id = his()
    execute("UPDATE tallies SET rows = rows + 1")
    execute("DELETE FROM inbox WHERE seq = 1")
    for number in range(3):
        he_writes(person_id, f"more {number}")
    assert set(findings().miscounted) == {person_id, "all"}


@pytest.mark.parametrize(
    "statement",
    [
        lambda: delete(InboxMessage).where(InboxMessage.state == "done"),
        lambda: update(InboxMessage).values(body_sealed=None),
        lambda: update(InboxMessage).where(InboxMessage.seq == 1).values({InboxMessage.screening_sealed: None}),
        lambda: update(Flag).where(Flag.kind == "screening").values(level="orange", state="open"),
        lambda: update(OutboxMessage).values(state="uncertain"),
        lambda: delete(Consent),
    ],
)
def test_statements_over_many_rows_are_counted(database, his, findings, statement):
    his(), his()
    with database.write() as session:
        assert session.execute(statement().execution_options(synchronize_session=False)).rowcount
    assert findings().is_sound


def test_everything_that_is_done_to_a_row_is_counted(database, clock, his, findings):
    person_id = his()
    with database.write() as session:
        session.query(InboxMessage).filter_by(seq=1).one().body = {"text": "changed"}
        session.query(InboxMessage).filter_by(seq=1).one().body = {"text": "changed twice"}
        session.delete(session.query(InboxMessage).filter_by(seq=2).one())
        row = Record(id=new_id(), person_id=person_id, kind="mood", at=clock())
        session.add(row)
        session.flush()
        row.body = {"mood": 3}
        session.flush()
        row.body = {"mood": 4}
        session.query(Flag).one().level = "orange"
    assert findings().is_sound
    with database.write() as session:
        erase_person(session, person_id)
    assert findings().is_sound
    assert findings().rows == 2  # the bare pseudonym and the bare flag


def test_what_is_undone_is_not_counted(database, his, he_writes, findings):
    person_id = his()

    def write_and_fail():
        with database.write() as session:
            session.query(InboxMessage).filter_by(seq=1).one().body = {"text": "changed"}
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    he_writes(person_id)
    assert findings().is_sound


def test_a_database_of_an_earlier_version_is_counted_when_it_comes_up(database, his, he_writes, findings):
    person_id = his()
    downgrade(database.engine, "0001")
    database.prepare()
    assert findings().is_sound
    he_writes(person_id)
    assert findings().is_sound


def test_founding_anew_believes_what_is_there_and_does_not_turn_back_the_serial(database, his, execute, findings):
    his()
    serial = execute("SELECT serial FROM tallies WHERE scope = 'all'")[0][0]
    execute("DELETE FROM inbox WHERE seq = 1")
    assert not findings().is_sound
    with database.write() as session:
        found_tally(session)
    assert findings().is_sound
    assert execute("SELECT serial FROM tallies WHERE scope = 'all'")[0][0] == serial + 1


def test_a_random_look_opens_what_can_be_opened_and_counts_what_cannot(database, his, execute):
    his(), his()
    with database.read() as session:
        tried, opened = open_some(session, 1000)
    assert tried == opened == 10
    execute("UPDATE inbox SET body_sealed = zeroblob(200)")
    with database.read() as session:
        assert open_some(session, 1000) == (10, 6)


def test_reading_alone_writes_no_tally(database, his, execute):
    person_id = his()
    before = execute("SELECT sum(serial) FROM tallies")
    with database.read() as session:
        session.get(Person, person_id).settings = {"region": "uk"}
        session.flush()
    assert execute("SELECT sum(serial) FROM tallies") == before
