"""Where he is in the nine questions: asked now, or set aside till he goes on."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet

from actions.message import Events

ANSWERS, ASIDE = "phq9_answers", "phq9_aside"


def is_open(tracker: Tracker) -> bool:
    """Return whether a bare number would be an answer."""
    return tracker.get_slot(ANSWERS) is not None


def begun(tracker: Tracker) -> list[int]:
    """Return the answers so far, of the open questionnaire or of the one that waits."""
    return list(tracker.get_slot(ANSWERS) or tracker.get_slot(ASIDE) or [])


def ask(answers: list[int]) -> Events:
    """Return the events with which the next question is open."""
    return [SlotSet(ANSWERS, answers), SlotSet(ASIDE, None)]


def over() -> Events:
    """Return the events with which nothing of it is open or waits."""
    return [SlotSet(ANSWERS, None), SlotSet(ASIDE, None)]


def pause(tracker: Tracker) -> Events:
    """Return the events that set it aside with its answers; none where it is not open."""
    if not is_open(tracker):
        return []
    return [SlotSet(ANSWERS, None), SlotSet(ASIDE, tracker.get_slot(ANSWERS) or None)]
