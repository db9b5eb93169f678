"""Signposts: the places that fit a need best, each with the reason why it is named; nearest first on request."""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

from bot.directory.entries import MOST_SIGNPOSTS, URGENT, Entry, entries, find

# What he asks for, as the dialogue reads it, and the kind of entry that answers it.
NEED_OF = {
    "ask_gp": "doctor",
    "find_doctor": "doctor",
    "ask_group": "men",
    "find_group": "men",
    "ask_therapist": "therapy",
    "ask_local_service": "service",
    "ask_helpline": "crisis",
}
EARTH_KM = 6371.0  # mean radius
CLOSE_KM, IN_REACH_KM = 10.0, 60.0  # a short ride; within an hour by car. Beyond it a place counts as far
Position = tuple[float, float]  # latitude and longitude in degrees


@dataclass(frozen=True)
class Sign:
    """One place, and why it is named: ``close``, ``in_reach``, ``men_only``, ``language``, ``now``, ``free``, ``text``.

    Attributes:
        why: The reasons, the strongest first; may be empty.
        is_foreign: Whether it is not known to speak his language, though its languages are known.
    """

    entry: Entry
    why: tuple[str, ...]
    is_foreign: bool


def signposts(
    need: str, region: str, *, language: str = "en", near: Position | None = None, most: int = MOST_SIGNPOSTS
) -> list[Sign]:
    """Return the places that fit best, best first.

    What speaks his language comes before what does not, what is near before what is far; then the file's order, which
    is its maker's order of preference. In a crisis that order stands alone, so that a checked number comes first.

    Args:
        need: A kind of entry, such as ``men``.
        region: Where he is.
        language: ISO 639-1 code, possibly with a country.
        near: Where he stands, if he shared it; used here and kept nowhere.
        most: How many.
    """
    code = language[:2].lower()
    found = find(need, region, most=len(entries()))
    if need not in URGENT:
        found.sort(key=lambda entry: (_is_foreign(entry, code), _step(entry, near)))
    return [Sign(entry, _why(entry, code, near), _is_foreign(entry, code)) for entry in found[:most]]


def distance_km(here: Position, there: Position) -> float:
    """Return the distance along the surface, in kilometres (haversine formula)."""
    (lat, lon), (other_lat, other_lon) = here, there
    up, across = radians(other_lat - lat) / 2, radians(other_lon - lon) / 2
    half = sin(up) ** 2 + cos(radians(lat)) * cos(radians(other_lat)) * sin(across) ** 2
    return 2 * EARTH_KM * asin(sqrt(min(1.0, half)))


def _km(entry: Entry, near: Position | None) -> float | None:
    if near is None or entry.place is None:
        return None
    return distance_km(near, (entry.place.lat, entry.place.lon))


def _step(entry: Entry, near: Position | None) -> float:
    """Return what to sort by: the distance where it is within reach, else the same for all."""
    km = _km(entry, near)
    return km if km is not None and km <= IN_REACH_KM else IN_REACH_KM + 1


def _why(entry: Entry, language: str, near: Position | None) -> tuple[str, ...]:
    km = _km(entry, near)
    reasons = {
        "close": km is not None and km <= CLOSE_KM,
        "in_reach": km is not None and CLOSE_KM < km <= IN_REACH_KM,
        "men_only": entry.men_only,
        "language": language != "en" and language in entry.languages,
        "now": entry.hours == "24/7",
        "free": entry.cost == "free",
        "text": bool(entry.text),
    }
    return tuple(reason for reason, holds in reasons.items() if holds)


def _is_foreign(entry: Entry, language: str) -> bool:
    return bool(entry.languages) and language not in entry.languages
