"""What staff do with a flag besides taking it: close it, hand it over, ask a second person.

A red that is to be closed as a false alarm waits for a second person: one tired reader must not end it alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from bot.errors import FlagConflictError
from bot.escalation.flags import LEASE, OPEN_STATES, RED, _swap, resolve_flag
from bot.escalation.journal import audit
from bot.escalation.lookup import HANDOVER
from bot.storage.clinic_models import CaseNote, SecondLook
from bot.storage.columns import new_id
from bot.storage.models import Flag

FALSE_ALARM, OPINION = "false_alarm", "opinion"


def close_flag(
    session: Any, flag_id: str, *, version: int, staff_id: str, outcome: str, note: str, at: datetime
) -> bool:
    """Close a flag; a red called a false alarm is put before a second person instead.

    Returns:
        Whether it is closed now.

    Raises:
        FlagConflictError: It changed since the page was loaded, or he does not hold it.
        ValueError: The outcome is unknown or the note is empty.
    """
    flag = session.get(Flag, flag_id)
    if outcome == FALSE_ALARM and flag.level == RED:
        _swap(session, flag_id, version, {}, _held_by(staff_id))
        ask_second(session, flag_id, staff_id=staff_id, kind=FALSE_ALARM, question=note, at=at)
        return False
    resolve_flag(session, flag_id, version=version, staff_id=staff_id, outcome=outcome, note=note, at=at)
    return True


def hand_over(
    session: Any, flag_id: str, *, version: int, staff_id: str, to_staff_id: str | None, note: str, at: datetime
) -> None:
    """Give a flag back to the queue for a colleague, or for whoever is next. Its clock runs on.

    Raises:
        FlagConflictError: It changed since the page was loaded, or he does not hold it.
    """
    changes = {"state": "open", "claimed_by": None, "claimed_until": None}
    _swap(session, flag_id, version, changes, _held_by(staff_id))
    flag = session.get(Flag, flag_id, populate_existing=True)
    row = CaseNote(id=new_id(), person_id=flag.person_id, flag_id=flag_id, staff_id=staff_id, kind=HANDOVER, at=at)
    row.to_staff_id = to_staff_id
    session.add(row)
    row.body = {"text": note.strip()}
    audit(session, actor=staff_id, action="flag.hand_over", subject=flag_id, at=at)


def extend_claim(session: Any, flag_id: str, *, staff_id: str, at: datetime) -> None:
    """Keep a flag ten minutes from now for whoever is at work on it, whatever has been added to it meanwhile.

    Raises:
        FlagConflictError: He does not hold it, or it is closed.
    """
    flag = session.get(Flag, flag_id)
    if flag.state not in OPEN_STATES or flag.claimed_by != staff_id:
        raise FlagConflictError("Somebody else holds this flag now, or it is closed. Load it again.")
    flag.claimed_until = max(flag.claimed_until, at + LEASE)


def ask_second(session: Any, flag_id: str, *, staff_id: str, kind: str, question: str, at: datetime) -> str:
    """Put a question before a second person and return its id; asked twice, the newer one replaces the older.

    Args:
        session: The transaction.
        flag_id: About which flag.
        staff_id: Who asks.
        kind: ``false_alarm`` or ``opinion``.
        question: Why he thinks so, or what he wants to know; sealed.
        at: Now.
    """
    flag = session.get(Flag, flag_id)
    for earlier in open_looks(session, [flag_id]):
        if (earlier.kind, earlier.asked_by) == (kind, staff_id):
            session.delete(earlier)
    look = SecondLook(id=new_id(), person_id=flag.person_id, flag_id=flag_id, kind=kind, asked_by=staff_id, asked_at=at)
    session.add(look)
    look.words = {"question": question.strip(), "answer": ""}
    audit(session, actor=staff_id, action="flag.second_asked", subject=flag_id, at=at)
    return str(look.id)


def answer_second(
    session: Any, look_id: str, *, version: int, staff_id: str, agreed: bool, answer: str, at: datetime
) -> bool:
    """Take a second person's answer; a false alarm that he agrees with closes the flag.

    Returns:
        Whether the flag is closed now.

    Raises:
        FlagConflictError: The flag changed since the page was loaded, it was answered already, or he asked it himself.
    """
    look = session.get(SecondLook, look_id)
    if look is None or look.answered_at is not None or look.asked_by == staff_id:
        raise FlagConflictError("This question was answered already, or it is your own. Load the flag again.")
    words = look.words.reveal()
    look.answered_by, look.answered_at, look.agreed = staff_id, at, agreed
    look.words = words | {"answer": answer.strip()}
    said = "flag.second_agreed" if agreed else "flag.second_differs"
    audit(session, actor=staff_id, action=said, subject=look.flag_id, at=at)
    if look.kind != FALSE_ALARM or not agreed:
        _swap(session, look.flag_id, version, {}, Flag.id == look.flag_id)
        return False
    # Whoever agrees closes it, whoever held it until now.
    taken = {"state": "claimed", "claimed_by": staff_id, "claimed_until": at + LEASE}
    _swap(session, look.flag_id, version, taken, Flag.id == look.flag_id)
    more = {"staff_id": staff_id, "outcome": FALSE_ALARM, "note": words["question"], "at": at}
    resolve_flag(session, look.flag_id, version=version + 1, **more)
    flag = session.get(Flag, look.flag_id)
    flag.resolution = flag.resolution.reveal() | {"asked_by": look.asked_by}
    return True


def open_looks(session: Any, flag_ids: list[str]) -> list[SecondLook]:
    """Return the questions to a second person on these flags that nobody has answered."""
    query = select(SecondLook).where(SecondLook.flag_id.in_(flag_ids), SecondLook.answered_at.is_(None))
    return list(session.execute(query.order_by(SecondLook.asked_at, SecondLook.id)).scalars())


def looks_on(session: Any, flag_id: str) -> list[SecondLook]:
    """Return all questions to a second person on one flag, oldest first."""
    query = select(SecondLook).filter_by(flag_id=flag_id)
    return list(session.execute(query.order_by(SecondLook.asked_at, SecondLook.id)).scalars())


def _held_by(staff_id: str) -> Any:
    return Flag.claimed_by == staff_id
