"""The flows on a real database of their own."""

from __future__ import annotations

import pytest

from actions import message
from bot.consent import STORAGE, record_answer
from tests.actions.played import Played


@pytest.fixture
def man(database, database_url, keyring, tmp_path, person, clock, monkeypatch):
    """A man who let his talk be kept; ``man(keeps=False)`` gives one who did not."""
    monkeypatch.setenv("BALLAST_HOME", str(tmp_path))
    monkeypatch.setenv("KEY_FILE", str(tmp_path / "ballast.keys"))
    monkeypatch.setenv("DATABASE_URL", database_url)
    for cached in (message.settings, message.database):
        cached.cache_clear()

    def make(*, keeps: bool = True, **metadata: str) -> Played:
        person_id = person()
        with database.write() as session:
            record_answer(session, person_id=person_id, kind=STORAGE, given=keeps, at=clock())
        return Played(person_id, **metadata)

    yield make
    message.database().close()
    for cached in (message.settings, message.database):
        cached.cache_clear()
