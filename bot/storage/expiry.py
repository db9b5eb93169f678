"""Retention: delete what is older than the settings say. Counts come back, to be logged; never content."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update

from bot.errors import KeyMissingError, SealBrokenError
from bot.storage.clinic_models import CaseNote, Conversation, IdentityLook, IdentitySheet, SecondLook, TestCandidate
from bot.storage.coding_models import Coding
from bot.storage.models import (
    ButtonToken,
    Flag,
    InboxMessage,
    OutboxMessage,
    Person,
    PersonKey,
    Record,
    TrackerEvent,
    Turn,
)
from bot.storage.retention import _flagged_messages, _quietly
from bot.storage.review_models import Correction, ReviewTurn

_UNFINISHED = ("pending", "sending", "held")
_TIMES = (
    (InboxMessage, InboxMessage.received_at),
    (OutboxMessage, OutboxMessage.created_at),
    (Turn, Turn.at),
    (TrackerEvent, TrackerEvent.at),
    (Record, Record.at),
    (Coding, Coding.at),
    (ReviewTurn, ReviewTurn.reviewed_at),
)
# What staff wrote about a man; it goes with what his flags say.
_CASE_TIMES = (
    (CaseNote, CaseNote.at),
    (Conversation, Conversation.closed_at),
    (SecondLook, SecondLook.asked_at),
    (IdentitySheet, IdentitySheet.updated_at),
    (IdentityLook, IdentityLook.at),
    (TestCandidate, TestCandidate.marked_at),
)


@dataclass(frozen=True)
class Retention:
    """How long what is kept.

    Attributes:
        log_days: Messages, readings, the dialogue's memory, scores. What a flag points to stays as long as the flag.
        flag_days: What closed flags say, counted from their closing, and what staff wrote about him.
        silent_days: A man who has not written for so long is erased.
    """

    log_days: int
    flag_days: int
    silent_days: int


def expire(session: Any, retention: Retention, *, now: datetime) -> dict[str, int]:
    """Delete what is too old, in the caller's transaction; return how many rows of each table."""
    counts = {"flags": _empty_flags(session, now - timedelta(days=retention.flag_days))}
    before = now - timedelta(days=retention.log_days)
    for model, time in _TIMES:
        old = select(model.person_id).where(time < before).distinct()
        counts[model.__tablename__] = sum(
            _delete_old(session, model, time, person_id, before) for person_id in session.execute(old).scalars().all()
        )
    counts["case"] = sum(_delete_case(session, model, time, retention, now) for model, time in _CASE_TIMES)
    orphans = delete(ButtonToken).where(ButtonToken.outbox_id.notin_(select(OutboxMessage.id)))
    counts["buttons"] = session.execute(_quietly(orphans)).rowcount
    counts["corrections"] = _forget_corrections(session, before)
    return counts


def _empty_flags(session: Any, before: datetime) -> int:
    old = update(Flag).where(Flag.closed_at < before, Flag.reasons_sealed.isnot(None))
    emptied: int = session.execute(_quietly(old.values(reasons_sealed=None, resolution_sealed=None))).rowcount
    return emptied


def _delete_case(session: Any, model: Any, time: Any, retention: Retention, now: datetime) -> int:
    is_open = select(Flag.person_id).where(Flag.closed_at.is_(None))
    old = delete(model).where(time < now - timedelta(days=retention.flag_days), model.person_id.notin_(is_open))
    deleted: int = session.execute(_quietly(old)).rowcount
    return deleted


def _forget_corrections(session: Any, before: datetime) -> int:
    """Delete what a review found in the words of men who have no message left; till then it hides a name in others."""
    talkers = (select(model.person_id) for model in (InboxMessage, OutboxMessage))
    old = delete(Correction).where(Correction.at < before, *(Correction.person_id.notin_(talker) for talker in talkers))
    deleted: int = session.execute(_quietly(old)).rowcount
    return deleted


def _delete_old(session: Any, model: Any, time: Any, person_id: str, before: datetime) -> int:
    if _has_open_flag(session, person_id):
        return 0
    try:
        kept = _flagged_messages(session, person_id)
    except (SealBrokenError, KeyMissingError):
        return 0  # which messages his flag needs is not known: all stay
    old = delete(model).where(model.person_id == person_id, time < before)
    if model in (InboxMessage, OutboxMessage):
        old = old.where(model.state.notin_(_UNFINISHED))
    if model in (InboxMessage, Turn):
        old = old.where(model.id.notin_(kept))
    deleted: int = session.execute(_quietly(old)).rowcount
    return deleted


def _has_open_flag(session: Any, person_id: str) -> bool:
    query = select(Flag.id).where(Flag.person_id == person_id, Flag.closed_at.is_(None)).limit(1)
    return session.execute(query).scalar() is not None


def silent_persons(session: Any, retention: Retention, *, now: datetime) -> list[str]:
    """Return who has not written for so long that he is to be erased; nobody about whom a flag is open."""
    before = now - timedelta(days=retention.silent_days)
    last = func.coalesce(func.max(InboxMessage.received_at), Person.created_at)
    query = (
        select(Person.id)
        .join(PersonKey, PersonKey.person_id == Person.id)
        .outerjoin(InboxMessage, InboxMessage.person_id == Person.id)
        .where(Person.id.notin_(select(Flag.person_id).where(Flag.closed_at.is_(None))))
        .group_by(Person.id, Person.created_at)
        .having(last < before)
    )
    return list(session.execute(query).scalars())
