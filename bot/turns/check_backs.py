"""Give what is due its turn: a follow-up becomes an inbox message, which then goes the way of every other."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from bot import measures
from bot.crisis import Level
from bot.escalation import follow_ups
from bot.storage.models import FollowUp, InboxMessage
from bot.turns.messages import Kind

_UPDATE_DIGITS = 15  # 60 bits: fits the column and leaves the sign, which no door's own numbers use


def take_due(session: Any, door: str, *, at: datetime, answer_within: timedelta) -> int:
    """Put what is due into the inbox and tell staff of what was not answered, in the caller's transaction.

    The state of a follow-up and its message change together: a kill neither loses nor doubles it.

    Args:
        session: The transaction.
        door: Only men who came through this door.
        at: Now.
        answer_within: How long he has to answer before staff are told.

    Returns:
        How many messages were put into the inbox.
    """
    follow_ups.close_unanswered(session, door, at=at, within=answer_within)
    due = follow_ups.ask_due(session, door, at=at)
    for follow_up in due:
        _put_into_inbox(session, follow_up, door, at)
    measures.received.add(str(Kind.FOLLOW_UP), len(due))
    return len(due)


def _put_into_inbox(session: Any, follow_up: FollowUp, door: str, at: datetime) -> None:
    row = InboxMessage(id=follow_up.id, door=door, update_id=update_id_of(follow_up.id))
    row.person_id, row.kind, row.state = follow_up.person_id, str(Kind.FOLLOW_UP), "pending"
    row.attempts, row.received_at = 0, at
    session.add(row)
    row.body = {"text": None, "button": None, "cut": False, "payload": f'/check_back{{"kind": "{follow_up.kind}"}}'}
    row.screening = {"level": str(Level.NONE), "kind": "self", "reasons": []}
    session.flush()


def update_id_of(follow_up_id: str) -> int:
    """Return the number under which a follow-up stands in the inbox: always the same, negative, unlike a door's."""
    return -1 - int(follow_up_id[:_UPDATE_DIGITS], 16)
