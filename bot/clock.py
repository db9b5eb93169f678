"""The clock that every part is given, so that tests can set it; and what it shows where a man lives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta, timezone, tzinfo

Clock = Callable[[], datetime]
Quiet = tuple[int, int] | None  # from this hour of his clock until that one he is left alone; None: never


def utc_now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(timezone.utc)


def out_of_quiet(at: datetime, zone: tzinfo, quiet: Quiet) -> datetime:
    """Return the moment itself or, where it lies in his quiet hours, their end.

    Args:
        at: A moment, aware.
        zone: Where his clock stands.
        quiet: His quiet hours; they may run over midnight, as from 21 to 8.
    """
    if quiet is None or not _is_within(at.astimezone(zone).hour, quiet):
        return at
    return next_at(at, zone, quiet[1])


def _is_within(hour: int, quiet: tuple[int, int]) -> bool:
    begins, ends = quiet
    return begins <= hour < ends if begins < ends else hour >= begins or hour < ends


def next_at(after: datetime, zone: tzinfo, hour: int, minute: int = 0, weekday: int | None = None) -> datetime:
    """Return when his clock shows this time next, in UTC, strictly later than ``after``.

    Summer time moves with his clock: seven stays seven. A time that the spring leaves out is taken an hour later by
    the clock, a time that the autumn brings twice is taken the first time.

    Args:
        after: A moment, aware.
        zone: Where his clock stands.
        hour: Of his clock.
        minute: Of his clock.
        weekday: 0 for Monday; None for every day.
    """
    day = after.astimezone(zone).date()
    while True:
        if weekday is None or day.weekday() == weekday:
            found = datetime.combine(day, time(hour, minute), zone).astimezone(timezone.utc)
            if found > after:
                return found
        day += timedelta(days=1)
