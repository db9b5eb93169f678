"""Where a man's clock stands, when he wants to be left alone, and how a time is written for him."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date, datetime, time, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.clock import Quiet, next_at, out_of_quiet
from bot.content import clock_time, label, say, weekday_name
from bot.errors import KeyMissingError, SealBrokenError
from bot.logs import log_event
from bot.storage.models import Person
from bot.turns.people import settings_of

NIGHT = (21, 8)  # quiet hours of who has chosen none
# The clocks of a region. Where there is one, nobody is asked; where there are several, he is, once it matters.
ZONES = {
    "us-miami": ("America/New_York",),
    "us": (
        *("America/New_York", "America/Chicago", "America/Denver", "America/Phoenix"),
        *("America/Los_Angeles", "America/Anchorage", "Pacific/Honolulu"),
    ),
    "uk": ("Europe/London",),
    "de": ("Europe/Berlin",),
    "elsewhere": (
        *("Europe/Dublin", "Europe/Paris", "Europe/Athens", "Africa/Johannesburg", "Asia/Dubai", "Asia/Kolkata"),
        *("Asia/Singapore", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland"),
        *("America/Toronto", "America/Vancouver", "America/Mexico_City", "America/Sao_Paulo"),
    ),
}
ALL_ZONES = frozenset(name for names in ZONES.values() for name in names)
TWELVE_HOURS = ("us-miami", "us")  # regions that write 7 pm rather than 19:00
_log = logging.getLogger("ballast.time")


def zone_name(his: Mapping[str, Any]) -> str | None:
    """Return the name of his time zone, or None where his region has several and he was not asked yet."""
    names = ZONES[his["region"]]
    chosen: str | None = his.get("zone")
    if chosen in ALL_ZONES:
        return chosen
    return names[0] if len(names) == 1 else None


def zone_of(his: Mapping[str, Any]) -> tzinfo | None:
    """Return his time zone, or None while it is not known."""
    name = zone_name(his)
    return None if name is None else _zone(name)


def likely_zone(his: Mapping[str, Any]) -> tzinfo:
    """Return his zone, or the first of his region: good enough for the day on which a pause ends."""
    return _zone(zone_name(his) or ZONES[his["region"]][0])


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:  # a machine without the tz database: better a wrong hour than no bot
        log_event(_log, "time.no_zones", level=logging.ERROR)
        return timezone.utc


def quiet_of(his: Mapping[str, Any]) -> Quiet:
    """Return his quiet hours; None where he wants none."""
    chosen = his.get("quiet", NIGHT)
    return (int(chosen[0]), int(chosen[1])) if chosen else None


def awake_from(his: Mapping[str, Any], at: datetime) -> datetime:
    """Return the moment itself or the end of the quiet hours that it lies in; itself while his zone is not known."""
    zone = zone_of(his)
    return at if zone is None else out_of_quiet(at, zone, quiet_of(his))


def awake_at(person: Person, at: datetime) -> datetime:
    """Return ``awake_from`` for a man; the moment itself where his settings cannot be opened."""
    try:
        return awake_from(settings_of(person), at)
    except (SealBrokenError, KeyMissingError):
        log_event(_log, "time.settings_unreadable", level=logging.ERROR, person=person.id)
        return at


def day_begins(day: date, zone: tzinfo) -> datetime:
    """Return the first moment of a day where his clock stands, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(timezone.utc)


def next_time(his: Mapping[str, Any], after: datetime, hour: int, minute: int, weekday: int | None) -> datetime:
    """Return when his clock next shows this time outside his quiet hours; his zone must be known."""
    zone = likely_zone(his)
    return out_of_quiet(next_at(after, zone, hour, minute, weekday), zone, quiet_of(his))


def time_words(his: Mapping[str, Any], hour: int, minute: int = 0) -> str:
    """Return a time as he writes it: ``7 pm`` or ``19:00``."""
    return clock_time(hour, minute, twelve_hours=his["region"] in TWELVE_HOURS)


def moment_words(his: Mapping[str, Any], moment: datetime, at: datetime) -> str:
    """Return a coming moment as he says it: ``today at 7 pm``, ``on Friday at 09:00``, ``on 2026-12-24 at ...``."""
    zone = likely_zone(his)
    then, today = moment.astimezone(zone), at.astimezone(zone).date()
    words = {"time": time_words(his, then.hour, then.minute), "day": weekday_name(then.weekday())}
    ahead = (then.date() - today).days
    if ahead > 6:
        words["day"] = f"{then:%Y-%m-%d}"
    name = {0: "when_today", 1: "when_tomorrow"}.get(ahead, "when_once")
    return say(name, his["region"], words=words)[0]


def day_words(his: Mapping[str, Any], moment: datetime, at: datetime) -> str:
    """Return the day of a coming moment: ``tomorrow``, ``Friday`` or ``2026-12-24``."""
    zone = likely_zone(his)
    then, today = moment.astimezone(zone).date(), at.astimezone(zone).date()
    ahead = (then - today).days
    if ahead == 1:
        return label("tomorrow")
    return weekday_name(then.weekday()) if ahead < 7 else f"{then:%Y-%m-%d}"


def quiet_words(his: Mapping[str, Any], quiet: Quiet) -> str:
    """Return quiet hours as he reads them."""
    if quiet is None:
        return label("quiet_none")
    begins, ends = (time_words(his, hour) for hour in quiet)
    return say("when_quiet", his["region"], words={"begins": begins, "ends": ends})[0]
