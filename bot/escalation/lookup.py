"""Look flags up: the open ones in the order they must be seen, one of them, and what was done to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select

from bot.escalation.flags import OPEN_STATES, ORANGE, RED, YELLOW, severity
from bot.storage.clinic_models import CaseNote
from bot.storage.models import AuditEntry, Flag

FREE, MINE, OTHERS = "free", "mine", "others"
HOLDERS = (FREE, MINE, OTHERS)
HANDOVER = "handover"
NEWS = ("flag.open", "flag.reopen", "flag.repeat")  # what an open queue page is told of


@dataclass(frozen=True)
class Reader:
    """Who looks at the queue, and when: that decides what is his, free, or a colleague's."""

    staff_id: str
    at: datetime


def open_flags(
    session: Any, *, limit: int, reader: Reader | None = None, level: str = "", holder: str = ""
) -> list[Flag]:
    """Return the open and the claimed flags, the gravest first, within a level the one that is due first.

    Args:
        session: Where.
        limit: How many at most.
        reader: Who looks; needed with ``holder``.
        level: Only flags of this level; empty: all.
        holder: Only those that nobody holds (``free``), the reader (``mine``) or a colleague (``others``).
    """
    order = case(*((Flag.level == name, severity(name)) for name in (RED, ORANGE, YELLOW)), else_=3)
    query = select(Flag).where(Flag.state.in_(OPEN_STATES)).order_by(order, Flag.due_at, Flag.id)
    if level:
        query = query.where(Flag.level == level)
    if holder and reader is not None:
        query = query.where(_whose(reader) == holder)
    return list(session.execute(query.limit(limit)).scalars())


def closed_flags(session: Any, *, limit: int) -> list[Flag]:
    """Return the flags that were closed, the latest first."""
    query = select(Flag).where(Flag.closed_at.isnot(None), Flag.state.notin_(OPEN_STATES))
    return list(session.execute(query.order_by(Flag.closed_at.desc()).limit(limit)).scalars())


def count_open_flags(session: Any) -> dict[str, int]:
    """Return how many flags of each level are open or claimed."""
    query = select(Flag.level, func.count()).where(Flag.state.in_(OPEN_STATES)).group_by(Flag.level)
    return dict(tuple(row) for row in session.execute(query))


def count_by_holder(session: Any, reader: Reader) -> dict[tuple[str, str], int]:
    """Return how many open flags there are of each level and holder, as this reader sees them."""
    whose = _whose(reader).label("whose")
    query = select(Flag.level, whose, func.count()).where(Flag.state.in_(OPEN_STATES)).group_by(Flag.level, whose)
    return {(level, holder): count for level, holder, count in session.execute(query)}


def find_flag(session: Any, flag_id: str) -> Flag | None:
    """Return the flag with this id, open or closed, or None."""
    found: Flag | None = session.get(Flag, flag_id)
    return found


def flags_of(session: Any, person_id: str, *, but: str, limit: int) -> list[Flag]:
    """Return a man's other flags, open or closed, the latest first."""
    query = select(Flag).filter_by(person_id=person_id).where(Flag.id != but)
    return list(session.execute(query.order_by(Flag.opened_at.desc(), Flag.id).limit(limit)).scalars())


def history_of(session: Any, subject: str, *, limit: int) -> list[AuditEntry]:
    """Return the newest audit entries about one row, oldest first."""
    query = select(AuditEntry).filter_by(subject=subject).order_by(AuditEntry.seq.desc()).limit(limit)
    return list(reversed(session.execute(query).scalars().all()))


def handovers_of(session: Any, flag_ids: Iterable[str]) -> dict[str, CaseNote]:
    """Return the newest handover of each of these flags that has one."""
    query = select(CaseNote).where(CaseNote.kind == HANDOVER, CaseNote.flag_id.in_(list(flag_ids)))
    return {note.flag_id: note for note in session.execute(query.order_by(CaseNote.at)).scalars()}


def newest_entry(session: Any) -> int:
    """Return the number of the newest audit entry; 0 where there is none."""
    return int(session.execute(select(func.max(AuditEntry.seq))).scalar() or 0)


def news_since(session: Any, entry: int, *, limit: int) -> list[tuple[str, Flag]]:
    """Return what happened to open flags after an audit entry: ``flag.open`` or ``flag.repeat`` with the flag.

    Entries are numbered in the order in which they are committed, so that none is passed over. A flag comes once.
    """
    query = select(AuditEntry.action, Flag).join(Flag, Flag.id == AuditEntry.subject)
    query = query.where(AuditEntry.seq > entry, AuditEntry.action.in_(NEWS), Flag.state.in_(OPEN_STATES))
    found: dict[str, tuple[str, Flag]] = {}
    for action, flag in session.execute(query.order_by(AuditEntry.seq).limit(limit)):
        found.setdefault(flag.id, (action, flag))
    return list(found.values())


def _whose(reader: Reader) -> Any:
    is_held = (Flag.claimed_by.isnot(None)) & (Flag.claimed_until >= reader.at)
    return case((is_held & (Flag.claimed_by == reader.staff_id), MINE), (is_held, OTHERS), else_=FREE)
