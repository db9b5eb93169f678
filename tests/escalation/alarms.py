"""Clocks that a test sets, and a house in which alarms ring."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

START = datetime(2026, 11, 22, 9, 0, tzinfo=timezone.utc)


class HandTicker:
    """Wall clock, steady clock and boot, each moved by hand; time passes on both unless a clock is wrong."""

    def __init__(self) -> None:
        self.now, self.ms, self.started = START, 5_000_000, "first boot"

    def wall(self) -> datetime:
        return self.now

    def steady_ms(self) -> int:
        return self.ms

    def boot(self) -> str:
        return self.started

    def pass_time(self, **span: float) -> None:
        """Let time go by."""
        passed = timedelta(**span)
        self.now += passed
        self.ms += int(passed.total_seconds() * 1000)

    def jump(self, **span: float) -> None:
        """Set the wall clock, as a wrong time server does."""
        self.now += timedelta(**span)

    def restart_machine(self, **off: float) -> None:
        """Switch the machine off for a while: its steady clock begins anew."""
        self.now += timedelta(**off)
        self.ms, self.started = 1_000, self.started + " again"
