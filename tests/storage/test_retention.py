import sqlite3
import time
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.consent import STORAGE, record_answer
from bot.errors import KeyMissingError
from bot.escalation import open_flag, verify_audit
from bot.records import keep_score
from bot.storage.columns import new_id
from bot.storage.models import (
    AuditEntry,
    ButtonToken,
    Flag,
    InboxMessage,
    OutboxMessage,
    Person,
    Record,
    TrackerEvent,
    Turn,
)
from bot.storage.retention import _EMPTIED, _HIS_TABLES, erase_person, let_go, truncate_journal

CANARY = "canary: nothing left in the tank"
LONG = CANARY * 120  # fills overflow pages


@pytest.fixture
def lived(database, clock, person, he_writes, we_write):
    """Make a man who left something in every table, and return his id."""

    def make():
        person_id = person(chat=f"{CANARY} chat {new_id()}")
        message = he_writes(person_id, LONG)
        outbox_id = we_write(person_id, LONG)
        with database.write() as session:
            record_answer(session, person_id=person_id, kind=STORAGE, given=True, at=clock())
            body = {"answers": [3] * 9, "note": CANARY}
            keep_score(session, person_id=person_id, kind="phq9", body=body, message_id=message, at=clock())
            turn = Turn(id=message, person_id=person_id, at=clock(), model="m")
            event = TrackerEvent(id=new_id(), person_id=person_id, session=1, at=clock())
            button = ButtonToken(id=new_id(), person_id=person_id, outbox_id=outbox_id)
            session.add_all([turn, event, button])
            turn.reading, event.event = {"intent": CANARY}, {"text": LONG}
            button.choice = {"label": CANARY, "payload": CANARY}
            for level, kind in (("orange", "screening"), ("yellow", "person")):
                reasons = {"reasons": [CANARY], "at": clock(), "message_id": message}
                open_flag(session, person_id=person_id, level=level, kind=kind, **reasons)
        return person_id

    return make


@pytest.fixture
def second_process(database):
    """Somebody else who has the database open, so that its write-ahead log stays where it is."""
    with closing(sqlite3.connect(database.engine.url.database, isolation_level=None)) as connection:
        connection.execute("SELECT count(*) FROM persons").fetchall()
        yield connection


@pytest.fixture
def on_disk(tmp_path):
    """Everything that SQLite leaves in the folder: the file, its write-ahead log, its index."""

    def read():
        return b"".join(path.read_bytes() for path in sorted((tmp_path / "house").iterdir()))

    return read


def secrets_of(execute, person_id):
    """Return his wrapped keys, the index of his chat and all sealed blobs, as they stand in the database."""
    found = execute("SELECT wrapped FROM person_keys WHERE person_id = :id", id=person_id)
    found += execute("SELECT chat_index FROM persons WHERE id = :id", id=person_id)
    for table in ("inbox", "outbox", "turns", "tracker_events", "buttons", "records", "flags", "persons"):
        owner = "id" if table == "persons" else "person_id"
        columns = [row[1] for row in execute(f"PRAGMA table_info({table})") if row[1].endswith("_sealed")]
        for column in columns:
            found += execute(
                f"SELECT {column} FROM {table} WHERE {owner} = :id AND {column} IS NOT NULL",  # noqa: S608
                id=person_id,
            )
    return [value for (value,) in found]


def pieces(blob):
    """Cut into runs of 24 bytes: what lingers of a long blob may be a part of it."""
    return [blob[start : start + 24] for start in range(0, len(blob) - 23, 24)]


def erase(database, person_id):
    with database.write() as session:
        erase_person(session, person_id)
    truncate_journal(database)


@pytest.mark.only("sqlite")
def test_what_he_said_is_never_on_disk_in_clear(database, second_process, lived, on_disk):
    lived()
    assert b"canary" not in on_disk()
    truncate_journal(database)
    assert b"canary" not in on_disk()
    assert b"nothing left" not in on_disk()


@pytest.mark.only("sqlite")
def test_erasing_leaves_no_byte_of_his_on_disk(database, second_process, lived, execute, on_disk, tmp_path):
    person_id = lived()
    assert (tmp_path / "house" / "ballast.db-wal").stat().st_size > 0
    secrets = secrets_of(execute, person_id)
    assert len(secrets) == 13
    before = on_disk()
    assert all(secret in before or len(secret) > 2000 for secret in secrets)  # long ones are cut into pages
    erase(database, person_id)
    after = on_disk()
    assert [piece for secret in secrets for piece in pieces(secret) if piece in after] == []


