"""The talk between staff and a man as its page shows it. Called inside the transaction that writes the audit row."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from bot.escalation import audit, conversations
from bot.staff.words import Message, message_of, place_of
from bot.storage.clinic_models import Conversation
from bot.storage.models import Flag, InboxMessage, OutboxMessage

MESSAGES_SHOWN = 100


@dataclass(frozen=True)
class Talk:
    """A talk, the open one or else the last.

    Attributes:
        is_open: Whether what he writes comes here now.
        messages: Both sides, oldest first; None where it is not opened for this reader.
        unread: How many of his messages staff have not read.
        until: When it ends by itself if staff write nothing more.
        mark: Changes when something is added or delivered; from open columns alone.
    """

    is_open: bool
    messages: list[Message] | None
    unread: int
    until: datetime
    mark: str


def talk_of(session: Any, flag: Flag, staff_id: str, *, is_open: bool, at: datetime) -> Talk | None:
    """Return his talk with staff for the page of one of his flags, or None where there was none.

    Args:
        session: A writing transaction.
        flag: On whose page.
        staff_id: Who reads.
        is_open: Whether the words are shown to him; new ones count as read then, and that is written down.
        at: Now.
    """
    row = conversations.last_talk(session, flag.person_id)
    if row is None:
        return None
    unread = conversations.unread_of(session, [flag.person_id]).get(flag.person_id, 0)
    rows = _rows(session, row)
    if is_open and unread:
        conversations.note_read(row, max((one.seq for one in rows if isinstance(one, InboxMessage)), default=0))
        audit(session, actor=staff_id, action="flag.talk", subject=flag.id, at=at)
    messages = [message_of(one, is_named=False) for one in rows] if is_open else None
    until = row.wrote_at + conversations.QUIET_AFTER
    return Talk(row.closed_at is None, messages, unread, until, _mark(row, rows))


def mark_of(session: Any, person_id: str) -> str:
    """Return the mark of his talk without opening anything; empty where there was none."""
    row = conversations.last_talk(session, person_id)
    return "" if row is None else _mark(row, _rows(session, row))


def _rows(session: Any, talk: Conversation) -> list[Any]:
    found: list[Any] = []
    for model, at in ((InboxMessage, InboxMessage.received_at), (OutboxMessage, OutboxMessage.created_at)):
        query = select(model).where(model.person_id == talk.person_id, at >= talk.opened_at)
        query = query.where(at <= talk.closed_at) if talk.closed_at else query
        query = query.where(InboxMessage.kind != "follow_up") if model is InboxMessage else query
        found += session.execute(query.order_by(model.seq.desc()).limit(MESSAGES_SHOWN)).scalars().all()
    return sorted(found, key=place_of)[-MESSAGES_SHOWN:]


def _mark(talk: Conversation, rows: list[Any]) -> str:
    states = [(row.id, row.state if isinstance(row, OutboxMessage) else "") for row in rows]
    return hashlib.blake2b(repr((talk.id, talk.closed_at, states)).encode(), digest_size=8).hexdigest()
