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
from bot.escalation.levels import DEFAULTS, LEVELS, due_from
from bot.storage.columns import new_id
from bot.storage.models import Flag, FollowUp

RED, ORANGE, YELLOW = LEVELS
ACKNOWLEDGE_WITHIN = {level: rule.acknowledge_within for level, rule in DEFAULTS.items()}
LEASE = timedelta(minutes=10)
CONTACT_LEASE = timedelta(hours=1)  # while somebody is in touch with him
HELD_STATES = ("claimed", "contacting")  # a named person has it until its lease ends
OPEN_STATES = ("open", "reopened", *HELD_STATES)
CRISIS_KINDS = ("screening", "phq9")  # flags that are about his own life
OWN_LIFE = (*CRISIS_KINDS, "check_back", "blocked")  # the same, with those that his silence raises
OUTCOMES = ("reached_him", "handed_to_other_service", "emergency_called", "not_reached", "false_alarm", "duplicate")
# The state in which an outcome leaves the flag; whatever is not named here: resolved.
CLOSED_AS = {"handed_to_other_service": "handed_off", "false_alarm": "false_alarm", "duplicate": "duplicate"}
REOPENED_WITHIN = timedelta(days=3)  # a new red after a closing so recent goes on with the same flag
_REOPENABLE = ("resolved", "handed_off", "false_alarm")
# Rule families of the screening that name a method, a plan, a place, preparations or a recent attempt.
GRAVE_FAMILIES = frozenset({"means_ready", "place", "under_way", "preparation", "attempt_recent", "intent_soon"})
MOST_REASONS = 50
UNREADABLE = "earlier reasons of this flag cannot be opened: the stored value was damaged"
UNREACHABLE = "he has blocked the bot or left the chat; he cannot be reached through it"
BLOCKED = "he blocked the bot or left the chat while a crisis of his was open"
HELD_ERASURE = "he asked to have everything wiped; that waits until this flag is closed"


