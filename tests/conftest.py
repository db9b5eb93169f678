"""What most rooms' tests stand on: a key ring, a real SQLite file, a clock that the test sets, and men."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta, timezone

import hypothesis
import pytest

from bot.crypto import KeyRing
from bot.storage import Database
from bot.storage.columns import new_id
from bot.storage.models import Person

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


@pytest.fixture
def database(tmp_path, keyring, prepared_once):
    """Alone in its folder ``house``, so that a test can search every file that SQLite leaves there."""
    folder = tmp_path / "house"
    folder.mkdir(mode=0o700)
    shutil.copy(prepared_once, folder)
    database = Database(f"sqlite:///{folder / 'ballast.db'}", keyring)
    database.prepare()
    yield database
    database.close()


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
