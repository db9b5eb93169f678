"""Notes to himself, and what helped before: written, read, taken up, deleted."""

from __future__ import annotations

from typing import Any

from actions import keeping
from actions.guide import PICKS, Here, hook
from bot.records.notes import NOTE, STRENGTH

_SHOWN = 8  # of a list, the newest: more would be a wall
_LABEL = 40  # characters of a button
_BUBBLE = 400  # characters of a note that is shown


@hook("notes_open")
def open_notes(here: Here) -> str | None:
    """Let nobody write who wants nothing kept."""
    return None if keeping.may_keep(here.tracker) else "notes.unlogged"


@hook("notes_keep")
def keep_note(here: Here) -> str | None:
    """Keep a note."""
    said = here.given.pop("note", "")
    if not said:
        return "notes.begin"
    return None if keeping.keep(here.tracker, NOTE, {"words": said}) else "notes.unlogged"


@hook("notes_read")
def read_notes(here: Here) -> str | None:
    """Show the newest notes with their days."""
    rows = keeping.kept(here.tracker, NOTE)[:_SHOWN]
    for row in rows:
        here.dispatcher.utter_message(text=f"{row['at']:%Y-%m-%d}\n{row['words'][:_BUBBLE]}")
    return None if rows else "notes.none"


@hook("notes_which")
def which_note(here: Here) -> str | None:
    """Offer the newest notes to be deleted."""
    here.given[PICKS] = _choices(keeping.kept(here.tracker, NOTE), "notes.gone")
    return None if here.given[PICKS] else "notes.none"


@hook("notes_delete")
def delete_note(here: Here) -> str | None:
    """Delete the one he picked."""
    keeping.drop(here.tracker, here.given.pop("id", ""))
    return None


@hook("strengths_open")
def open_strengths(here: Here) -> str | None:
    """Show what helped, or ask for the first."""
    if not keeping.may_keep(here.tracker):
        return "strengths.unlogged"
    rows = keeping.kept(here.tracker, STRENGTH)[:_SHOWN]
    if not rows:
        return "strengths.empty"
    here.dispatcher.utter_message(text="\n".join(f"- {row['words'][:_BUBBLE]}" for row in rows))
    return None


@hook("strengths_keep")
def keep_strength(here: Here) -> str | None:
    """Keep one thing that helped."""
    said = here.given.pop("helped", "")
    if not said:
        return "strengths.begin"
    return None if keeping.keep(here.tracker, STRENGTH, {"words": said}) else "strengths.unlogged"


@hook("strengths_pick")
def pick_strength(here: Here) -> str | None:
    """Offer what helped as the one thing today."""
    rows = keeping.kept(here.tracker, STRENGTH)[:_SHOWN]
    here.given[PICKS] = [[_short(row["words"]), "strengths.today", f"what:{_plain(row['words'])}"] for row in rows]
    return None if rows else "strengths.empty"


@hook("strengths_which")
def which_strength(here: Here) -> str | None:
    """Offer what helped to be taken off."""
    here.given[PICKS] = _choices(keeping.kept(here.tracker, STRENGTH), "strengths.gone")
    return None if here.given[PICKS] else "strengths.empty"


@hook("strengths_delete")
def delete_strength(here: Here) -> str | None:
    """Delete the one he picked."""
    keeping.drop(here.tracker, here.given.pop("id", ""))
    return None


@hook("minute_helps")
def keep_minute(here: Here) -> str | None:
    """Put the exercise with what helps."""
    is_kept = keeping.keep(here.tracker, STRENGTH, {"words": "a steady minute (/minute)"})
    return None if is_kept else "strengths.unlogged"


def _choices(rows: list[dict[str, Any]], target: str) -> list[list[str]]:
    return [[_short(row["words"]), target, f"id:{row['id']}"] for row in rows[:_SHOWN]]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LABEL else f"{line[: _LABEL - 3]}..."


def _plain(text: str) -> str:
    """Return what may travel inside a button's payload, which is JSON in a line."""
    return " ".join(text.replace('"', "'").replace("\\", "/").replace("{", "(").replace("}", ")").split())[:120]
