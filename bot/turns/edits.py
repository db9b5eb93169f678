"""What an edited message was before: an edit is answered only if it says something graver."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from bot.crisis import Level
from bot.errors import KeyMissingError, SealBrokenError
from bot.storage.models import InboxMessage
from bot.turns.messages import WITH_WORDS, Incoming

MOST_LOOKED_AT = 100  # of his messages, newest first; an edit of an older one counts as a new message


def has_risen(session: Any, person_id: str, incoming: Incoming, level: Level) -> bool:
    """Return whether the edit screens higher than every earlier version of the same message.

    An earlier version that cannot be opened counts as harmless: one answer too many does less harm than one too few.
    """
    query = select(InboxMessage).filter_by(person_id=person_id, door=incoming.door)
    query = query.where(InboxMessage.kind.in_(WITH_WORDS), InboxMessage.body_sealed.isnot(None))
    rows = session.execute(query.order_by(InboxMessage.seq.desc()).limit(MOST_LOOKED_AT)).scalars()
    return level.rank > max((_rank(row, incoming.message_id) for row in rows), default=0)


def _rank(row: InboxMessage, message_id: int | None) -> int:
    try:
        is_same = row.body.reveal().get("message") == message_id
        return Level(row.screening.reveal()["level"]).rank if is_same else 0
    except (SealBrokenError, KeyMissingError):
        return 0
