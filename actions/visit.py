"""The doctor's visit: his script after the rehearsal, and the page to show, seen and changed before it is made."""

from __future__ import annotations

from collections.abc import Mapping

from rasa_sdk import Tracker

from actions import keeping
from actions.guide import PICKS, Here, hook
from actions.guide_book import guides
from actions.message import database
from bot.records import doctor_note
from bot.records.doctor_note import LINES

_SCRIPT = ("opening", "since", "request")
_NIGHTS = 5  # check-ins that say something about sleep
_BAD = frozenset({"badly", "hardly at all"})


@hook("visit_rehearsed")
def show_script(here: Here) -> str | None:
    """Show his three lines as one script; they go on into the note."""
    lines = [here.given[name] for name in _SCRIPT if here.given.get(name)]
    if not lines:
        return "visit.rehearse"
    here.dispatcher.utter_message(text="\n\n".join(lines))
    here.given.setdefault("words", here.given.get("opening", ""))
    return "visit.script"


@hook("visit_fresh")
def offer_nights(here: Here) -> str | None:
    """Offer what his check-ins say about the nights, so that he need not type it."""
    nights = [row["sleep"] for row in keeping.kept(here.tracker, "mood") if row.get("sleep")][:_NIGHTS]
    if len(nights) == _NIGHTS:
        bad = sum(night in _BAD for night in nights)
        line = _words()["slept"].format(bad=bad, count=_NIGHTS)
        here.given[PICKS] = [[line[0].upper() + line[1:], "visit.note_drink", f"sleep:{line}"]]
    return None


@hook("visit_preview")
def preview(here: Here) -> str | None:
    """Show the page in words before it is made."""
    titles = _words()
    shown = [f"{titles[name]}:\n{here.given[name]}" for name in LINES if here.given.get(name)]
    if not shown:
        return "visit.empty"
    scores = _scores(here.tracker)
    here.dispatcher.utter_message(text="\n\n".join([*shown, *([f"{titles['scores']}:\n{scores}"] if scores else [])]))
    return "visit.ready"


@hook("visit_lines")
def offer_lines(here: Here) -> str | None:
    """Offer each line to be changed."""
    here.given[PICKS] = [[_words()[name], "visit.line", f"line:{name}"] for name in LINES]
    return None


@hook("visit_changed")
def change_line(here: Here) -> str | None:
    """Put the new line in the place of the old one; an empty one takes it out."""
    name = here.given.pop("line", "")
    if name in LINES:
        here.given[name] = here.given.pop("new", "")
    return None


@hook("visit_made")
def make(here: Here) -> str | None:
    """Send the page as a picture and as a PDF; both are drawn when they go out."""
    lines = {name: here.given[name] for name in LINES if here.given.get(name)}
    if not lines:
        return "visit.empty"
    titles = _words()
    content = doctor_note.facts_of(lines, titles, _scores(here.tracker))
    alt = titles["alt"].format(lines=", ".join(titles[name].lower() for name in lines))
    for made, response in (("doctor_note", "utter_visit_picture"), ("doctor_note_pdf", "utter_visit_pdf")):
        paper = {"make": made, "content": content, "alt": alt}
        here.dispatcher.utter_message(response=response, json_message={"paper": paper})
    return None


def _scores(tracker: Tracker) -> str:
    with database().read() as session:
        return doctor_note.scores_for(session, tracker.sender_id)


def _words() -> Mapping[str, str]:
    return guides()["visit"].words