@pytest.mark.only("sqlite")
def test_erasing_leaves_nothing_that_was_overwritten_before(database, second_process, lived, execute, on_disk):
    person_id = lived()
    early = secrets_of(execute, person_id)
    with database.write() as session:
        session.query(InboxMessage).one().body = {"text": "shorter now"}
        session.get(Person, person_id).settings = {"region": "uk", "language": "en"}
    erase(database, person_id)
    after = on_disk()
    assert [piece for secret in early for piece in pieces(secret) if piece in after] == []


def test_erasing_empties_every_table_of_his_and_keeps_the_bare_flags(database, lived):
    person_id = lived()
    erase(database, person_id)
    with database.read() as session:
        for model in _HIS_TABLES:
            assert session.query(model).count() == 0, model
        flags = session.query(Flag).all()
        assert [(flag.level, flag.reasons, flag.resolution) for flag in flags] == [
            ("orange", None, None),
            ("yellow", None, None),
        ]
        row = session.get(Person, person_id)
        assert (row.chat, row.settings) == (None, None)


def test_erasing_covers_every_table_with_a_person(database):
    his = {mapper.class_ for mapper in Person.registry.mappers if "person_id" in mapper.columns}
    assert {*_HIS_TABLES, *_EMPTIED, Flag} == his


def test_an_erased_man_is_not_found_by_his_chat_and_cannot_be_sealed_to(database, person, keyring):
    person_id = person(chat="4711")
    index = keyring.chat_index("telegram", "4711")
    with database.read() as session:
        assert session.execute(select(Person.id).filter_by(chat_index=index)).scalar() == person_id
    erase(database, person_id)
    with database.read() as session:
        assert session.execute(select(Person.id).filter_by(chat_index=index)).scalar() is None
        with pytest.raises(KeyMissingError):
            session.get(Person, person_id).chat = "4711"


def test_erasing_one_man_leaves_the_others_and_the_audit_whole(database, lived):
    erased, other = lived(), lived()
    erase(database, erased)
    with database.read() as session:
        assert session.query(InboxMessage).one().body.reveal()["text"] == LONG
        assert session.get(Person, other).chat.reveal().startswith(CANARY)
        assert session.query(Record).one().person_id == other
        assert verify_audit(session) == session.query(AuditEntry).count() == 4


def test_an_erasure_that_fails_midway_erases_nothing(database, lived):
    person_id = lived()

    def erase_and_fail():
        with database.write() as session:
            erase_person(session, person_id)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        erase_and_fail()
    with database.read() as session:
        assert session.query(InboxMessage).one().body.reveal()["text"] == LONG
        assert session.get(Person, person_id).chat.reveal().startswith(CANARY)


@pytest.fixture
def inbox(database):
    def read():
        with database.read() as session:
            return {row.id for row in session.query(InboxMessage) if row.body is not None}

    return read


@pytest.fixture
def outbox(database):
    def read():
        with database.read() as session:
            return {row.id for row in session.query(OutboxMessage) if row.body is not None}

    return read


@pytest.fixture
def sweep(database, clock):
    def run(*person_ids):
        with database.write() as session:
            let_go(session, list(person_ids), before=clock() - timedelta(minutes=10))

    return run


def test_only_old_messages_are_let_go(person, he_writes, clock, sweep, inbox, execute):
    person_id = person()
    he_writes(person_id, "old")
    clock.forward(minutes=10, seconds=1)
    fresh = he_writes(person_id, "fresh")
    sweep(person_id)
    assert inbox() == {fresh}
    assert execute("SELECT count(*) FROM inbox WHERE screening_sealed IS NOT NULL") == [(1,)]
    assert execute("SELECT count(*) FROM inbox") == [(2,)]  # the update ids stay, so that none is taken twice


@pytest.mark.parametrize("state", ["done", "failed", "unreadable"])
def test_a_message_that_waits_for_its_answer_is_kept_and_one_that_had_it_is_not(
    person, he_writes, clock, sweep, inbox, state
):
    person_id = person()
    waiting = he_writes(person_id, state="pending")
    he_writes(person_id, state=state)
    clock.forward(hours=1)
    sweep(person_id)
    assert inbox() == {waiting}


def test_a_message_that_a_flag_points_to_is_kept(database, person, he_writes, clock, sweep, inbox):
    person_id = person()
    flagged, closed, _ = (he_writes(person_id) for _ in range(3))
    with database.write() as session:
        for message, kind in ((flagged, "screening"), (closed, "violence"), (None, "person")):
            reasons = {"reasons": ["says so"], "at": clock(), "message_id": message}
            open_flag(session, person_id=person_id, level="red", kind=kind, **reasons)
        session.query(Flag).filter_by(kind="violence").one().state = "resolved"
    clock.forward(hours=1)
    sweep(person_id)
    assert inbox() == {flagged, closed}


