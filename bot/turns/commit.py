"""Commit one turn: the dialogue's reading, its replies and the end of the inbox message, together or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from bot.consent import STORAGE, answer_of
from bot.content import say
from bot.storage.models import InboxMessage, Person, Turn
from bot.turns import outbox
from bot.turns.messages import Kind, Reply
from bot.turns.people import settings_of


def is_committed(session: Any, message_id: str) -> bool:
    """Return whether this message has had its turn."""
    return session.get(Turn, message_id) is not None


def came_through_inbox(session: Any, message_id: str) -> bool:
    """Return whether a message was received by a door, rather than typed into Rasa's own shell."""
    return session.execute(select(InboxMessage.seq).filter_by(id=message_id)).scalar() is not None


def keeps_log(session: Any, person_id: str) -> bool:
    """Return whether his talk may be kept: he agreed, or nobody has asked yet."""
    return answer_of(session, person_id, STORAGE) is not False


def commit_turn(
    session: Any,
    *,
    person_id: str,
    message_id: str,
    replies: Sequence[Reply],
    reading: dict[str, Any],
    model: str,
    at: datetime,
) -> None:
    """Write one turn down in the caller's transaction.

    An empty answer is a failure: it is replaced by words that say so, with a helpline.

    Args:
        session: The transaction in which the tracker's events are written as well.
        person_id: Whose turn.
        message_id: Inbox id of the message; a second commit under it breaks the table's key.
        replies: What the dialogue says.
        reading: Intent, confidence and codes; sealed, and left out when he does not want a log.
        model: Hash of the model that read it.
        at: Now.
    """
    row = session.execute(select(InboxMessage).filter_by(id=message_id, person_id=person_id)).scalar_one()
    if not replies:
        region = settings_of(session.get(Person, person_id))["region"]
        replies = [Reply(bubble) for bubble in say("empty_reply", region)]
    turn = Turn(id=message_id, person_id=person_id, at=at, model=model)
    session.add(turn)
    if keeps_log(session, person_id) and row.kind != Kind.FOLLOW_UP:  # nobody wrote anything that could be read
        turn.reading = reading
    row.state = "done"
    outbox.queue(session, person_id, replies, at=at, turn_id=message_id)
