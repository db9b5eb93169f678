"""The soft limit: who writes very many messages in a minute gets all his answers, but not all at once.

Every message is screened and stored as ever. Those above the limit wait for their turn, in their order, as if he had
written them at the pace of the limit. Nothing waits while his safety is the matter.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from bot import measures
from bot.escalation import follow_ups
from bot.storage.models import InboxMessage
from bot.turns.messages import WITH_WORDS

WITHIN = timedelta(minutes=1)


def keep_pace(session: Any, row: InboxMessage, *, most: int, is_urgent: bool) -> bool:
    """Put off a message that is one too many, in the transaction that receives it.

    Args:
        session: The transaction.
        row: The message, already stored.
        most: How many a minute are answered at once; 0 for any number.
        is_urgent: Whether it needs a person.

    Returns:
        Whether he is to be told that his answers take a little longer: at the first that is put off.
    """
    if is_urgent or follow_ups.is_question_open(session, row.person_id):
        _hurry(session, row.person_id)
        return False
    if not most or row.kind not in WITH_WORDS:
        return False
    answered_at = _turn_of(session, row, back=most)
    if answered_at is None or answered_at + WITHIN <= row.received_at:
        return False
    row.retry_at = answered_at + WITHIN
    measures.slowed.add()
    before = _turn_of(session, row, back=1)
    return before is None or before <= row.received_at


def _turn_of(session: Any, row: InboxMessage, *, back: int) -> datetime | None:
    """Return when it was, or will be, the turn of the message so many before this one."""
    columns = InboxMessage.received_at, InboxMessage.retry_at, InboxMessage.attempts
    query = select(*columns).where(InboxMessage.person_id == row.person_id, InboxMessage.seq < row.seq)
    query = query.where(InboxMessage.kind.in_(WITH_WORDS), InboxMessage.received_at > row.received_at - WITHIN)
    found = session.execute(query.order_by(InboxMessage.seq.desc()).offset(back - 1).limit(1)).one_or_none()
    if found is None:
        return None
    received_at, retry_at, attempts = found
    turn: datetime = received_at if attempts or retry_at is None else retry_at  # a retry is Rasa's fault, not his
    return turn


def _hurry(session: Any, person_id: str) -> None:
    """Give everything that was put off its turn now."""
    waiting = update(InboxMessage).where(InboxMessage.person_id == person_id, InboxMessage.state == "pending")
    waiting = waiting.where(InboxMessage.attempts == 0, InboxMessage.retry_at.isnot(None))
    session.execute(waiting.values(retry_at=None).execution_options(synchronize_session="fetch"))
