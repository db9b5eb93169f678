"""What most rooms' tests stand on: a key ring, a real SQLite file, a clock that the test sets, and men."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy

from bot.crypto import KeyRing
from bot.storage import Database
from bot.storage.columns import new_id
from bot.storage.models import Person
from tests import postgres

ON_BOTH = ("storage", "escalation", "records", "consent", "upkeep", "research")
START = datetime(2026, 11, 22, 9, 0, tzinfo=timezone.utc)

# The same examples on every machine; a slow machine is no failure.
hypothesis.settings.register_profile("ballast", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("ballast")


class HandClock:
    """Stands still until it is moved."""

    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now

    def forward(self, **span):
        self.now += timedelta(**span)


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def keyring(tmp_path):
    return KeyRing.create(tmp_path / "ballast.keys")


@pytest.fixture(scope="session")
def prepared_once(tmp_path_factory):
    """A database file without rows; each test works on its own copy."""
    folder = tmp_path_factory.mktemp("prepared")
    database = Database(f"sqlite:///{folder / 'ballast.db'}", KeyRing.create(folder / "ballast.keys"))
    database.prepare()
    database.close()
    return folder / "ballast.db"


@pytest.fixture(scope="session")
def postgres_server():
    """PostgreSQL for the whole session, with a template database that has all tables and no rows."""
    with postgres.running() as server:
        server.execute("CREATE DATABASE prepared TEMPLATE template0")
        with tempfile.TemporaryDirectory() as folder:
            database = Database(server.url("prepared"), KeyRing.create(Path(folder) / "ballast.keys"))
            database.prepare()
            database.close()
        zeros = "SELECT decode(repeat('00', $1), 'hex')"  # SQLite's name for it, so that tests can say the same on both
        server.execute(f"CREATE FUNCTION zeroblob(int) RETURNS bytea LANGUAGE sql AS $${zeros}$$", name="prepared")
        yield server


@pytest.fixture
def sqlite_url(tmp_path, prepared_once):
    """Alone in its folder ``house``, so that a test can search every file that SQLite leaves there."""
    folder = tmp_path / "house"
    folder.mkdir(mode=0o700)
    shutil.copy(prepared_once, folder)
    return f"sqlite:///{folder / 'ballast.db'}"


@pytest.fixture
def postgres_url(postgres_server):
    name = postgres_server.make(template="prepared")
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture
def database_url(request):
    """SQLite, unless a folder's tests run on both (``on_both`` in its conftest) or a test names its database."""
    kind = getattr(request, "param", "sqlite")
    return request.getfixturevalue(f"{kind}_url")


@pytest.fixture
def database(database_url, keyring):
    database = Database(database_url, keyring)
    database.prepare()
    yield database
    database.close()


@pytest.fixture
def execute(database):
    """Change the database as somebody with the file would: past the models."""

    def run(statement, **values):
        with database.engine.begin() as connection:
            result = connection.execute(sqlalchemy.text(statement), values)
            return result.fetchall() if result.returns_rows else result.rowcount

    return run


@contextmanager
def guard_lifted(database):
    """Take the audit's triggers away and put them back, as only who owns the tables can."""
    if database.engine.dialect.name == "postgresql":
        lift, restore = ["ALTER TABLE audit DISABLE TRIGGER USER"], ["ALTER TABLE audit ENABLE TRIGGER USER"]
    else:
        with database.engine.connect() as connection:
            query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
            found = connection.exec_driver_sql(query).all()
        lift, restore = [f"DROP TRIGGER {name}" for name, _ in found], [sql for _, sql in found]
    for statements in (lift, restore):
        with database.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        if statements is lift:
            yield


@pytest.fixture
def unguarded(database):
    """The database without the audit's triggers while the test lasts."""
    with guard_lifted(database):
        yield


def pytest_generate_tests(metafunc):
    """Run the tests of the rooms that stand on the database on SQLite and on PostgreSQL alike.

    A file that says ``ONLY = "sqlite"`` (or the test by a mark of that name) is about one of them.
    """
    if "database_url" not in metafunc.fixturenames or metafunc.definition.path.parent.name not in ON_BOTH:
        return
    only = getattr(metafunc.module, "ONLY", None) or next(
        (mark.args[0] for mark in metafunc.definition.iter_markers("only")), None
    )
    metafunc.parametrize("database_url", [only] if only else ["sqlite", "postgres"], indirect=True)


@pytest.fixture
def person(database, clock):
    """Make a man with his own key and return his id; each call makes another."""

    def make(chat=None, door="telegram", **settings):
        person_id = new_id()
        chat = chat or f"chat of {person_id}"
        with database.write() as session:
            index = database.vault.keyring.chat_index(door, chat)
            row = Person(id=person_id, door=door, chat_index=index, created_at=clock())
            session.add(row)
            session.flush()
            database.vault.make_key(session, person_id)
            row.chat = chat
            row.settings = {"region": "us-miami", "language": "en", **settings}
        return person_id

    return make
