import pytest

from bot.escalation import audit, open_flag
from bot.escalation.flags import close_for_erasure
from bot.storage.models import Base, Flag, InboxMessage
from bot.upkeep.verify import look, write_anchor
from tests.conftest import guard_lifted


@pytest.fixture
def anchor(database, tmp_path):
    path = tmp_path / "anchor"

    def write():
        write_anchor(database, path)
        return path

    return write


def snapshot(database):
    with database.engine.connect() as connection:
        return {
            table: [dict(row) for row in connection.execute(table.select()).mappings()]
            for table in Base.metadata.sorted_tables
        }


def put_back(database, state):
    with database.engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())
        for table, rows in state.items():
            if rows:
                connection.execute(table.insert(), rows)


def test_what_was_left_alone_is_sound(database, lived, clock):
    for flag in (None, "red", "yellow"):
        person_id = lived(flag)
    with database.write() as session:
        close_for_erasure(session, person_id, at=clock())
    verdict = look(database)
    assert verdict.is_sound, verdict.sentences()
    assert verdict.sentences()[-1] == "All is as it was written."


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE flags SET state = 'resolved'",
        "UPDATE flags SET state = 'resolved', closed_at = '2026-11-22 10:00:00.000000'",
        "UPDATE flags SET level = 'yellow'",
        "DELETE FROM flags",
        "DELETE FROM audit WHERE seq = (SELECT min(seq) FROM audit)",
        "UPDATE audit SET actor = 'rosa' WHERE seq = (SELECT max(seq) FROM audit)",
        "DELETE FROM inbox",
        "DELETE FROM audit",
    ],
)
def test_what_somebody_with_write_access_does_is_found(database, lived, execute, attack):
    lived("red"), lived("red")
    assert look(database).is_sound
    with guard_lifted(database):
        assert execute(attack)
    verdict = look(database)
    assert verdict.guarded
    assert not verdict.is_sound
    assert len(verdict.sentences()) >= 3


def test_newest_audit_entries_may_be_cut_off_unseen_but_not_with_an_anchor(database, lived, execute, clock, anchor):
    lived("red")
    with database.write() as session:
        audit(session, actor="rosa", action="flag.view", subject="x", at=clock())
    path = anchor()
    assert look(database, path).is_sound
    with guard_lifted(database):
        execute("DELETE FROM audit WHERE action IN ('flag.view', 'verify.anchor')")
    assert look(database).is_sound  # this is what docs/privacy_and_keys.md owns up to
    verdict = look(database, path)
    assert verdict.anchor is False
    assert not verdict.is_sound


def test_an_earlier_state_of_everything_is_caught_by_the_anchor_however_much_is_added(database, lived, anchor, clock):
    lived("red")
    earlier = snapshot(database)
    lived("red")
    path = anchor()
    with guard_lifted(database):
        put_back(database, earlier)
    assert look(database).is_sound  # whole in itself
    assert not look(database, path).is_sound
    reset_sequences(database)
    for _ in range(5):
        lived("yellow")
    assert look(database).is_sound
    assert not look(database, path).is_sound


def test_triggers_that_somebody_took_away_are_missed(database, lived):
    lived("red")
    with guard_lifted(database):
        verdict = look(database)
    assert not verdict.is_sound
    assert "triggers" in " ".join(verdict.sentences())
    assert look(database).is_sound


def reset_sequences(database):
    """Number on after rows that were put in with their numbers, as who puts them back would see to."""
    if database.engine.dialect.name == "sqlite":
        return
    with database.engine.begin() as connection:
        for table in Base.metadata.sorted_tables:
            if "seq" in table.c:
                number = f"(SELECT coalesce(max(seq), 0) + 1 FROM {table.name})"  # noqa: S608 - our own names
                call = f"SELECT setval(pg_get_serial_sequence('{table.name}', 'seq'), {number}, false)"
                connection.exec_driver_sql(call)


def test_a_database_goes_on_from_its_anchor(database, lived, anchor):
    lived("red")
    path = anchor()
    lived("red")
    assert look(database, path).is_sound


def test_the_sentences_hold_no_content(database, lived, execute):
    lived("red")
    execute("UPDATE inbox SET body_sealed = zeroblob(100)")
    said = " ".join(look(database).sentences())
    assert "does not open" in said
    assert "canary" not in said


def test_a_broken_value_does_not_stop_the_look(database, lived, execute, clock):
    broken, other = lived(), lived()
    execute("UPDATE inbox SET body_sealed = zeroblob(100) WHERE person_id = :who", who=broken)
    with database.write() as session:
        open_flag(session, person_id=other, level="red", kind="screening", reasons=["x"], at=clock())
    verdict = look(database)
    assert [table for table, _ in verdict.rows.unopenable] == ["inbox"]
    assert verdict.rows.miscounted == sorted([broken, "all"])
    with database.read() as session:
        assert (session.query(InboxMessage).count(), session.query(Flag).count()) == (2, 1)
