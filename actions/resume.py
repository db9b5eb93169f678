"""Where he was when the talk about his life began, and how he gets back there."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import guide, phq9_state, theme_talk
from actions.message import Button, Events, button


def return_to(dispatcher: CollectingDispatcher, tracker: Tracker, theme: str) -> Events:
    """Go on with a theme where it was left; reflect on it first where it was not open."""
    if tracker.get_slot(theme_talk.THEME) == theme and tracker.get_slot(theme_talk.STAGE):
        return theme_talk.put_again(dispatcher, tracker)
    return theme_talk.take_up(dispatcher, theme)


def ways_back(tracker: Tracker) -> list[Button]:
    """Return a button for each thing that was interrupted; none where nothing was."""
    ways = []
    if phq9_state.begun(tracker):
        ways.append(button("Go on with the questions", "/phq9"))
    if tracker.get_slot("plan"):
        ways.append(button("Go on with my plan", "/safety_plan"))
    ways += guide.way_back(tracker)
    theme = tracker.get_slot(theme_talk.THEME)
    if theme:
        ways.append(button("Go on where we were", f"/{theme}"))
    return ways
