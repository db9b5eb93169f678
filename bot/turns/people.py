"""Find a man by his chat, or begin with him; and what he set."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from bot.storage.columns import new_id
from bot.storage.models import Person


def find_or_begin(session: Any, door: str, chat_id: str, *, region: str, language: str, at: datetime) -> Person:
    """Return the person behind a chat; a new one gets his pseudonym and key in this transaction."""
    index = session.info["vault"].keyring.chat_index(door, chat_id)
    found: Person | None = session.execute(select(Person).filter_by(chat_index=index)).scalar()
    if found is not None:
        return found
    person = Person(id=new_id(), door=door, chat_index=index, created_at=at)
    session.add(person)
    session.info["vault"].make_key(session, person.id)
    person.chat = chat_id
    person.settings = {"region": region, "language": language}
    session.flush()
    return person


def settings_of(person: Person) -> dict[str, str]:
    """Return his region and language."""
    found: dict[str, str] = person.settings.reveal()
    return found


def change_setting(person: Person, name: str, value: str) -> None:
    """Set one of his settings."""
    person.settings = settings_of(person) | {name: value}
