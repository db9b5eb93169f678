"""PostgreSQL's roles of ``deploy/postgres.sql``: each can do its work and nothing else."""

import subprocess

import pytest
import sqlalchemy
from sqlalchemy.exc import ProgrammingError

from bot.config import PROJECT
from bot.escalation import audit, open_flag, verify_audit
from bot.storage import Database
from bot.storage.models import Base, Flag, InboxMessage, OutboxMessage, Person, StaffAccount
from bot.storage.retention import erase_person, truncate_journal
from bot.turns import outbox
from bot.turns.messages import Reply
from bot.turns.people import find_or_begin

ONLY = "postgres"
INSUFFICIENT_PRIVILEGE = "42501"
OWNER, APP, STAFF, BACKUP = "ballast_owner", "ballast_app", "ballast_staff", "ballast_backup"


@pytest.fixture
def roles(database, postgres_server):
    """Run the file twice, as an update does, and return a function that opens the database in a role."""
    name = database.engine.url.database
    command = ["psql", "-v", "ON_ERROR_STOP=1", "-q", "-f", str(PROJECT / "deploy" / "postgres.sql")]
    place = ["-h", str(postgres_server.folder), "-U", "ballast", "-d", name]
    for _ in range(2):
        subprocess.run([*command, *place], check=True, capture_output=True)  # noqa: S603 - ours
    opened = []

    def url(role):
        return postgres_server.url(name, user=role)

    def open_as(role):
        found = Database(url(role), database.vault.keyring)
        found.prepare()
        opened.append(found)
        return found

    yield open_as
    for found in opened:
        found.close()


def may(database, statement):
    with database.engine.connect() as connection:
        try:
            connection.execute(sqlalchemy.text(statement))
        except ProgrammingError as error:
            if error.orig.pgcode != INSUFFICIENT_PRIVILEGE:
                raise
            return False
        finally:
            connection.rollback()
    return True


REFUSED = [
    (APP, "UPDATE audit SET actor = 'x'"),
    (APP, "DELETE FROM audit"),
    (APP, "SELECT 1 FROM staff"),
    (APP, "SELECT 1 FROM staff_sessions"),
    (APP, "SELECT 1 FROM staff_recovery"),
    (APP, "SELECT 1 FROM staff_links"),
    (APP, "UPDATE alembic_version SET version_num = '0001'"),
    (APP, "CREATE TABLE mine (id int)"),
    (APP, "DROP TABLE inbox"),
    (STAFF, "UPDATE audit SET actor = 'x'"),
    (STAFF, "DELETE FROM audit"),
    (STAFF, "UPDATE inbox SET state = 'done'"),
    (STAFF, "DELETE FROM inbox"),
    (STAFF, "DELETE FROM flags"),
    (STAFF, "UPDATE consents SET given = true"),
    (STAFF, "DELETE FROM person_keys"),
    (STAFF, "CREATE TABLE mine (id int)"),
    (BACKUP, "INSERT INTO audit SELECT * FROM audit"),
    (BACKUP, "DELETE FROM inbox"),
    (BACKUP, "UPDATE person_keys SET kek_id = 'x'"),
]


@pytest.mark.parametrize(("role", "statement"), REFUSED)
def test_a_role_is_refused_what_is_not_its_work(roles, role, statement):
    assert not may(roles(role), statement)
    assert may(roles(role), "SELECT 1 FROM inbox")


def test_backup_reads_every_table(roles):
    database = roles(BACKUP)
    for table in Base.metadata.tables:
        assert may(database, f"SELECT 1 FROM {table}"), table  # noqa: S608 - our own names


def test_owner_may_change_every_table(roles):
    database = roles(OWNER)
    for table in Base.metadata.tables:
        assert may(database, f"ALTER TABLE {table} ADD COLUMN more int"), table


def test_app_serves_a_man_from_his_first_word_to_his_erasure(roles, clock):
    database = roles(APP)
    with database.write() as session:
        person = find_or_begin(session, "telegram", "4711", region="us", language="en", at=clock())
        row = InboxMessage(
            id="one", door="telegram", update_id=1, person_id=person.id, kind="text", received_at=clock()
        )
        session.add(row)
        row.body = {"text": "nothing left"}
        row.state = "done"
        outbox.queue(session, person.id, [Reply("Rough night.")], at=clock())
        flag = {"level": "red", "kind": "screening", "reasons": ["says so"]}
        open_flag(session, person_id=person.id, at=clock(), message_id="one", **flag)
    with database.write() as session:
        assert session.query(OutboxMessage).one().body.reveal()["text"] == "Rough night."
        erase_person(session, person.id)
    assert truncate_journal(database)
    with database.read() as session:
        assert session.query(InboxMessage).count() == 0
        assert session.get(Person, person.id).chat is None
        assert verify_audit(session) == 1


def test_staff_reads_a_flag_and_closes_it_in_the_audit(roles, clock, person):
    person_id = person()
    with roles(APP).write() as session:
        reasons = {"reasons": ["says so"], "at": clock()}
        open_flag(session, person_id=person_id, level="red", kind="screening", **reasons)
    with roles(STAFF).write() as session:
        account = StaffAccount(id="rosa", name="rosa", role="lead", password_hash="x", created_at=clock())
        session.add(account)
        flag = session.query(Flag).one()
        assert flag.reasons.reveal()[0]["reasons"] == ["says so"]
        flag.state = "resolved"
        flag.resolution = {"outcome": "reached_him", "note": "spoke to him", "by": "rosa"}
        audit(session, actor="rosa", action="flag.resolve", subject=flag.id, at=clock())
        assert verify_audit(session) == 2


def test_a_role_that_may_not_rewrite_the_keys_says_so(roles, database):
    assert truncate_journal(database)
    assert not truncate_journal(roles(STAFF))
