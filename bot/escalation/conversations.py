"""Talks: while one is open, what a man writes goes to staff and not to the dialogue.

The words stand in inbox and outbox as always; a row here says from when to when, and what staff have read of it. One
talk a man at a time, whichever of his flags it began on.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from bot.escalation.flags import OPEN_STATES, YELLOW, open_flag
from bot.escalation.journal import audit
from bot.storage.clinic_models import Conversation
from bot.storage.columns import new_id
from bot.storage.models import Flag, InboxMessage, Person

# Long enough for a reader who is also on the phone; short enough that nobody waits half a night for an answer.
QUIET_AFTER = timedelta(minutes=30)
_WITH_WORDS = ("text", "edit", "media")
_UNANSWERED = "wrote to staff and nobody from the clinic answered him"


def open_talk(session: Any, person_id: str) -> Conversation | None:
    """Return his open talk with staff, or None."""
    query = select(Conversation).filter_by(person_id=person_id).where(Conversation.closed_at.is_(None))
    found: Conversation | None = session.execute(query.limit(1)).scalar()
    return found


def last_talk(session: Any, person_id: str) -> Conversation | None:
    """Return his open talk or else the last one, or None."""
    query = select(Conversation).filter_by(person_id=person_id)
    query = query.order_by(Conversation.closed_at.isnot(None), Conversation.opened_at.desc())
    found: Conversation | None = session.execute(query.limit(1)).scalar()
    return found


def begin_talk(session: Any, *, person_id: str, flag_id: str, staff_id: str, at: datetime) -> Conversation:
    """Open a talk; what he wrote before it is not part of it."""
    talk = Conversation(id=new_id(), person_id=person_id, flag_id=flag_id, staff_id=staff_id)
    talk.opened_at = talk.wrote_at = at
    talk.read_seq = session.execute(select(func.max(InboxMessage.seq)).filter_by(person_id=person_id)).scalar() or 0
    session.add(talk)
    audit(session, actor=staff_id, action="flag.talk_begin", subject=flag_id, at=at)
    return talk


def end_talk(session: Any, talk: Conversation, *, by: str, at: datetime) -> None:
    """Close a talk.

    Args:
        session: The transaction.
        talk: An open talk.
        by: A staff id, ``person`` or ``ballast``.
        at: Now.
    """
    talk.closed_at, talk.ended_by = at, by
    audit(session, actor=by, action="flag.talk_end", subject=talk.flag_id, at=at)


def quiet_talks(session: Any, door: str, *, at: datetime) -> list[Conversation]:
    """Return the open talks in which staff have not written for ``QUIET_AFTER``."""
    query = select(Conversation).join(Person, Person.id == Conversation.person_id)
    query = query.where(Person.door == door, Conversation.closed_at.is_(None))
    return list(session.execute(query.where(Conversation.wrote_at <= at - QUIET_AFTER)).scalars())


def unread_of(session: Any, person_ids: Iterable[str]) -> dict[str, int]:
    """Return how many of his messages staff have not read, for each of these men with an open talk."""
    unread = (InboxMessage.person_id == Conversation.person_id) & (InboxMessage.seq > Conversation.read_seq)
    query = select(Conversation.person_id, func.count(InboxMessage.seq)).outerjoin(
        InboxMessage, unread & InboxMessage.kind.in_(_WITH_WORDS)
    )
    query = query.where(Conversation.closed_at.is_(None), Conversation.person_id.in_(list(person_ids)))
    return dict(tuple(row) for row in session.execute(query.group_by(Conversation.person_id)))


def note_read(talk: Conversation, seq: int) -> None:
    """Note that staff have read his messages up to this one."""
    talk.read_seq = max(talk.read_seq, seq)


def note_unanswered(session: Any, talk: Conversation, *, at: datetime) -> None:
    """Tell staff that he waited in vain: on a flag of his that is open, or on a new one."""
    query = select(Flag).filter_by(person_id=talk.person_id).where(Flag.state.in_(OPEN_STATES))
    flag = session.execute(query.order_by(Flag.opened_at.desc()).limit(1)).scalar()
    kind, level = (flag.kind, flag.level) if flag is not None else ("person", YELLOW)
    open_flag(session, person_id=talk.person_id, level=level, kind=kind, reasons=[_UNANSWERED], at=at)
