"""Note that a man can no longer be reached through his messenger, or can again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from bot.escalation.flags import note_unreachable
from bot.storage import Database
from bot.storage.models import Person
from bot.turns import outbox


def note_reach(database: Database, door: str, chat_id: str, *, is_gone: bool, at: datetime) -> None:
    """Write down that he blocked the bot, and tell staff where a flag of his is open; or that he is back.

    Whoever never wrote is not stored for that. Told twice, it has no second effect.

    Raises:
        StorageError: Nothing was committed; the update must not be acknowledged.
    """
    index = database.vault.keyring.chat_index(door, chat_id)
    with database.write() as session:
        person = session.execute(select(Person).filter_by(chat_index=index)).scalar()
        if person is None or is_gone == (person.unreachable_at is not None):
            return
        if is_gone:
            outbox.settle_undeliverable(session, person.id, at=at)
            note_unreachable(session, person.id, at=at)
        else:
            person.unreachable_at = None
