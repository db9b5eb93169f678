"""One thing today: chosen, kept with its time, and asked about when he is here again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import guide, keeping
from actions.guide import Given, Here, hook
from actions.message import Events
from bot.clock import utc_now
from bot.records.notes import ACTIVITY, STRENGTH

_NOT_BEFORE = timedelta(hours=3)  # nobody is asked about a thing for tonight while he is still typing
_ASKED = "today.asked"


def open_question(tracker: Tracker, given: Given, *, again: bool = False) -> str | None:
    """Return where he is asked about the last thing, with it in ``given``; None where nothing is to be asked.

    Unasked it comes up once; where he opens the tool himself (``again``) until it is answered.
    """
    last = _last(tracker)
    if last is None or last.get("done") or (last.get("asked") and not again):
        return None
    if utc_now() - last["at"] < _NOT_BEFORE:
        return None
    keeping.change(tracker, last["id"], {"asked": True})
    given.update({"what": last["what"], "record": last["id"]})
    return _ASKED


def ask_about_last(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    """Ask about it after a greeting; nothing where there is nothing to ask."""
    given: Given = {}
    at = open_question(tracker, given)
    return guide.enter(dispatcher, tracker, at, given) if at else []


@hook("today_open")
def open_today(here: Here) -> str | None:
    """Ask about the last thing first, once."""
    return None if here.given.get("done") else open_question(here.tracker, here.given, again=True)


@hook("today_keep")
def keep_it(here: Here) -> str | None:
    """Keep what he picked and when; who wants no log is told to note it himself."""
    if not here.given.get("what") or not here.given.get("when"):
        return "today.begin"
    if not keeping.keep(here.tracker, ACTIVITY, {"what": here.given["what"], "when": here.given["when"]}):
        here.dispatcher.utter_message(response="utter_today_unlogged", what=here.given["what"], when=here.given["when"])
        return "tools.begin"
    return None


@hook("today_done")
def note_outcome(here: Here) -> str | None:
    """Note how it went, so that it is not asked again."""
    if here.given.get("record"):
        keeping.change(here.tracker, here.given["record"], {"done": here.given.get("done", "no")})
    return None


@hook("today_helps")
def keep_as_strength(here: Here) -> str | None:
    """Put what he did with what helps."""
    if here.given.get("what"):
        keeping.keep(here.tracker, STRENGTH, {"words": here.given["what"]})
    return None


def _last(tracker: Tracker) -> dict[str, Any] | None:
    return next(iter(keeping.kept(tracker, ACTIVITY)), None)
