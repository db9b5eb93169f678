"""A pause: nothing unasked comes until he writes, or until a day that he picked. Check-backs are asked about apart."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from bot.storage.models import Person
from bot.turns.people import change_setting, settings_of

PAUSE = "paused_until"
TILL_HE_WRITES = "writes"
FOR_EVER = datetime(9999, 1, 1, tzinfo=timezone.utc)  # later than any moment that is asked about


def begin(person: Person, until: datetime | None) -> None:
    """Keep quiet until a moment; None: until he writes."""
    change_setting(person, PAUSE, TILL_HE_WRITES if until is None else until.isoformat())


def end(person: Person) -> None:
    """End whatever pause there is."""
    if PAUSE in settings_of(person):
        change_setting(person, PAUSE, None)


def note_word(person: Person) -> None:
    """He wrote: the pause that lasts until he does is over, the one until a day is not."""
    if settings_of(person).get(PAUSE) == TILL_HE_WRITES:
        change_setting(person, PAUSE, None)


def ends_at(his: dict[str, Any], at: datetime) -> datetime | None:
    """Return when his pause ends, ``FOR_EVER`` while only he can end it, None where there is none."""
    kept = his.get(PAUSE)
    if kept is None:
        return None
    until = FOR_EVER if kept == TILL_HE_WRITES else datetime.fromisoformat(kept)
    return until if until > at else None
