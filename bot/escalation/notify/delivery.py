"""Hand over what is owed: several at once, each with its own patience, and the next way when one fails."""

from __future__ import annotations

import logging
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from bot.config import Settings
from bot.escalation.escalator import CLINIC, FAILED, LINE, PENDING, SENT, hurry, owe
from bot.escalation.notify.channels import Channels, NotDeliveredError
from bot.escalation.notify.words import Notice
from bot.escalation.rota import ways_of
from bot.escalation.steady import Moment, Ticker, read_clock
from bot.logs import log_event
from bot.storage import Database
from bot.storage.alarm_models import Alarm, Notification
from bot.storage.models import Flag

AT_ONCE = 4  # threads of each channel: one that hangs keeps none of the others waiting
_LOOKED_AT = 100
FIRST_WAIT_MS, LONGEST_WAIT_MS, GROWS_BY = 5_000, 300_000, 3
MOST_ATTEMPTS = 8
_log = logging.getLogger("ballast.notify")


@dataclass(frozen=True)
class _Parcel:
    """One notification on its way."""

    id: str
    channel: str
    address: str | None
    notice: Notice


class Delivery:
    """Sends notifications in threads and writes down what became of them. One at a time in a house.

    Args:
        database: Where they lie.
        settings: Servers, and the app's public address.
        ticker: What time it is.
    """

    def __init__(self, database: Database, settings: Settings, ticker: Ticker) -> None:
        self._database, self._ticker = database, ticker
        self._channels = Channels(settings)
        self._link = settings.staff_url.rstrip("/")
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._under_way: dict[str, tuple[str, Future[None]]] = {}

    def start_due(self) -> int:
        """Begin to send what is due and not under way yet; return how many."""
        with self._database.read() as session:
            moment = read_clock(session, self._ticker)
            parcels = self._due(session, moment)
        for parcel in parcels:
            if parcel.channel not in self._pools:
                self._pools[parcel.channel] = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="notify")
            pool = self._pools[parcel.channel]
            future = pool.submit(self._channels.send, parcel.channel, parcel.address, parcel.notice)
            self._under_way[parcel.id] = parcel.channel, future
        return len(parcels)

    def settle(self) -> int:
        """Write down what became of those that are done; return how many."""
        done = {key: future for key, (_, future) in self._under_way.items() if future.done()}
        if not done:
            return 0
        with self._database.write() as session:
            moment = read_clock(session, self._ticker)
            for key, future in done.items():
                self._write_down(session, key, future.exception(), moment)
        for key in done:  # only now: a commit that failed is tried again with what is known
            del self._under_way[key]
        return len(done)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._under_way

    def close(self) -> None:
        """Wait for what is under way and settle it."""
        for pool in self._pools.values():
            pool.shutdown(wait=True)
        self.settle()

    def _due(self, session: Any, moment: Moment) -> list[_Parcel]:
        busy = Counter(channel for channel, _ in self._under_way.values())
        query = select(Notification, Flag).join(Flag, Flag.id == Notification.flag_id)
        query = query.where(Notification.state == PENDING, Notification.due_ms <= moment.house_ms)
        query = query.where(Notification.id.notin_(list(self._under_way))).order_by(Notification.due_ms)
        query = query.where(Notification.channel.notin_([name for name, count in busy.items() if count >= 2 * AT_ONCE]))
        return [self._parcel(session, row, flag) for row, flag in session.execute(query.limit(_LOOKED_AT))]

    def _parcel(self, session: Any, row: Notification, flag: Flag) -> _Parcel:
        begun = flag.reopened_at or flag.opened_at
        link = f"{self._link}/alerts/{flag.id}"
        notice = Notice(row.id, flag.id, flag.level, begun, flag.due_at, row.step + 1, link)
        return _Parcel(row.id, row.channel, _address(session, row), notice)

    def _write_down(self, session: Any, key: str, error: BaseException | None, moment: Moment) -> None:
        row = session.get(Notification, key)
        if row is None:
            return
        row.attempts, row.tried_at = row.attempts + 1, moment.wall
        if error is None:
            row.state, row.sent_at, row.error = SENT, moment.wall, None
        else:
            self._write_failure(session, row, error, moment)
        outcome = row.error or "sent"
        log_event(_log, "notify.settled", flag=row.flag_id, channel=row.channel, outcome=outcome, step=row.step)

    def _write_failure(self, session: Any, row: Notification, error: BaseException, moment: Moment) -> None:
        row.error = (error.kind if isinstance(error, NotDeliveredError) else type(error).__name__)[:40]
        asked = getattr(error, "wait_seconds", None)
        row.due_ms = moment.house_ms + (int(asked * 1000) if asked else _wait_ms(row.attempts))
        if row.attempts >= MOST_ATTEMPTS and row.state == PENDING:
            row.state = FAILED
        if row.attempts == 1:
            _fall_back(session, row, moment)


def _address(session: Any, row: Notification) -> str | None:
    """Return where a person's way leads; an empty one, which no channel takes, if he has it no more."""
    if row.addressee == CLINIC:
        return None
    ways = ways_of(session, row.addressee)
    return ways[row.place][1] if row.place < len(ways) and ways[row.place][0] == row.channel else ""


def _wait_ms(attempts: int) -> int:
    return int(min(FIRST_WAIT_MS * GROWS_BY ** (attempts - 1), LONGEST_WAIT_MS))


def _fall_back(session: Any, row: Notification, moment: Moment) -> None:
    """Owe the same on the addressee's next way; where nobody of this step was reached, call the next in the line."""
    alarm, flag = session.get(Alarm, row.flag_id), session.get(Flag, row.flag_id)
    if alarm is None or (alarm.episode, alarm.state) != (row.episode, "ringing"):
        return
    ways = ways_of(session, row.addressee)
    if row.addressee != CLINIC and row.place + 1 < len(ways):
        step, place = _Step(row.episode, row.step), row.place + 1
        owe(session, flag, step, moment, tier=row.tier, addressee=row.addressee, place=place, channel=ways[place][0])
        return
    session.flush()
    hopeful = select(func.count()).select_from(Notification)
    hopeful = hopeful.filter_by(flag_id=row.flag_id, episode=row.episode, step=row.step)
    hopeful = hopeful.where(
        (Notification.state == SENT) | ((Notification.state == PENDING) & (Notification.attempts == 0))
    )
    if alarm.step <= len(LINE) - 1 and row.step == alarm.step - 1 and not session.execute(hopeful).scalar():
        hurry(session, row.flag_id, moment)


@dataclass(frozen=True)
class _Step:
    """Which call of which ringing."""

    episode: int
    step: int
