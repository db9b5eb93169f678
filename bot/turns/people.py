"""Find a man by his chat, or begin with him; what he set, and how he is to be spoken to now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from bot.config import PLAIN
from bot.storage.columns import new_id
from bot.storage.models import Flag, Person


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


def settings_of(person: Person) -> dict[str, Any]:
    """Return his region and language, and what else he has chosen: tone, zone, quiet hours, check-ins, a pause."""
    found: dict[str, Any] = person.settings.reveal()
    return found


def change_setting(person: Person, name: str, value: Any) -> None:
    """Set one of his settings; None takes it away."""
    kept = settings_of(person)
    kept.pop(name, None)
    person.settings = kept if value is None else kept | {name: value}


def manner_of(session: Any, person: Person) -> dict[str, str]:
    """Return what the dialogue must know to speak to him: region, language and tone.

    While a flag of his is open the tone is plain, whatever he chose: no dry humour then.
    """
    his = settings_of(person)
    open_flag = select(Flag.id).filter_by(person_id=person.id).where(Flag.closed_at.is_(None)).limit(1)
    is_flagged = session.execute(open_flag).scalar() is not None
    tone = PLAIN if is_flagged else his.get("tone", PLAIN)
    return {"region": his["region"], "language": his["language"], "tone": tone}
