"""Look flags up: the open ones in the order they must be seen, one of them, and what was done to it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import case, func, select

from bot.escalation.flags import OPEN_STATES, ORANGE, RED, YELLOW, severity
from bot.storage.models import AuditEntry, Flag


def open_flags(session: Any, *, limit: int) -> list[Flag]:
    """Return the open and the claimed flags, the gravest first, within a level the one that is due first."""
    order = case(*((Flag.level == level, severity(level)) for level in (RED, ORANGE, YELLOW)), else_=3)
    query = select(Flag).where(Flag.state.in_(OPEN_STATES)).order_by(order, Flag.due_at, Flag.id)
    return list(session.execute(query.limit(limit)).scalars())


def count_open_flags(session: Any) -> dict[str, int]:
    """Return how many flags of each level are open or claimed."""
    query = select(Flag.level, func.count()).where(Flag.state.in_(OPEN_STATES)).group_by(Flag.level)
    return dict(tuple(row) for row in session.execute(query))


def find_flag(session: Any, flag_id: str) -> Flag | None:
    """Return the flag with this id, open or closed, or None."""
    found: Flag | None = session.get(Flag, flag_id)
    return found


def history_of(session: Any, subject: str, *, limit: int) -> list[AuditEntry]:
    """Return the newest audit entries about one row, oldest first."""
    query = select(AuditEntry).filter_by(subject=subject).order_by(AuditEntry.seq.desc()).limit(limit)
    return list(reversed(session.execute(query).scalars().all()))
