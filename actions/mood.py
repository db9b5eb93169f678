"""The check-in: a number from 0 to 10, typed or tapped; a word and the night follow in its guide."""

from __future__ import annotations

import re

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import guide, stopping
from actions.flow import Flow
from actions.message import Events, pressed_value, words
from actions.phq9 import AnswerPhq9, answers_question

_RATING = re.compile(r"(?<![\d.])(10|\d)(?![\d.:])")


class MoodCheckin(Flow):
    """Take a rating, or ask for one."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_mood"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Begin the check-in, behind its first question where he has given a number already."""
        if answers_question(tracker):
            return AnswerPhq9().turn(dispatcher, tracker)
        rating = _rating(tracker)
        at, given = ("checkin.begin", {}) if rating is None else ("checkin.rated", {"rating": rating})
        return [*stopping.aside(tracker), *guide.enter(dispatcher, tracker, at, given)]


def _rating(tracker: Tracker) -> str | None:
    pressed = pressed_value(tracker, "mood")
    if pressed is not None:
        return pressed
    found = _RATING.search(words(tracker))
    return found.group(1) if found else None
