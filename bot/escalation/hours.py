"""When somebody at the clinic reads, in the clinic's own time zone, and what a man is told about it.

Nothing is invented where a lead has written nothing: then he gets the sentence of the settings, or a general one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.errors import SettingError
from bot.escalation.journal import audit
from bot.storage.alarm_models import ClinicSetting

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LONGEST_SENTENCE_WORDS = 25  # it stands at the end of a bubble of at most 60
_HOURS, _OPEN, _CLOSED = "hours", "reads_open", "reads_closed"
_WORKDAYS = frozenset(range(5))


@dataclass(frozen=True)
class Hours:
    """When staff read.

    Attributes:
        zone: IANA name of the clinic's time zone.
        days: From and until, by weekday (Monday is 0); a day that is not there is closed.
        sentence_open: What he is told while somebody reads.
        sentence_closed: What he is told while nobody does.
    """

    zone: str = "UTC"
    days: dict[int, tuple[time, time]] = field(default_factory=dict)
    sentence_open: str = ""
    sentence_closed: str = ""

    def is_open(self, at: datetime) -> bool:
        """Return whether somebody reads at this moment."""
        local = at.astimezone(ZoneInfo(self.zone))
        span = self.days.get(local.weekday())
        return span is not None and span[0] <= local.time() < span[1]


def hours_of(session: Any) -> Hours:
    """Return the clinic's hours and sentences as they stand now."""
    found = {name: row.value for name in (_HOURS, _OPEN, _CLOSED) if (row := session.get(ClinicSetting, name))}
    kept = json.loads(found.get(_HOURS, "{}"))
    days = {int(day): (time.fromisoformat(a), time.fromisoformat(b)) for day, (a, b) in kept.get("days", {}).items()}
    return Hours(kept.get("zone", "UTC"), days, found.get(_OPEN, ""), found.get(_CLOSED, ""))


def staff_sentence(session: Any, default: str, *, at: datetime) -> str:
    """Return what a man is told about when staff read: the lead's sentence for now, else ``default``."""
    hours = hours_of(session)
    return (hours.sentence_open if hours.is_open(at) else hours.sentence_closed) or default


def next_working_day(session: Any, due: datetime) -> datetime:
    """Return ``due`` itself, or the same time of the first day after it on which somebody works."""
    hours = hours_of(session)
    zone, workdays = ZoneInfo(hours.zone), frozenset(hours.days) or _WORKDAYS
    local = due.astimezone(zone)
    while local.weekday() not in workdays:
        local += timedelta(days=1)  # in the clinic's zone, so that the hour stays over a change of the clocks
    return local.astimezone(due.tzinfo)


def change_hours(session: Any, hours: Hours, *, staff_id: str, at: datetime) -> None:
    """Write hours and sentences down.

    Raises:
        SettingError: The zone is unknown, a day ends before it begins, or a sentence is too long for a bubble.
    """
    _check(hours)
    days = {
        str(day): [begin.isoformat("minutes"), end.isoformat("minutes")] for day, (begin, end) in hours.days.items()
    }
    values = {_HOURS: json.dumps({"zone": hours.zone, "days": days}, sort_keys=True)}
    values |= {_OPEN: " ".join(hours.sentence_open.split()), _CLOSED: " ".join(hours.sentence_closed.split())}
    for name, value in values.items():
        row = session.get(ClinicSetting, name)
        if row is None:
            row = ClinicSetting(name=name, value="", changed_by=staff_id, changed_at=at)
            session.add(row)
        if row.value != value:
            row.value, row.changed_by, row.changed_at = value, staff_id, at
            audit(session, actor=staff_id, action="hours.change", subject=name, at=at)


def _check(hours: Hours) -> None:
    try:
        ZoneInfo(hours.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingError(f"There is no time zone {hours.zone!r}. It is a name such as America/New_York.") from None
    for day, (begin, end) in hours.days.items():
        if day not in range(7) or begin >= end:
            raise SettingError(f"{DAYS[day % 7]} ends before it begins.")
    for sentence in (hours.sentence_open, hours.sentence_closed):
        if len(sentence.split()) > LONGEST_SENTENCE_WORDS or len(sentence) > 200 or not sentence.isprintable():
            raise SettingError(f"A sentence has at most {LONGEST_SENTENCE_WORDS} words, on one line.")
