"""Read and search ``entries.yml``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from bot.clock import utc_now
from bot.config import REGIONS
from bot.errors import DirectoryError

KINDS = frozenset({"emergency", "crisis", "men", "doctor", "therapy", "service", "directory"})
URGENT = frozenset({"emergency", "crisis"})
STALE_AFTER = timedelta(days=90)
MOST_SIGNPOSTS = 3


@dataclass(frozen=True)
class Place:
    """Where an entry is: the middle of the area that is known, in degrees, never an address that is not."""

    area: str
    lat: float
    lon: float


@dataclass(frozen=True)
class Entry:
    """One place to turn to. Empty text means unknown; it is left out of what he reads.

    Attributes:
        place: Only where it is known; lines that are called have none.
        checked_on: Day on which the source was last read, or None.
    """

    id: str
    kinds: tuple[str, ...]
    regions: tuple[str, ...]
    name: str
    what: str
    phone: str = ""
    text: str = ""
    web: str = ""
    hours: str = ""
    cost: str = ""
    languages: tuple[str, ...] = ()
    men_only: bool = False
    source: str = ""
    checked_on: date | None = None
    place: Place | None = None

    def missing(self) -> tuple[str, ...]:
        """Return the fields that are unknown and that a man would want to know."""
        is_emergency = "emergency" in self.kinds  # known to everybody, free, and reached in one way only
        named = ("source", "checked_on") if is_emergency else ("languages", "hours", "cost", "source", "checked_on")
        unknown = [name for name in named if not getattr(self, name)]
        has_way = self.phone or self.text or self.web or is_emergency
        return (*unknown, *(() if has_way else ("phone, text or web",)))

    def is_stale(self, today: date) -> bool:
        """Return whether the entry was never checked or more than 90 days ago."""
        return self.checked_on is None or today - self.checked_on > STALE_AFTER


class Change(NamedTuple):
    """What a clinic says about one entry: how it reads now, or None where no man is told of it any more."""

    entry_id: str
    entry: Entry | None


_changes: dict[str, Entry | None] = {}


def use_changes(changes: Iterable[Change]) -> None:
    """Have a clinic's own changes stand above the file in this process, in place of those given before."""
    found = {change.entry_id: change.entry for change in changes}
    _changes.clear()
    _changes.update(found)


def entries() -> tuple[Entry, ...]:
    """Return all entries in the file's order, which is also the order of preference; what a clinic added comes last.

    Raises:
        DirectoryError: An entry is malformed or its id stands twice.
    """
    filed = own_entries()
    changes = dict(_changes)
    if not changes:
        return filed
    known = {entry.id for entry in filed}
    found = [changes.get(entry.id, entry) for entry in filed]
    found += [entry for entry_id, entry in changes.items() if entry_id not in known]
    return tuple(entry for entry in found if entry is not None)


@cache
def own_entries() -> tuple[Entry, ...]:
    """Return the entries of the file alone.

    Raises:
        DirectoryError: An entry is malformed or its id stands twice.
    """
    rows = yaml.safe_load(Path(__file__).with_name("entries.yml").read_text(encoding="utf-8"))
    found = tuple(_entry(row) for row in rows)
    if len({entry.id for entry in found}) != len(found):
        raise DirectoryError("An id stands twice in the directory.")
    return found


def entry_of(row: dict[str, Any]) -> Entry:
    """Return one entry from its fields, as they stand in the file or in a clinic's change.

    Raises:
        DirectoryError: A field is missing, unknown or malformed.
    """
    if not isinstance(row, dict) or not row.get("id") or not row.get("name"):
        raise DirectoryError("A directory entry needs an id and a name.")
    day = row.get("checked_on")
    return _entry({**row, "checked_on": date.fromisoformat(day) if isinstance(day, str) else day})


def _entry(row: dict[str, Any]) -> Entry:
    lists = {key: tuple(row.get(key, ())) for key in ("kinds", "regions", "languages")}
    try:
        places = {"place": Place(**row["place"])} if row.get("place") else {}
        entry = Entry(**{**row, **lists, **places})
    except TypeError as error:
        raise DirectoryError(f"Directory entry {row.get('id')!r} has a missing or unknown field.") from error
    if not set(entry.kinds) <= KINDS or not set(entry.regions) <= set(REGIONS):
        raise DirectoryError(f"Directory entry {entry.id!r} names an unknown kind or region.")
    return entry


def find(kind: str, region: str, *, most: int = MOST_SIGNPOSTS) -> list[Entry]:
    """Return up to ``most`` entries of a kind for a region, best first: the file's order.

    In a crisis an entry that nobody has checked comes after all that were.
    """
    fitting = [entry for entry in entries() if kind in entry.kinds and region in entry.regions]
    if kind in URGENT:
        fitting.sort(key=lambda entry: entry.checked_on is None)
    return fitting[:most]


def line(entry: Entry) -> str:
    """Return the entry as one line of plain text, with what is known and nothing else."""
    facts = [part for part in (entry.what, entry.hours, _ways(entry)) if part]
    return f"{entry.name}: " + ", ".join(facts) + _doubt(entry, ", look it up first")


def short_line(entry: Entry) -> str:
    """Return name, ways and hours only: what a man in crisis can take in."""
    facts = ", ".join(part for part in (_ways(entry), entry.hours) if part)
    return (f"{entry.name}: {facts}" if facts else entry.name) + _doubt(entry)


def _ways(entry: Entry) -> str:
    phone = "" if entry.phone == entry.name else entry.phone
    ways = [phone and f"call {phone}", entry.text] if phone or entry.text else []
    return ", or ".join(way for way in ways if way) or entry.web.removeprefix("https://")


def _doubt(entry: Entry, then: str = "") -> str:
    if entry.checked_on is None:
        return " (details not checked yet, look them up first)"
    return f" (last checked {entry.checked_on}{then})" if entry.is_stale(utc_now().date()) else ""
