"""What the talk remembers about him beyond the open theme: steps he was offered or took, and the thing that waits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet

from actions.message import Events
from bot.clock import utc_now

SLOT = "talk"
FRESH_FOR = timedelta(days=7)  # a step is not offered again before


def remembered(tracker: Tracker) -> dict[str, Any]:
    """Return a copy of what is remembered.

    ``steps``: day on which each step was offered last; ``kind``: his kind of answer in the open theme; ``step``: the
    step that is offered; ``other``: the theme that waits; ``taken``: theme and day of the step that he took and has
    not been asked about.
    """
    return dict(tracker.get_slot(SLOT) or {})


def remember(tracker: Tracker, **changes: Any) -> Events:
    """Change what is remembered and return the event that keeps it; None forgets a thing."""
    kept = {name: value for name, value in {**remembered(tracker), **changes}.items() if value is not None}
    tracker.slots[SLOT] = kept  # a second change in the same turn builds on this one
    return [SlotSet(SLOT, kept)]


def fresh_step(memory: dict[str, Any], steps: Iterable[str]) -> str | None:
    """Return the first step that he was not offered within a week, or None."""
    given = memory.get("steps", {})
    oldest = utc_now().date() - FRESH_FOR
    return next((step for step in steps if step not in given or date.fromisoformat(given[step]) <= oldest), None)


def with_step(memory: dict[str, Any], step: str) -> dict[str, str]:
    """Return the steps offered, this one among them; what is older than a week is forgotten."""
    oldest = utc_now().date() - FRESH_FOR
    kept = {name: day for name, day in memory.get("steps", {}).items() if date.fromisoformat(day) > oldest}
    return {**kept, step: utc_now().date().isoformat()}
