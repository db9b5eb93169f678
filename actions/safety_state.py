"""Where the talk about his life stands: the names of its steps and slots, and buttons that know what they answer."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet

from actions.message import Button, Events, button, last_user_event, pressed_value

STEP, TIMES, ANSWERS, ORIGIN = "safety_step", "safety_times", "safety_answers", "safety_origin"
ASKED, ASKED_TWICE, TOLD, PASSED = "asked", "asked_twice", "told", "passed"
HOW, NEAR, WHEN, DONE = "how", "near", "when", "done"
IMMINENT, CHECK, CHANGED = "imminent", "imminent_check", "changed"
QUESTIONS = (HOW, NEAR, WHEN, DONE)
OPEN = (ASKED, ASKED_TWICE, TOLD, *QUESTIONS, IMMINENT, CHECK, CHANGED)
_SESSION = "session_started"
FROM_CONCERN, FROM_CRISIS = "concern", "crisis"


def step_of(tracker: Tracker) -> str | None:
    """Return the step that is open, passed, or None."""
    found: str | None = tracker.get_slot(STEP)
    return found


def is_open(tracker: Tracker) -> bool:
    """Return whether something about his life was asked or told and he has not answered."""
    return step_of(tracker) in OPEN


def move(step: str | None, *, times: int = 1) -> Events:
    """Return the events that open a step, or close the last one."""
    return [SlotSet(STEP, step), SlotSet(TIMES, times)]


def keep(values: dict[str, Any]) -> Events:
    """Return the events that set slots."""
    return [SlotSet(name, value) for name, value in values.items()]


def step_button(title: str, step: str, answer: str) -> Button:
    """Return a button that says which question it answers: an old one must not answer a newer question."""
    return button(title, f'/safety_step{{"answer": "{step}:{answer}"}}')


def pressed_answer(tracker: Tracker, step: str) -> str | None:
    """Return what a button of this step stands for; None for words and for other steps' buttons."""
    pressed = pressed_value(tracker, "answer")
    asked, _, answer = (pressed or "").partition(":")
    return answer if answer and asked == step else None


def is_pressed(tracker: Tracker) -> bool:
    """Return whether he pressed a button or sent a command rather than words."""
    return str(last_user_event(tracker).get("text") or "").startswith("/")


def comes_back(tracker: Tracker) -> bool:
    """Return whether this is his first message after hours away: Rasa begins a session then.

    In that very turn the events of the session before still stand in front of it.
    """
    since = list(takewhile(lambda event: event.get("event") != _SESSION, reversed(tracker.events)))
    return sum(event.get("event") == "user" for event in since) == 1
