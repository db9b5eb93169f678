"""The thought check: his own words shown as a whole, and kept with his notes if he likes."""

from __future__ import annotations

from actions import keeping
from actions.guide import Given, Here, hook
from actions.guide_book import guides
from bot.records.notes import NOTE

_PARTS = ("thought", "pro", "con", "fair")


@hook("thought_whole")
def show(here: Here) -> str | None:
    """Show the thought, both sides, and what he would tell a mate."""
    if not all(here.given.get(part) for part in _PARTS):
        return "thought.begin"
    here.dispatcher.utter_message(text=_whole(here.given))
    return "thought.shown"


@hook("thought_keep")
def keep(here: Here) -> str | None:
    """Keep it as a note."""
    if not here.given.get("thought"):
        return "thought.begin"
    return None if keeping.keep(here.tracker, NOTE, {"words": _whole(here.given)}) else "notes.unlogged"


def _whole(given: Given) -> str:
    titles = guides()["thought"].words
    return "\n\n".join(f"{titles[part]}:\n{given[part]}" for part in _PARTS if given.get(part))
