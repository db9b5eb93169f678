"""Where he was when the talk about his life began, and how he gets back there."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import guide, phq9_state
from actions.message import Button, Events, button

OPENED = "opened"


def take_up(dispatcher: CollectingDispatcher, theme: str) -> Events:
    """Reflect on a theme and ask its question."""
    dispatcher.utter_message(response=f"utter_{theme}_reflection")
    dispatcher.utter_message(response=f"utter_{theme}_question")
    return [SlotSet("theme", theme), SlotSet("theme_stage", OPENED)]


def ways_back(tracker: Tracker) -> list[Button]:
    """Return a button for each thing that was interrupted; none where nothing was."""
    ways = []
    if phq9_state.begun(tracker):
        ways.append(button("Go on with the questions", "/phq9"))
    if tracker.get_slot("plan"):
        ways.append(button("Go on with my plan", "/safety_plan"))
    ways += guide.way_back(tracker)
    theme = tracker.get_slot("theme")
    if theme:
        ways.append(button("Go on where we were", f"/{theme}"))
    return ways