def test_other_men_keep_what_they_said(person, he_writes, we_write, clock, sweep, inbox, outbox):
    sweeping, staying = person(), person()
    he_writes(sweeping), we_write(sweeping)
    kept = he_writes(staying), we_write(staying)
    clock.forward(hours=1)
    sweep(sweeping)
    assert (inbox(), outbox()) == ({kept[0]}, {kept[1]})


@pytest.mark.parametrize("state", ["sent", "uncertain", "undeliverable"])
def test_answers_that_are_done_with_are_let_go(person, we_write, clock, sweep, outbox, state):
    person_id = person()
    we_write(person_id, state=state)
    clock.forward(hours=1)
    fresh = we_write(person_id, state=state)
    sweep(person_id)
    assert outbox() == {fresh}


@pytest.mark.parametrize(("state", "lane"), [("pending", "turn"), ("sending", "turn"), ("sent", "crisis")])
def test_answers_on_their_way_and_safety_replies_are_kept(person, we_write, clock, sweep, outbox, state, lane):
    person_id = person()
    kept = we_write(person_id, state=state, lane=lane)
    we_write(person_id)
    clock.forward(hours=1)
    sweep(person_id)
    assert outbox() == {kept}


def test_used_buttons_are_let_go_and_offered_ones_kept(database, person, clock, sweep):
    person_id = person()
    with database.write() as session:
        for row_id, used_at in (("used", clock()), ("offered", None)):
            row = ButtonToken(id=row_id, person_id=person_id, outbox_id="x", used_at=used_at)
            session.add(row)
            row.choice = {"label": "No", "payload": "/no"}
    clock.forward(hours=1)
    sweep(person_id)
    with database.read() as session:
        assert [row.id for row in session.query(ButtonToken)] == ["offered"]


def test_what_the_dialogue_read_and_remembered_is_let_go_too(database, person, clock, sweep):
    person_id = person()
    for age in ("old", "fresh"):
        with database.write() as session:
            turn = Turn(id=f"turn {age}", person_id=person_id, at=clock(), model="m")
            event = TrackerEvent(id=f"event {age}", person_id=person_id, session=1, at=clock())
            session.add_all([turn, event])
            turn.reading, event.event = {"intent": "hiding_it"}, {"event": "user"}
        clock.forward(hours=1)
    clock.forward(minutes=-59)
    sweep(person_id)
    with database.read() as session:
        assert {row.id: row.reading is None for row in session.query(Turn)} == {
            "turn old": True,
            "turn fresh": False,
        }
        assert [row.id for row in session.query(TrackerEvent)] == ["event fresh"]


def test_one_mans_damaged_flag_keeps_his_messages_and_stops_nobody_elses_sweep(
    database, person, he_writes, clock, sweep, inbox, execute
):
    damaged, other = person(), person()
    flagged, _ = he_writes(damaged), he_writes(other)
    with database.write() as session:
        reasons = {"reasons": ["says so"], "at": clock(), "message_id": flagged}
        open_flag(session, person_id=damaged, level="red", kind="screening", **reasons)
    execute("UPDATE flags SET reasons_sealed = zeroblob(300)")
    clock.forward(hours=1)
    sweep(damaged, other)
    assert inbox() == {flagged}


@pytest.mark.only("sqlite")
def test_what_was_let_go_lingers_nowhere(database, second_process, person, he_writes, clock, sweep, execute, on_disk):
    person_id = person()
    he_writes(person_id, LONG)
    secrets = [value for row in execute("SELECT body_sealed, screening_sealed FROM inbox") for value in row]
    clock.forward(hours=1)
    sweep(person_id)
    truncate_journal(database)
    after = on_disk()
    assert [piece for secret in secrets for piece in pieces(secret) if piece in after] == []


@pytest.mark.only("postgres")
def test_keys_that_an_older_reader_still_holds_are_not_said_to_be_gone(database, lived):
    person_id = lived()
    with database.engine.connect().execution_options(isolation_level="REPEATABLE READ") as reader, reader.begin():
        reader.exec_driver_sql("SELECT count(*) FROM audit").scalar()
        with database.write() as session:
            erase_person(session, person_id)
        assert not truncate_journal(database)
    deadline = time.monotonic() + 60  # the server's own housekeeping may look for a moment, too
    while not truncate_journal(database):
        assert time.monotonic() < deadline
