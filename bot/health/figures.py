"""Figures that are read from the database when somebody asks: what waits, how long, and what staff have not seen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from bot.clock import Clock, utc_now
from bot.directory import entries
from bot.directory.entries import URGENT
from bot.errors import BallastError
from bot.escalation.flags import ORANGE, RED, YELLOW
from bot.storage import Database
from bot.storage.models import Flag, FollowUp, InboxMessage, OutboxMessage

LANES = ("crisis", "turn")
LEVELS = (RED, ORANGE, YELLOW)


class Figures(Collector):
    """Gauges over the whole house, whichever process is asked.

    Args:
        database: Where inbox, outbox and flags lie.
        clock: Now.
    """

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges; without the database only that it is away, and what needs none."""
        now = self._clock()
        yield _directory(now)
        up = GaugeMetricFamily("ballast_database_up", "1 while the database can be read, else 0.")
        try:
            with self._database.read() as session:
                found = [
                    *_inbox(session, now),
                    *_outbox(session, now),
                    *_flags(session, now),
                    _follow_ups(session, now),
                ]
        except BallastError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from found

    def describe(self) -> list[GaugeMetricFamily]:
        """Return nothing, so that registering asks no database."""
        return []


def _inbox(session: Any, now: datetime) -> Iterator[GaugeMetricFamily]:
    query = select(func.count(), func.min(InboxMessage.received_at)).where(InboxMessage.state == "pending")
    count, oldest = session.execute(query).one()
    yield _one("ballast_inbox_waiting", "Messages that wait for their answer.", count)
    yield _one("ballast_inbox_oldest_seconds", "Age of the oldest of them.", _age(oldest, now))
    unreadable = select(func.count()).where(InboxMessage.state == "unreadable")
    yield _one("ballast_inbox_unreadable", "Messages that cannot be opened.", session.execute(unreadable).scalar())


def _outbox(session: Any, now: datetime) -> Iterator[GaugeMetricFamily]:
    waiting = GaugeMetricFamily("ballast_outbox_waiting", "Messages that are to be sent.", labels=["lane"])
    oldest = GaugeMetricFamily("ballast_outbox_oldest_seconds", "Age of the oldest of them.", labels=["lane"])
    query = select(OutboxMessage.lane, func.count(), func.min(OutboxMessage.created_at))
    query = query.where(OutboxMessage.state.in_(("pending", "sending"))).group_by(OutboxMessage.lane)
    found = {lane: (count, since) for lane, count, since in session.execute(query)}
    for lane in LANES:
        count, since = found.get(lane, (0, None))
        waiting.add_metric([lane], count)
        oldest.add_metric([lane], _age(since, now))
    yield waiting
    yield oldest
    states = GaugeMetricFamily("ballast_outbox_lost", "Messages that may not have arrived.", labels=["state"])
    for state in ("uncertain", "undeliverable"):
        query = select(func.count()).where(OutboxMessage.state == state)
        states.add_metric([state], session.execute(query).scalar())
    yield states


def _flags(session: Any, now: datetime) -> Iterator[GaugeMetricFamily]:
    is_open = Flag.closed_at.is_(None)
    counts = GaugeMetricFamily("ballast_flags_open", "Flags that are not closed.", labels=["level"])
    overdue = GaugeMetricFamily("ballast_flags_overdue", "Of those, past their time and with nobody.", labels=["level"])
    for level in LEVELS:
        query = select(func.count()).where(is_open, Flag.level == level)
        counts.add_metric([level], session.execute(query).scalar())
        late = query.where(Flag.claimed_by.is_(None), Flag.due_at < now)
        overdue.add_metric([level], session.execute(late).scalar())
    yield counts
    yield overdue
    unseen = select(func.min(Flag.opened_at)).where(is_open, Flag.level == RED, Flag.claimed_by.is_(None))
    says = "Since when the oldest red flag waits for somebody to take it; 0 for none."
    yield _one("ballast_red_unacknowledged_seconds", says, _age(session.execute(unseen).scalar(), now))


def _follow_ups(session: Any, now: datetime) -> GaugeMetricFamily:
    query = select(func.min(FollowUp.due_at)).where(FollowUp.state == "pending", FollowUp.due_at <= now)
    says = "By how much the oldest check-back or reminder is late."
    return _one("ballast_follow_ups_late_seconds", says, _age(session.execute(query).scalar(), now))


def _directory(now: datetime) -> GaugeMetricFamily:
    stale = [entry for entry in entries() if entry.is_stale(now.date())]
    urgent = sum(bool(URGENT & set(entry.kinds)) for entry in stale)
    gauge = GaugeMetricFamily("ballast_directory_stale", "Entries to be checked by hand.", labels=["urgent"])
    gauge.add_metric(["yes"], urgent)
    gauge.add_metric(["no"], len(stale) - urgent)
    return gauge


def _one(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, says, value=value)


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
