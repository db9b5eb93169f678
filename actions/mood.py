"""The check-in: one number from 0 to 10."""

from __future__ import annotations

import re

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.flow import Flow
from actions.message import Events, button, database, message_id, pressed_value, words
from actions.phq9 import AnswerPhq9, answers_question
from bot.clock import utc_now
from bot.records import keep_score, scores_of
from bot.storage.models import Person
from bot.turns.commit import keeps_log

_RATING = re.compile(r"(?<![\d.])(10|\d)(?![\d.:])")


class MoodCheckin(Flow):
    """Take a rating, or ask for one."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_mood"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Keep the number if there is one."""
        if answers_question(tracker):
            return AnswerPhq9().turn(dispatcher, tracker)
        rating = _rating(tracker)
        if rating is None:
            choices = [button(str(number), f'/mood_checkin{{"mood": "{number}"}}') for number in range(11)]
            dispatcher.utter_message(response="utter_mood_checkin", buttons=choices)
            return []
        before = _keep(tracker, rating)
        dispatcher.utter_message(response=_reply(rating, before), mood=str(rating), before=str(before))
        return []


def _rating(tracker: Tracker) -> int | None:
    pressed = pressed_value(tracker, "mood")
    if pressed is not None:
        return int(pressed)
    found = _RATING.search(words(tracker))
    return int(found.group(1)) if found else None


def _reply(rating: int, before: int | None) -> str:
    if before is not None and before != rating:
        return "utter_mood_up" if rating > before else "utter_mood_down"
    return "utter_mood_low" if rating <= 3 else "utter_mood_noted"


def _keep(tracker: Tracker, rating: int) -> int | None:
    """Keep the rating and return the one before it, if there is one."""
    with database().write() as session:
        if session.get(Person, tracker.sender_id) is None or not keeps_log(session, tracker.sender_id):
            return None
        earlier = scores_of(session, tracker.sender_id, "mood")
        keep_score(
            session,
            person_id=tracker.sender_id,
            kind="mood",
            body={"mood": rating},
            message_id=message_id(tracker),
            at=utc_now(),
        )
        return int(earlier[-1]["mood"]) if earlier else None
