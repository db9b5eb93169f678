"""Follow-ups: what we owe a man at a certain time. After a crisis these are the check-backs.

``pending -> asked -> answered | unanswered``; at the side ``declined`` (he wants none) and ``cancelled`` (not needed
any more). Whoever comes due becomes a turn of the ordinary path in the same transaction; what is said is the
dialogue's business. A reminder that he asks for is a row of another kind (``bot.turns.reminders``); nothing here, and
nothing that tells staff, touches it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot.escalation.flags import OPEN_STATES, ORANGE, OWN_LIFE, open_flag
from bot.storage.clinic_models import Conversation
from bot.storage.columns import new_id
from bot.storage.models import Flag, FollowUp, Person

SILENCE, DAY, WEEK = "silence", "day", "week"
# He went quiet; the day after, when most have slept once; and a week on, while the risk is still raised.
CHECK_BACKS = {SILENCE: timedelta(minutes=30), DAY: timedelta(hours=24), WEEK: timedelta(days=7)}
MOST_TIMES_QUIET = 2  # how often one crisis may ask a man who does not answer, before the day after
_PENDING, _ASKED = "pending", "asked"
_UNANSWERED = {
    SILENCE: "went quiet after the crisis reply and did not answer when asked again",
    DAY: "did not answer the check-back a day after the crisis",
    WEEK: "did not answer the check-back a week after the crisis",
}
_NOT_REACHED = "could not be asked how he is: he has blocked the bot or left the chat"
_NOT_SAFE = "asked again after the crisis, he did not say that he is safe"


def _always(_person: Person, at: datetime) -> datetime:
    return at


def schedule(session: Any, *, person_id: str, flag_id: str, at: datetime) -> None:
    """Owe him the check-backs of a crisis; a new crisis moves those that are owed already.

    Args:
        session: The transaction in which the flag was opened.
        person_id: Whose life it is about.
        flag_id: The flag that makes them.
        at: When the crisis was answered.
    """
    for row in _of(session, person_id, _ASKED):
        row.state, row.closed_at = "answered", at  # that he is in danger is an answer
    owed = {row.kind: row for row in _of(session, person_id, _PENDING)}
    for kind, after in CHECK_BACKS.items():
        row = owed.get(kind) or _add(session, person_id, kind, at + after)
        row.due_at, row.flag_id = at + after, flag_id
    session.flush()


def hear(session: Any, person_id: str, *, at: datetime) -> None:
    """Note that something came from him: he is not silent, and the half hour begins anew.

    If he was asked because he was silent and now says something else, he is asked once more at the most. An answer
    closes the rest, see :func:`answer`.
    """
    waiting = _of(session, person_id, _PENDING, SILENCE)
    asked = _of(session, person_id, _ASKED, SILENCE)
    if not waiting and asked and len(asked) < MOST_TIMES_QUIET:
        row = _add(session, person_id, SILENCE, at)
        row.flag_id = asked[0].flag_id
        waiting = [row]
    for row in waiting:
        row.due_at = at + CHECK_BACKS[SILENCE]
    session.flush()


def ask_due(
    session: Any, door: str, *, at: datetime, awake_at: Callable[[Person, datetime], datetime] = _always
) -> list[FollowUp]:
    """Mark as asked what is due now and return it; the caller gives each its turn in the same transaction.

    After a long standstill several check-backs of one man may be due: the latest counts, the others are cancelled. A
    man who cannot be reached is not asked; staff are told instead. In his night only a man is asked who has not said
    that he is safe; who has is asked in the morning. While staff write with him nothing else asks him.

    Args:
        session: The transaction.
        door: Only men who came through this door.
        at: Now.
        awake_at: Returns the moment itself, or the end of the man's quiet hours where it lies in them.
    """
    query = select(FollowUp).join(Person, Person.id == FollowUp.person_id)
    query = query.where(Person.door == door, FollowUp.state == _PENDING, FollowUp.due_at <= at)
    query = query.where(FollowUp.person_id.notin_(select(Conversation.person_id).filter_by(closed_at=None)))
    query = query.where(FollowUp.kind.in_(CHECK_BACKS)).order_by(FollowUp.due_at.desc())
    newest: dict[str, FollowUp] = {}
    asked = []
    for row in session.execute(query).scalars().all():
        person = session.get(Person, row.person_id)
        if row.person_id in newest:
            row.state, row.closed_at = "cancelled", at
        elif person.unreachable_at is not None:
            _close_unasked(session, row, at)
        elif _has_answered(session, row) and awake_at(person, at) > at:
            row.due_at = awake_at(person, at)
        else:
            row.state, row.asked_at = _ASKED, at
            asked.append(row)
        newest.setdefault(row.person_id, row)
    session.flush()
    return asked


def _has_answered(session: Any, row: FollowUp) -> bool:
    """Return whether he has answered all that this crisis has asked him so far."""
    unanswered = select(FollowUp.id).filter_by(person_id=row.person_id, flag_id=row.flag_id, state="unanswered")
    if session.execute(unanswered.limit(1)).scalar() is not None:
        return False
    return not is_question_open(session, row.person_id)


def is_asked(session: Any, follow_up_id: str) -> bool:
    """Return whether this one still waits for his answer."""
    row = session.get(FollowUp, follow_up_id)
    return row is not None and row.state == _ASKED


def kind_of(session: Any, follow_up_id: str) -> str | None:
    """Return the kind of a follow-up, or None where there is none."""
    row = session.get(FollowUp, follow_up_id)
    return None if row is None else str(row.kind)


def is_question_open(session: Any, person_id: str) -> bool:
    """Return whether he was asked if he is safe and has not answered: we wait for his word, or have asked again."""
    return bool(_of(session, person_id, _PENDING, SILENCE) or _of(session, person_id, _ASKED))


def answer(session: Any, person_id: str, *, is_safe: bool, at: datetime) -> None:
    """Take his answer to the direct question.

    "I'm safe" closes what was asked and ends the watch for silence; the later check-backs stay. Anything else tells
    staff, where a check-back had asked, and owes him all of them anew.
    """
    asked = _of(session, person_id, _ASKED)
    for row in asked:
        row.state, row.closed_at = "answered", at
    if is_safe:
        for row in _of(session, person_id, _PENDING, SILENCE):
            row.state, row.closed_at = "cancelled", at
        return
    flag = _tell_staff(session, person_id, _NOT_SAFE, at) if asked else own_flag(session, person_id)
    if flag is not None:
        schedule(session, person_id=person_id, flag_id=flag.id, at=at)


def decline(session: Any, person_id: str, *, at: datetime) -> None:
    """Let him off the check-backs: those of later days, and what he was asked; it is never counted against him.

    The watch over an open direct question stays: that is the crisis itself, not a check-back.
    """
    later = [row for row in _of(session, person_id, _PENDING) if row.kind != SILENCE]
    for row in [*later, *_of(session, person_id, _ASKED)]:
        row.state, row.closed_at = "declined", at
    session.flush()


def owed(session: Any, person_id: str) -> frozenset[str]:
    """Return the kinds of check-back that he has still to expect."""
    return frozenset(row.kind for row in _of(session, person_id, _PENDING, DAY, WEEK))


def is_near(session: Any, person_id: str, *, at: datetime, within: timedelta) -> bool:
    """Return whether a check-back is due so soon that nothing else should be asked before it."""
    return any(row.due_at <= at + within for row in _of(session, person_id, _PENDING))


def has_been_asked(session: Any, person_id: str) -> bool:
    """Return whether a check-back waits for his answer."""
    return bool(_of(session, person_id, _ASKED))


def close_unanswered(session: Any, door: str, *, at: datetime, within: timedelta) -> int:
    """Tell staff of check-backs that were not answered in time; return how many."""
    query = select(FollowUp).join(Person, Person.id == FollowUp.person_id)
    query = query.where(Person.door == door, FollowUp.state == _ASKED, FollowUp.asked_at <= at - within)
    rows = session.execute(query.where(FollowUp.kind.in_(CHECK_BACKS)).order_by(FollowUp.asked_at)).scalars().all()
    for row in rows:
        row.state, row.closed_at = "unanswered", at
        _tell_staff(session, row.person_id, _UNANSWERED[row.kind], at)
    return len(rows)


def own_flag(session: Any, person_id: str) -> Flag | None:
    """Return his newest open flag that is about his own life."""
    query = select(Flag).filter_by(person_id=person_id)
    query = query.where(Flag.state.in_(OPEN_STATES), Flag.kind.in_(OWN_LIFE))
    found: Flag | None = session.execute(query.order_by(Flag.opened_at.desc()).limit(1)).scalar()
    return found


def _close_unasked(session: Any, row: FollowUp, at: datetime) -> None:
    row.state, row.closed_at = "unanswered", at
    _tell_staff(session, row.person_id, _NOT_REACHED, at)


def _tell_staff(session: Any, person_id: str, reason: str, at: datetime) -> Flag:
    flag = own_flag(session, person_id)
    kind = "check_back" if flag is None else flag.kind
    return open_flag(session, person_id=person_id, level=ORANGE, kind=kind, reasons=[reason], at=at)


def _add(session: Any, person_id: str, kind: str, due_at: datetime) -> FollowUp:
    row = FollowUp(id=new_id(), person_id=person_id, kind=kind, state=_PENDING, due_at=due_at)
    session.add(row)
    return row


def _of(session: Any, person_id: str, state: str, *kinds: str) -> list[FollowUp]:
    query = select(FollowUp).filter_by(person_id=person_id, state=state)
    query = query.where(FollowUp.kind.in_(kinds or tuple(CHECK_BACKS)))
    return list(session.execute(query.order_by(FollowUp.due_at)).scalars())