def severity(level: str) -> int:
    """Return 0 for the level that must be seen first, then 1, 2."""
    return LEVELS.index(level)


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
            ``child_harm``, ``blocked`` (he left in the middle of a crisis) or ``staff`` (raised by hand).
        reasons: Sentences that staff can read; sealed.
        at: When it happened.
        message_id: Inbox id of the message that caused it.

    Returns:
        The flag: new, merged, or one that was closed a short while ago and that a red sign opens again.
    """
    entry = {"at": at.isoformat(), "level": level, "reasons": reasons, "message_id": message_id}
    flag = _open_flag_of(session, person_id, kind)
    if flag is not None:
        return _repeat(session, flag, level, entry, at)
    flag = _lately_closed(session, person_id, kind, at) if level == RED else None
    if flag is not None:
        return _reopen(session, flag, entry, at)
    flag = Flag(id=new_id(), person_id=person_id, level=level, kind=kind, state="open", version=1)
    flag.opened_at, flag.due_at = at, due_from(session, level, at)
    session.add(flag)
    flag.reasons = [entry]
    audit(session, actor="ballast", action="flag.open", subject=flag.id, at=at)
    return flag


def _repeat(session: Any, flag: Flag, level: str, entry: dict[str, Any], at: datetime) -> Flag:
    _add_reason(flag, entry)
    if severity(level) < severity(flag.level):
        flag.level, flag.state, flag.claimed_by, flag.claimed_until = level, "open", None, None
        flag.due_at = min(due_from(session, level, at), flag.due_at)  # a graver sign never buys time
    audit(session, actor="ballast", action="flag.repeat", subject=flag.id, at=at)
    return flag


def _reopen(session: Any, flag: Flag, entry: dict[str, Any], at: datetime) -> Flag:
    _add_reason(flag, entry)
    flag.level, flag.state, flag.closed_at = RED, "reopened", None
    flag.claimed_by = flag.claimed_until = None
    flag.reopened_at, flag.due_at = at, due_from(session, RED, at)
    audit(session, actor="ballast", action="flag.reopen", subject=flag.id, at=at)
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


def _lately_closed(session: Any, person_id: str, kind: str, at: datetime) -> Flag | None:
    query = select(Flag).filter_by(person_id=person_id, kind=kind).where(Flag.state.in_(_REOPENABLE))
    query = query.where(Flag.closed_at > at - REOPENED_WITHIN).order_by(Flag.closed_at.desc())
    found: Flag | None = session.execute(query.limit(1)).scalar()
    return found


def raise_by_hand(session: Any, *, person_id: str, level: str, reason: str, staff_id: str, at: datetime) -> Flag:
    """Open a flag that a member of staff wants, with his reason; the audit says that it was he."""
    flag = open_flag(session, person_id=person_id, level=level, kind="staff", reasons=[reason], at=at)
    audit(session, actor=staff_id, action="flag.by_hand", subject=flag.id, at=at)
    return flag


def claim_flag(session: Any, flag_id: str, *, version: int, staff_id: str, at: datetime) -> None:
    """Take a flag for ten minutes.

    Raises:
        FlagConflictError: It changed since the page was loaded, is closed, or another's claim still holds.
    """
    free = Flag.state.in_(("open", "reopened")) | (Flag.claimed_until < at) | (Flag.claimed_by == staff_id)
    changes = {"state": "claimed", "claimed_by": staff_id, "claimed_until": at + LEASE}
    _swap(session, flag_id, version, changes, free)
    audit(session, actor=staff_id, action="flag.claim", subject=flag_id, at=at)


def begin_contact(session: Any, flag_id: str, *, version: int, staff_id: str, at: datetime) -> None:
    """Note that who holds the flag is reaching out to the man now; for an hour it stays with him.

    Raises:
        FlagConflictError: It changed since the page was loaded, or he does not hold it.
    """
    changes = {"state": "contacting", "claimed_until": at + CONTACT_LEASE}
    _swap(session, flag_id, version, changes, _is_held_by(staff_id))
    audit(session, actor=staff_id, action="flag.contact", subject=flag_id, at=at)


def release_flag(session: Any, flag_id: str, *, version: int, staff_id: str, at: datetime) -> None:
    """Give a flag back to whoever is free; its clock never stopped.

    Raises:
        FlagConflictError: It changed since the page was loaded, or he does not hold it.
    """
    changes = {"state": "open", "claimed_by": None, "claimed_until": None}
    _swap(session, flag_id, version, changes, _is_held_by(staff_id))
    audit(session, actor=staff_id, action="flag.release", subject=flag_id, at=at)


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
    changes = {"state": CLOSED_AS.get(outcome, "resolved"), "closed_at": at}
    _swap(session, flag_id, version, changes, _is_held_by(staff_id))
    flag = session.get(Flag, flag_id, populate_existing=True)
    earlier = _earlier_resolutions(flag)
    resolution = {"outcome": outcome, "note": note.strip(), "by": staff_id}
    flag.resolution = {**resolution, "earlier": earlier} if earlier else resolution
    audit(session, actor=staff_id, action="flag.resolve", subject=flag_id, at=at)


def _earlier_resolutions(flag: Flag) -> list[dict[str, Any]]:
    """Return how it was closed before it was opened again, oldest first; nothing that cannot be opened."""
    if flag.resolution_sealed is None:
        return []
    try:
        found = dict(flag.resolution.reveal())
    except (SealBrokenError, KeyMissingError):
        flag.resolution_sealed = None
        return []
    before: list[dict[str, Any]] = found.pop("earlier", [])
    return [*before, found]


def _is_held_by(staff_id: str) -> Any:
    return Flag.state.in_(HELD_STATES) & (Flag.claimed_by == staff_id)


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
    """Tell staff, on his open flags, that he blocked the bot and cannot be reached through it.

    If none is open but a crisis of his is (a check-back is owed or unanswered), that he left is a flag by itself.
    """
    _note(session, person_id, UNREACHABLE, "flag.unreachable", at)
    if not has_open(session, person_id, OWN_LIFE) and _is_in_crisis(session, person_id):
        open_flag(session, person_id=person_id, level=ORANGE, kind="blocked", reasons=[BLOCKED], at=at)


def _is_in_crisis(session: Any, person_id: str) -> bool:
    query = select(FollowUp.id).filter_by(person_id=person_id).where(FollowUp.state.in_(("pending", "asked")))
    return session.execute(query.where(FollowUp.flag_id.isnot(None)).limit(1)).scalar() is not None


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
