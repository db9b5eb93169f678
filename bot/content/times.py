"""Times and days in his language: how they are written for him, and what he means when he names one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from bot.content.texts import DEFAULT_LANGUAGE, texts_of

_LONGEST = 300  # characters; who writes more than that is not setting a reminder


@dataclass(frozen=True)
class Wish:
    """When he asks to be written to.

    Attributes:
        every: ``daily`` or ``weekly`` for a check-in, empty for one reminder.
        days: Days from today; None where a weekday or minutes are given.
        weekday: 0 for Monday.
        minutes: From now.
        hour: Of his clock; None where he named none.
        minute: Of his clock.
    """

    every: str = ""
    days: int | None = None
    weekday: int | None = None
    minutes: int | None = None
    hour: int | None = None
    minute: int = 0


def clock_time(hour: int, minute: int, *, twelve_hours: bool, language: str = DEFAULT_LANGUAGE) -> str:
    """Return ``19:05``, or ``7:05 pm`` where clocks have twelve hours."""
    if not twelve_hours:
        return f"{hour:02d}:{minute:02d}"
    half = _words(language)["halves"][hour // 12]
    shown = str(hour % 12 or 12) + (f":{minute:02d}" if minute else "")
    return f"{shown} {half}"


def weekday_name(number: int, *, language: str = DEFAULT_LANGUAGE) -> str:
    """Return the name of a weekday, 0 for Monday."""
    found: str = _words(language)["weekdays"][number]
    return found


def wished_time(text: str, *, language: str = DEFAULT_LANGUAGE) -> Wish | None:
    """Return when he asks to be written to, or None where the message asks for nothing of the kind.

    Only a message that is such a request from its first word to its last counts.
    """
    if len(text) > _LONGEST:
        return None
    said = _plain(text)
    found = next((match for shape in _requests(language) if (match := shape.fullmatch(said))), None)
    return None if found is None else _wish(found.groupdict(), _words(language))


def named_day(text: str, today: date, *, language: str = DEFAULT_LANGUAGE) -> date | None:
    """Return the coming day that he names (a weekday, "10 days", "12 March", 2026-12-24), or None."""
    words = _words(language)
    said = _plain(text)
    if said in words["tomorrow"]:
        return today + timedelta(days=1)
    for number, names in enumerate(words["weekday_forms"]):
        if said in names:
            return today + timedelta(days=(number - today.weekday()) % 7 or 7)
    for unit, days in (("day_units", 1), ("week_units", 7)):
        counted = re.fullmatch(rf"(\d{{1,3}}|an?) ?(?:{_any(words[unit])})", said)
        if counted:
            count = int(counted[1]) if counted[1].isdecimal() else 1
            return today + timedelta(days=days * count) if count else None
    return _calendar_day(said, today, words)


def _calendar_day(said: str, today: date, words: Mapping[str, Any]) -> date | None:
    iso = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", said)
    if iso:
        return _date(int(iso[1]), int(iso[2]), int(iso[3]), today)
    for month, names in enumerate(words["months"], start=1):
        named = re.fullmatch(rf"(?:(\d{{1,2}})\S{{0,2}} )?(?:{_any(names)})\.?(?: (\d{{1,2}})\S{{0,2}})?", said)
        number = named and (named[1] or named[2])
        if number:
            this_year = _date(today.year, month, int(number), today)
            return this_year or _date(today.year + 1, month, int(number), today)
    return None


def _date(year: int, month: int, day: int, today: date) -> date | None:
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return found if found > today else None


@cache
def _requests(language: str) -> tuple[re.Pattern[str], ...]:
    """Build what a request may look like: please? remind me (to ...)? tomorrow (at ...)?, or with the time first."""
    words = _words(language)
    weekday = _any(name for names in words["weekday_forms"] for name in names)
    clock = rf"(?P<hour>\d{{1,2}})(?:[:.](?P<minute>\d{{2}}))? ?(?P<half>{_any(words['half_forms'])})?"
    part = rf"(?:(?:{_any(words['in_the'])}) )?(?P<part>{_any(words['parts'])})"
    at = rf"(?:(?:(?:{_any(words['at'])}) ?)?{clock}|{part})"
    once = (
        rf"(?:(?P<tomorrow>{_any(words['tomorrow'])})|(?P<today>{_any(words['today'])})"
        rf"|(?:(?:{_any(words['on'])}) )?(?P<weekday>{weekday})"
        rf"|{words['in']} (?P<count>\d{{1,3}}|an?) ?(?P<unit>{_any(words['units'])}))"
    )
    every = (
        rf"(?:(?P<daily>{_any(words['daily'])})|(?P<weekly>{_any(words['weekly'])})"
        rf"|(?:{_any(words['every'])}) (?P<each>{weekday})|(?:{_any(words['on'])}) (?P<each_s>{weekday})s)"
    )
    purpose = rf"(?: {words['to']} .{{1,200}}?)?"
    please = _any(words["please"])
    opening = rf"(?:(?:{please}) )*(?:{_any(words['ask'])})(?: (?:{_any(words['again'])}))?"
    closing = rf"(?: (?:{please}))?"
    shapes = (
        rf"{opening} {every}(?: {at})?{closing}",
        rf"{opening}{purpose} {once}(?: {at})?{purpose}{closing}",
        rf"{opening}{purpose} {at}(?: {once})?{purpose}{closing}",
    )
    return tuple(re.compile(shape) for shape in shapes)


def _wish(found: Mapping[str, str | None], words: Mapping[str, Any]) -> Wish | None:
    named = {name: value for name, value in found.items() if value is not None}
    clock = _clock(named, words)
    if clock is None:
        return None
    hour, minute = clock
    each = named.get("each") or named.get("each_s")
    if "daily" in named or "weekly" in named or each:
        if hour is None and "daily" in named:
            hour = next((at for part, at in words["parts"].items() if part in named["daily"].split()), None)
        every = "daily" if "daily" in named else "weekly"
        return Wish(every, weekday=_weekday(each, words), hour=hour, minute=minute)
    if "weekday" in named:
        return Wish(weekday=_weekday(named["weekday"], words), hour=hour, minute=minute)
    if "unit" in named:
        return _counted(named, hour, minute, words)
    if "today" in named and hour is None:
        hour = words["today"][named["today"]]
    return Wish(days=1 if "tomorrow" in named else 0, hour=hour, minute=minute)


def _counted(named: Mapping[str, str], hour: int | None, minute: int, words: Mapping[str, Any]) -> Wish:
    count = int(named["count"]) if named["count"].isdecimal() else 1
    minutes = words["units"][named["unit"]] * count
    if minutes % (24 * 60) == 0:
        return Wish(days=minutes // (24 * 60), hour=hour, minute=minute)
    return Wish(minutes=minutes)


def _clock(named: Mapping[str, str], words: Mapping[str, Any]) -> tuple[int | None, int] | None:
    """Return hour and minute, (None, 0) where none is named, None where there is no such time."""
    if "part" in named:
        return words["parts"][named["part"]], 0
    if "hour" not in named:
        return None, 0
    hour, minute = int(named["hour"]), int(named.get("minute", 0))
    half = words["half_forms"].get(named.get("half", ""))
    if half is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * half
    elif "minute" not in named and 1 <= hour < 8:
        hour += 12
    return (hour, minute) if hour < 24 and minute < 60 else None


def _weekday(name: str | None, words: Mapping[str, Any]) -> int | None:
    found = (number for number, names in enumerate(words["weekday_forms"]) if name in names)
    return next(found, None)


def _plain(text: str) -> str:
    return re.sub(r"[^\w:.\- ]+", "", " ".join(text.lower().replace("\u2019", "'").split())).strip(" .")


def _any(forms: Any) -> str:
    return "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))


def _words(language: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = texts_of(language)["times"]
    return found
