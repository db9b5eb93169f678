"""Flags: opened by screening, answers or requests; claimed and resolved by staff with compare-and-swap.

Levels order the queue and set clocks; they are not a prediction (NICE NG225 rejects risk stratification).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from bot.crisis import Level, Screening
from bot.errors import FlagConflictError, KeyMissingError, SealBrokenError
from bot.escalation.journal import audit
from bot.storage.columns import new_id
from bot.storage.models import Flag

RED, ORANGE, YELLOW = "red", "orange", "yellow"
ACKNOWLEDGE_WITHIN = {RED: timedelta(minutes=15), ORANGE: timedelta(hours=4), YELLOW: timedelta(hours=24)}
LEASE = timedelta(minutes=10)
OPEN_STATES = ("open", "claimed")
CRISIS_KINDS = ("screening", "phq9")  # flags that are about his own life
OUTCOMES = ("reached_him", "handed_to_other_service", "emergency_called", "not_reached", "false_alarm")
# Rule families of the screening that name a method, a plan, a place, preparations or a recent attempt.
GRAVE_FAMILIES = frozenset({"means_ready", "place", "under_way", "preparation", "attempt_recent", "intent_soon"})
MOST_REASONS = 50
UNREADABLE = "earlier reasons of this flag cannot be opened: the stored value was damaged"
UNREACHABLE = "he has blocked the bot or left the chat; he cannot be reached through it"
HELD_ERASURE = "he asked to have everything wiped; that waits until this flag is closed"
_ORDER = (RED, ORANGE, YELLOW)


def severity(level: str) -> int:
    """Return 0 for the level that must be seen first, then 1, 2."""
    return _ORDER.index(level)


def open_flag(
    session: Any,
    *,
    person_id: str,
    level: str,
    kind: str,
    reasons: list[str],
    at: datetime,
    message_id: str | None = None,
) -> Flag:
    """Open a flag, or add to the one of this kind that is open already and raise its level if need be.

    Args:
        session: The transaction in which the message was received.
        person_id: Whom it is about.
        level: ``red``, ``orange`` or ``yellow``.
        kind: ``screening``, ``person`` (he asked for one), ``phq9``, ``check_back``, ``violence``, ``partner_harm`` or
            ``child_harm``.
        reasons: Sentences that staff can read; sealed.
        at: When it happened.
        message_id: Inbox id of the message that caused it.

    Returns:
        The flag, new or merged.
    """
    entry = {"at": at.isoformat(), "level": level, "reasons": reasons, "message_id": message_id}
    flag = _open_flag_of(session, person_id, kind)
    if flag is None:
        flag = Flag(id=new_id(), person_id=person_id, level=level, kind=kind, state="open", version=1)
        flag.opened_at, flag.due_at = at, at + ACKNOWLEDGE_WITHIN[level]
        session.add(flag)
        flag.reasons = [entry]
        audit(session, actor="ballast", action="flag.open", subject=flag.id, at=at)
        return flag
    _add_reason(flag, entry)
    if severity(level) < severity(flag.level):
        flag.level, flag.state, flag.claimed_by, flag.claimed_until = level, "open", None, None
        flag.due_at = min(at + ACKNOWLEDGE_WITHIN[level], flag.due_at)  # a graver sign never buys time
    audit(session, actor="ballast", action="flag.repeat", subject=flag.id, at=at)
    return flag


def _add_reason(flag: Flag, entry: dict[str, Any]) -> None:
    """Add a reason; a flag whose earlier reasons cannot be opened any more still takes the new one."""
    try:
        earlier = flag.reasons.reveal()
    except (SealBrokenError, KeyMissingError):
        flag.reasons_sealed = None
        earlier = [{**entry, "reasons": [UNREADABLE], "message_id": None}]
    flag.reasons = [*earlier, entry][-MOST_REASONS:]
    flag.version += 1


def _open_flag_of(session: Any, person_id: str, kind: str) -> Flag | None:
    query = select(Flag).filter_by(person_id=person_id, kind=kind).where(Flag.state.in_(OPEN_STATES))
    found: Flag | None = session.execute(query.limit(1)).scalar()
    return found


def claim_flag(session: Any, flag_id: str, *, version: int, staff_id: str, at: datetime) -> None:
    """Take a flag for ten minutes.

    Raises:
        FlagConflictError: It changed since the page was loaded, is closed, or another's claim still holds.
    """
    free = (Flag.state == "open") | (Flag.claimed_until < at) | (Flag.claimed_by == staff_id)
    changes = {"state": "claimed", "claimed_by": staff_id, "claimed_until": at + LEASE}
    _swap(session, flag_id, version, changes, free)
    audit(session, actor=staff_id, action="flag.claim", subject=flag_id, at=at)


def resolve_flag(
    session: Any, flag_id: str, *, version: int, staff_id: str, outcome: str, note: str, at: datetime
) -> None:
    """Close a flag that this member of staff holds, with what came of it.

    Raises:
        FlagConflictError: It changed since the page was loaded, or he does not hold it.
        ValueError: The outcome is not one of ``OUTCOMES`` or the note is empty.
    """
    if outcome not in OUTCOMES or not note.strip():
        raise ValueError("A flag is closed with an outcome and a note.")
    changes = {"state": "resolved", "closed_at": at}
    _swap(session, flag_id, version, changes, (Flag.state == "claimed") & (Flag.claimed_by == staff_id))
    flag = session.get(Flag, flag_id, populate_existing=True)
    flag.resolution = {"outcome": outcome, "note": note.strip(), "by": staff_id}
    audit(session, actor=staff_id, action="flag.resolve", subject=flag_id, at=at)


def _swap(session: Any, flag_id: str, version: int, changes: dict[str, Any], condition: Any) -> None:
    query = update(Flag).where(Flag.id == flag_id, Flag.version == version, Flag.state.in_(OPEN_STATES), condition)
    query = query.values(version=version + 1, **changes).execution_options(synchronize_session=False)
    if session.execute(query).rowcount != 1:
        raise FlagConflictError("This flag has changed in the meantime, or somebody else holds it. Load it again.")


def close_for_erasure(session: Any, person_id: str, *, at: datetime) -> None:
    """Close what is open about a man who has everything wiped; he could not be found or answered any more."""
    query = select(Flag).filter_by(person_id=person_id).where(Flag.state.in_(OPEN_STATES))
    for flag in session.execute(query).scalars():
        flag.state, flag.closed_at, flag.version = "erased", at, flag.version + 1
        audit(session, actor="person", action="flag.erased", subject=flag.id, at=at)


def has_open_red(session: Any, person_id: str) -> bool:
    """Return whether somebody must look at this man before anything of his may be erased."""
    query = select(Flag.id).filter_by(person_id=person_id, level=RED).where(Flag.state.in_(OPEN_STATES))
    return session.execute(query.limit(1)).scalar() is not None


def has_open(session: Any, person_id: str, kinds: tuple[str, ...]) -> bool:
    """Return whether a flag of one of these kinds is open about him."""
    query = select(Flag.id).filter_by(person_id=person_id).where(Flag.state.in_(OPEN_STATES), Flag.kind.in_(kinds))
    return session.execute(query.limit(1)).scalar() is not None


def note_unreachable(session: Any, person_id: str, *, at: datetime) -> None:
    """Tell staff, on his open flags, that he blocked the bot and cannot be reached through it."""
    _note(session, person_id, UNREACHABLE, "flag.unreachable", at)


def note_held_erasure(session: Any, person_id: str, *, at: datetime) -> None:
    """Tell staff, on his open flags, that he wants everything wiped and that it waits for them."""
    _note(session, person_id, HELD_ERASURE, "flag.held_erasure", at)


def _note(session: Any, person_id: str, reason: str, action: str, at: datetime) -> None:
    query = select(Flag).filter_by(person_id=person_id).where(Flag.state.in_(OPEN_STATES))
    for flag in session.execute(query).scalars():
        entry = {"at": at.isoformat(), "level": flag.level, "reasons": [reason], "message_id": None}
        _add_reason(flag, entry)
        audit(session, actor="ballast", action=action, subject=flag.id, at=at)


def level_for(screening: Screening) -> str:
    """Return the flag level of a screening that needs a person.

    Red: imminent, or high with a method, a plan or a recent attempt. Orange: other high.
    """
    grave = screening.level >= Level.IMMINENT or bool(GRAVE_FAMILIES & set(screening.families))
    return RED if grave else ORANGE
