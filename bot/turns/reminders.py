"""What he asked us to write: a check-in each day or week, and single reminders. They are rows of ``follow_ups``.

``pending -> asked -> (gone when he writes)``. Nothing here tells staff. A check-in that is asked owes the next one; two
that he leaves without an answer end them. What is crisis comes first: while his safety is open nothing of this is said.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select

from bot.errors import KeyMissingError, SealBrokenError
from bot.escalation import conversations, follow_ups
from bot.logs import log_event
from bot.storage.columns import new_id
from bot.storage.models import FollowUp, Person
from bot.turns import pausing
from bot.turns.his_time import awake_from, next_time
from bot.turns.people import change_setting, settings_of

CHECK_IN, REMINDER = "check_in", "reminder"
STOP = "check_in_stop"  # what is said instead of a third check-in
KINDS = (CHECK_IN, REMINDER)
MOST_UNANSWERED = 2
MOST_REMINDERS = 10
APART = timedelta(hours=16)  # a check-in that came late is not followed by the next one the same day
NEAR = timedelta(hours=3)  # so close before a check-back nothing else is asked
LATER = timedelta(hours=1)
_PENDING, _ASKED = "pending", "asked"
_log = logging.getLogger("ballast.reminders")


@dataclass(frozen=True)
class Rhythm:
    """How often he is asked, by his own clock; ``weekday`` is 0 for Monday, None for every day."""

    hour: int
    minute: int = 0
    weekday: int | None = None


def rhythm_of(his: dict[str, Any]) -> Rhythm | None:
    """Return the rhythm of his check-ins, or None where he wants none."""
    kept = his.get(CHECK_IN)
    return Rhythm(**kept) if kept else None


def set_check_ins(session: Any, person: Person, rhythm: Rhythm | None, *, at: datetime) -> None:
    """Begin with check-ins, change them, or end them; the pending one moves with them."""
    change_setting(person, CHECK_IN, asdict(rhythm) if rhythm else None)
    _drop(session, person.id, CHECK_IN)
    if rhythm is not None:
        _add(session, person.id, CHECK_IN, _next(settings_of(person), rhythm, at))


def plan_anew(session: Any, person: Person, *, at: datetime) -> None:
    """Move the pending check-in after his zone or quiet hours have changed."""
    rhythm = rhythm_of(settings_of(person))
    waiting = _of(session, person.id, CHECK_IN, _PENDING)
    if rhythm is not None and waiting:
        waiting[0].due_at = _next(settings_of(person), rhythm, at)


def next_check_in(session: Any, person_id: str) -> datetime | None:
    """Return when the next check-in is due."""
    due_at: datetime | None = next((row.due_at for row in _of(session, person_id, CHECK_IN, _PENDING)), None)
    return due_at


def remind(session: Any, person: Person, due_at: datetime) -> bool:
    """Owe him one reminder; the same moment twice counts once. Return False where too many wait already."""
    waiting = _of(session, person.id, REMINDER, _PENDING)
    if any(row.due_at == due_at for row in waiting):
        return True
    if len(waiting) >= MOST_REMINDERS:
        return False
    _add(session, person.id, REMINDER, due_at)
    return True


def hear(session: Any, person_id: str) -> None:
    """Note that something came from him: what was asked counts as answered and need not be kept."""
    asked = delete(FollowUp).where(FollowUp.person_id == person_id, FollowUp.kind.in_(KINDS))
    session.execute(asked.where(FollowUp.state == _ASKED).execution_options(synchronize_session="fetch"))


def ask_due(session: Any, door: str, *, at: datetime) -> list[tuple[FollowUp, str]]:
    """Mark what is due now and may be said now as asked; return each with the name of its text.

    The rest moves: to the end of his quiet hours or of his pause, behind a crisis, or to the next time. However long
    nothing could be sent, he gets one.
    """
    query = select(FollowUp).join(Person, Person.id == FollowUp.person_id)
    query = query.where(Person.door == door, FollowUp.state == _PENDING, FollowUp.due_at <= at)
    rows = session.execute(query.where(FollowUp.kind.in_(KINDS)).order_by(FollowUp.due_at)).scalars().all()
    said = []
    for row in rows:
        person = session.get(Person, row.person_id)
        try:
            name = _ask(session, person, row, at)
        except (SealBrokenError, KeyMissingError):
            row.state, row.closed_at = "cancelled", at
            log_event(_log, "reminder.unreadable", level=logging.ERROR, person=row.person_id)
            continue
        if name is not None:
            said.append((row, name))
    session.flush()
    return said


def _ask(session: Any, person: Person, row: FollowUp, at: datetime) -> str | None:
    his = settings_of(person)
    held_until = _held_until(session, person, his, at)
    if held_until is not None:
        _move(row, his, held_until, at)
        return None
    row.state, row.asked_at = _ASKED, at
    if row.kind == REMINDER:
        return REMINDER
    if _unanswered(session, person.id) > MOST_UNANSWERED:  # this one is among them
        change_setting(person, CHECK_IN, None)
        return STOP
    rhythm = rhythm_of(his)
    if rhythm is not None:
        _add(session, person.id, CHECK_IN, _next(his, rhythm, at + APART))
    return CHECK_IN


def _held_until(session: Any, person: Person, his: dict[str, Any], at: datetime) -> datetime | None:
    """Return until when nothing may be said, or None where it may be said now."""
    pause_ends = pausing.ends_at(his, at)
    if person.unreachable_at is not None or pause_ends == pausing.FOR_EVER:
        return pausing.FOR_EVER
    if pause_ends is not None:
        return awake_from(his, pause_ends)
    if conversations.open_talk(session, person.id) is not None:
        return awake_from(his, at + LATER)  # staff are writing with him
    if follow_ups.is_question_open(session, person.id) or follow_ups.is_near(session, person.id, at=at, within=NEAR):
        return awake_from(his, at + LATER)
    awake = awake_from(his, at)
    return awake if awake > at else None


def _move(row: FollowUp, his: dict[str, Any], held_until: datetime, at: datetime) -> None:
    """Put it off; a check-in whose next time is close by then waits for that one."""
    rhythm = rhythm_of(his) if row.kind == CHECK_IN else None
    if rhythm is not None:
        is_open_ended = held_until == pausing.FOR_EVER
        regular = _next(his, rhythm, at if is_open_ended else held_until - timedelta(seconds=1))
        is_close = is_open_ended or regular - held_until < APART
        row.due_at = regular if is_close or pausing.ends_at(his, at) else held_until
    elif row.kind == CHECK_IN or held_until == pausing.FOR_EVER:
        row.state, row.closed_at = "cancelled", at
    else:
        row.due_at = held_until


def _next(his: dict[str, Any], rhythm: Rhythm, after: datetime) -> datetime:
    return next_time(his, after, rhythm.hour, rhythm.minute, rhythm.weekday)


def _unanswered(session: Any, person_id: str) -> int:
    asked = select(func.count(FollowUp.id)).filter_by(person_id=person_id, kind=CHECK_IN, state=_ASKED)
    return int(session.execute(asked).scalar())


def _drop(session: Any, person_id: str, kind: str) -> None:
    his = delete(FollowUp).where(FollowUp.person_id == person_id, FollowUp.kind == kind)
    session.execute(his.execution_options(synchronize_session="fetch"))


def _add(session: Any, person_id: str, kind: str, due_at: datetime) -> None:
    session.add(FollowUp(id=new_id(), person_id=person_id, kind=kind, state=_PENDING, due_at=due_at))
    session.flush()


def _of(session: Any, person_id: str, kind: str, state: str) -> list[FollowUp]:
    query = select(FollowUp).filter_by(person_id=person_id, kind=kind, state=state)
    return list(session.execute(query.order_by(FollowUp.due_at)).scalars())
