"""The house's own clock, which a jump of the wall clock does not move.

Alarms count by it: set the machine's clock a day ahead and no storm breaks loose, set it back and none is lost. While
the machine runs it goes by a clock that only counts forward, over restarts of the worker too; after a restart of the
machine (or on another one) the wall clock says how much time went by, never less than none and never more than a week.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from bot.clock import utc_now
from bot.storage.alarm_models import Beat

LONGEST_GAP = timedelta(days=7)
JUMP = timedelta(seconds=30)  # apart by more than this, the wall clock was moved
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_ROW = 1


class Ticker(Protocol):
    """What time it is, told twice."""

    def wall(self) -> datetime:
        """Return the present moment, as people would say it."""

    def steady_ms(self) -> int:
        """Return milliseconds of a clock that only goes forward; means something within one ``boot`` only."""

    def boot(self) -> str:
        """Return what stays the same as long as ``steady_ms`` can be compared."""


class MachineTicker:
    """The clocks of this machine."""

    def __init__(self) -> None:
        linux = hasattr(time, "CLOCK_BOOTTIME") and _BOOT_ID.exists()
        # Elsewhere the monotonic clock is compared within one process only; its restart counts by the wall clock.
        self._boot = _BOOT_ID.read_text(encoding="ascii").strip() if linux else f"process {os.getpid()} {utc_now()}"
        self._clock = time.CLOCK_BOOTTIME if linux else time.CLOCK_MONOTONIC

    def wall(self) -> datetime:
        """Return the present moment in UTC."""
        return utc_now()

    def steady_ms(self) -> int:
        """Return milliseconds since the machine started, sleep included where the system counts it."""
        return int(time.clock_gettime(self._clock) * 1000)

    def boot(self) -> str:
        """Return the system's id of this start, or one of this process."""
        return self._boot[:64]


@dataclass(frozen=True)
class Moment:
    """One reading of the house's clock.

    Attributes:
        house_ms: Milliseconds on it.
        wall: The wall clock at the same time.
        passed_ms: How much went by since it was last written down.
        steady_ms: What the steady clock showed.
        boot: What it may be compared with.
        has_jumped: Whether the wall clock was moved meanwhile.
    """

    house_ms: int
    wall: datetime
    passed_ms: int
    steady_ms: int
    boot: str
    has_jumped: bool


def read_clock(session: Any, ticker: Ticker) -> Moment:
    """Return what the house's clock shows now; nothing is written."""
    wall, steady, boot = ticker.wall(), ticker.steady_ms(), ticker.boot()
    beat = session.get(Beat, _ROW)
    if beat is None:
        return Moment(0, wall, 0, steady, boot, has_jumped=False)
    by_wall = int((wall - beat.wall_at).total_seconds() * 1000)
    if beat.boot == boot and steady >= beat.steady_ms:
        passed = steady - beat.steady_ms
        has_jumped = abs(by_wall - passed) > JUMP.total_seconds() * 1000
    else:
        passed, has_jumped = min(max(by_wall, 0), int(LONGEST_GAP.total_seconds() * 1000)), by_wall < 0
    return Moment(beat.house_ms + passed, wall, passed, steady, boot, has_jumped=has_jumped)


def write_clock(session: Any, moment: Moment) -> None:
    """Write a reading of the house's clock down, so that it goes on from there."""
    beat = session.get(Beat, _ROW)
    if beat is None:
        beat = Beat(id=_ROW)
        session.add(beat)
    beat.house_ms, beat.steady_ms, beat.boot = moment.house_ms, moment.steady_ms, moment.boot
    beat.wall_at = moment.wall
    if moment.has_jumped:
        beat.jumped_at = moment.wall


def beat_of(session: Any) -> Beat | None:
    """Return the worker's last sign of life, or None where it never ran."""
    found: Beat | None = session.get(Beat, _ROW)
    return found
