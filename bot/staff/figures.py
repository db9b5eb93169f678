"""How the clocks were kept, and who looked at whom: counted from flags and the audit, nothing sealed is opened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import case, func, select

from bot.staff import accounts
from bot.staff.cards import PSEUDONYM_SHOWN
from bot.staff.phrases import LEVELS
from bot.storage.models import AuditEntry, Flag

VIEWS_SHOWN = 200


@dataclass(frozen=True)
class LevelFigures:
    """What became of the flags of one level that were opened in a span of time.

    Attributes:
        level: ``red``, ``orange`` or ``yellow``: the level a flag has now.
        opened: How many there are; the next four add up to it.
        in_time: Taken by somebody before the clock ran out.
        late: Taken later, or still waiting past their time.
        waiting: Not taken yet, with time left.
        wiped: Ended without anybody, because he had everything wiped.
        to_take: Median time until somebody took it, over those that were taken.
        to_close: Median time until it was closed, over those that were taken and closed.
    """

    level: str
    opened: int
    in_time: int
    late: int
    waiting: int
    wiped: int
    to_take: timedelta | None
    to_close: timedelta | None

    @property
    def decided(self) -> int:
        """How many clocks have been kept or missed."""
        return self.in_time + self.late


@dataclass(frozen=True)
class Look:
    """How often somebody opened flags of one man."""

    who: str
    person: str
    pages: int
    words: int
    last_at: datetime


def figures_since(session: Any, since: datetime, at: datetime) -> list[LevelFigures]:
    """Return the figures of each level over the flags that were opened since then, the gravest first."""
    begun = func.coalesce(Flag.reopened_at, Flag.opened_at)  # a clock that a new red began is the one that counts
    first_taken = (
        select(AuditEntry.subject, func.min(AuditEntry.at).label("at"))
        .join(Flag, Flag.id == AuditEntry.subject)
        .where(AuditEntry.action == "flag.claim", AuditEntry.at >= begun, AuditEntry.at >= since)
        .group_by(AuditEntry.subject)
        .subquery()
    )
    columns = Flag.level, Flag.opened_at, Flag.reopened_at, Flag.due_at, Flag.closed_at
    query = select(*columns, first_taken.c.at.label("taken_at"))
    query = query.outerjoin(first_taken, first_taken.c.subject == Flag.id).where(begun >= since)
    rows = list(session.execute(query))
    return [_level_figures(level, [row for row in rows if row.level == level], at) for level in LEVELS]


def looks_since(session: Any, since: datetime) -> list[Look]:
    """Return who opened flags of which man since then, the latest first."""
    is_reveal = case((AuditEntry.action.in_(("flag.reveal", "flag.talk")), 1), else_=0)
    last_at = func.max(AuditEntry.at).label("last_at")
    query = (
        select(
            AuditEntry.actor,
            Flag.person_id,
            func.count().label("looks"),
            func.sum(is_reveal).label("words"),
            last_at,
        )
        .join(Flag, Flag.id == AuditEntry.subject)
        .where(AuditEntry.action.in_(("flag.view", "flag.reveal", "flag.talk")), AuditEntry.at >= since)
        .group_by(AuditEntry.actor, Flag.person_id)
        .order_by(last_at.desc(), AuditEntry.actor)
        .limit(VIEWS_SHOWN)
    )
    rows = list(session.execute(query))
    names = accounts.names_of(session, {row.actor for row in rows})
    return [
        Look(
            names.get(row.actor, "?"),
            row.person_id[:PSEUDONYM_SHOWN],
            row.looks - row.words,
            row.words,
            row.last_at,
        )
        for row in rows
    ]


def _level_figures(level: str, rows: list[Any], at: datetime) -> LevelFigures:
    taken = [row for row in rows if row.taken_at]
    untaken = [row for row in rows if not row.taken_at]
    open_still = [row for row in untaken if not row.closed_at]
    in_time = sum(row.taken_at <= row.due_at for row in taken)
    overdue = sum(row.due_at < at for row in open_still)
    return LevelFigures(
        level=level,
        opened=len(rows),
        in_time=in_time,
        late=len(taken) - in_time + overdue,
        waiting=len(open_still) - overdue,
        wiped=len(untaken) - len(open_still),
        to_take=_median(row.taken_at - (row.reopened_at or row.opened_at) for row in taken),
        to_close=_median(row.closed_at - (row.reopened_at or row.opened_at) for row in taken if row.closed_at),
    )


def _median(spans: Iterable[timedelta]) -> timedelta | None:
    seconds = [span.total_seconds() for span in spans]
    return timedelta(seconds=median(seconds)) if seconds else None
