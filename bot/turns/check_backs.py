"""Give what is due its turn: a follow-up becomes an inbox message, which then goes the way of every other.

A check-back is the dialogue's to say, a check-in or reminder the desk's (``gate:`` in front), with or without Rasa.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from bot import measures
from bot.crisis import Level
from bot.escalation import follow_ups
from bot.storage.columns import new_id
from bot.storage.models import InboxMessage
from bot.turns import reminders
from bot.turns.his_time import awake_at
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
    check_backs = follow_ups.ask_due(session, door, at=at, awake_at=awake_at)  # first: they have priority
    for row in check_backs:
        _put_into_inbox(session, row.id, row.person_id, door, f'/check_back{{"kind": "{row.kind}"}}', at)
    reminded = reminders.ask_due(session, door, at=at)
    for row, name in reminded:
        _put_into_inbox(session, row.id, row.person_id, door, f"gate:{name}", at)
    count = len(check_backs) + len(reminded)
    measures.received.add(str(Kind.FOLLOW_UP), count)
    return count


def speak_next(session: Any, person_id: str, door: str, payload: str, at: datetime) -> None:
    """Have us say something behind all that he has written so far and that still waits."""
    _put_into_inbox(session, new_id(), person_id, door, payload, at)


def _put_into_inbox(session: Any, row_id: str, person_id: str, door: str, payload: str, at: datetime) -> None:
    row = InboxMessage(id=row_id, door=door, update_id=update_id_of(row_id))
    row.person_id, row.kind, row.state = person_id, str(Kind.FOLLOW_UP), "pending"
    row.attempts, row.received_at = 0, at
    session.add(row)
    row.body = {"text": None, "button": None, "cut": False, "payload": payload}
    row.screening = {"level": str(Level.NONE), "kind": "self", "reasons": []}
    session.flush()


def update_id_of(follow_up_id: str) -> int:
    """Return the number under which a follow-up stands in the inbox: always the same, negative, unlike a door's."""
    return -1 - int(follow_up_id[:_UPDATE_DIGITS], 16)
