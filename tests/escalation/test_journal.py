import pytest
from sqlalchemy.exc import DBAPIError

from bot.crypto import KeyRing
from bot.escalation import audit, verify_audit
from bot.storage import Database
from bot.storage.models import AuditEntry

ENTRIES = 5


@pytest.fixture
def chain(database, clock):
    """Write five entries and return a function that tells how many are intact of how many."""
    for number in range(ENTRIES):
        with database.write() as session:
            audit(session, actor="rosa", action="flag.view", subject=f"flag {number}", at=clock())
        clock.forward(minutes=1)

    def check():
        with database.read() as session:
            return verify_audit(session), session.query(AuditEntry).count()

    return check


def test_an_untouched_chain_is_intact(chain):
    assert chain() == (ENTRIES, ENTRIES)


def test_an_empty_chain_is_intact(database):
    with database.read() as session:
        assert verify_audit(session) == 0


@pytest.mark.usefixtures("unguarded")
@pytest.mark.parametrize(
    "change",
    [
        "actor = 'tom'",
        "action = 'flag.claim'",
        "subject = 'another'",
        "at = '2026-11-22 09:02:00.000001'",
        "mac = zeroblob(32)",
        "mac = (SELECT mac FROM audit WHERE seq = 2)",
    ],
)
def test_a_changed_entry_breaks_the_chain_where_it_stands(chain, execute, change):
    assert execute(f"UPDATE audit SET {change} WHERE seq = 3") == 1  # noqa: S608 - from the list above
    assert chain() == (2, ENTRIES)


@pytest.mark.usefixtures("unguarded")
@pytest.mark.parametrize(("seq", "intact"), [(1, 0), (2, 1), (3, 2), (4, 3)])
def test_a_deleted_entry_breaks_the_chain_where_it_stood(chain, execute, seq, intact):
    execute("DELETE FROM audit WHERE seq = :seq", seq=seq)
    assert chain() == (intact, ENTRIES - 1)


@pytest.mark.usefixtures("unguarded")
def test_two_entries_that_changed_places_break_the_chain(chain, execute):
    execute("UPDATE audit SET seq = 99 WHERE seq = 3")
    execute("UPDATE audit SET seq = 3 WHERE seq = 4")
    execute("UPDATE audit SET seq = 4 WHERE seq = 99")
    assert chain() == (2, ENTRIES)


@pytest.mark.usefixtures("unguarded")
def test_an_entry_put_in_between_breaks_the_chain(chain, execute):
    execute("UPDATE audit SET seq = seq + 10 WHERE seq > 3")
    execute(
        "INSERT INTO audit (seq, at, actor, action, subject, mac) SELECT 4, at, actor, action, subject, mac "
        "FROM audit WHERE seq = 3"
    )
    assert chain() == (3, ENTRIES + 1)


def test_another_audit_key_fits_nothing(chain, database, tmp_path):
    other = Database(database.url, KeyRing.create(tmp_path / "other.keys"))
    with other.read() as session:
        assert verify_audit(session) == 0
    other.close()


@pytest.mark.usefixtures("unguarded")
def test_entries_after_a_break_go_on_and_the_break_stays_visible(chain, database, clock, execute):
    execute("UPDATE audit SET actor = 'tom' WHERE seq = 3")
    with database.write() as session:
        audit(session, actor="rosa", action="flag.view", subject="later", at=clock())
    assert chain() == (2, ENTRIES + 1)


def test_an_entry_is_undone_with_its_transaction(chain, database, clock):
    def audit_and_fail():
        with database.write() as session:
            audit(session, actor="rosa", action="flag.view", subject="never", at=clock())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        audit_and_fail()
    assert chain() == (ENTRIES, ENTRIES)


def test_several_entries_of_one_transaction_are_chained_in_order(chain, database, clock):
    with database.write() as session:
        for number in range(3):
            audit(session, actor="ballast", action="flag.open", subject=str(number), at=clock())
    assert chain() == (ENTRIES + 3, ENTRIES + 3)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE audit SET actor = 'tom' WHERE seq = 3",
        "UPDATE audit SET seq = 99 WHERE seq = 3",
        "DELETE FROM audit WHERE seq = 5",
        "DELETE FROM audit",
    ],
)
def test_the_database_itself_refuses_to_change_or_delete_an_entry(chain, execute, attack):
    with pytest.raises(DBAPIError, match="append-only"):
        execute(attack)
    assert chain() == (ENTRIES, ENTRIES)


@pytest.mark.only("sqlite")
def test_an_entry_cannot_be_replaced_either(chain, execute):
    row = "SELECT seq, at, 'tom', action, subject, mac FROM audit WHERE seq = 3"
    with pytest.raises(DBAPIError, match="append-only"):
        execute(f"INSERT OR REPLACE INTO audit (seq, at, actor, action, subject, mac) {row}")
    assert chain() == (ENTRIES, ENTRIES)


@pytest.mark.only("postgres")
def test_the_table_cannot_be_emptied_at_once_either(chain, execute):
    with pytest.raises(DBAPIError, match="append-only"):
        execute("TRUNCATE audit")
    assert chain() == (ENTRIES, ENTRIES)
