"""When somebody else is in danger, from himself or from the man who writes; when somebody died; when he is hit."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import beside, direct_question
from actions.flow import Flow
from actions.message import Events, intent_read, is_likely, likeliest_code, screened_level
from actions.resume import return_to
from actions.safety import LIKELY_OUT_OF_THE_BLUE
from bot.crisis import Level

_STAY = {
    "crisis_violence": "utter_violence_stay",
    "crisis_partner_harm": "utter_partner_harm_stay",
    "crisis_child_harm": "utter_child_harm_stay",
}


class Violence(Flow):
    """He is close to hurting somebody, or has; at a high level the gate has said to get away first."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_violence"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Stay with the distance; where he is only afraid of his anger, ask gently."""
        intent = intent_read(tracker)
        kind = intent.removeprefix("crisis_")
        if screened_level(tracker) is not Level.CONCERN:
            return _ask(dispatcher, tracker, beside.DISTANCE, _STAY[intent], kind)
        response = "utter_child_anger_ask" if kind == "child_harm" else "utter_own_anger_ask"
        return _ask(dispatcher, tracker, beside.ANGER, response, kind)


class OtherPerson(Flow):
    """He is worried that somebody else may take his life."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_other_person"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Say what helps the helper, with the region's numbers, then ask where the other is."""
        if screened_level(tracker) < Level.HIGH:  # else the gate has said it already
            dispatcher.utter_message(response="utter_other_person")
            dispatcher.utter_message(response="utter_other_person_lines")
        return _ask(dispatcher, tracker, beside.HELPER_WITH, "utter_other_with")


class Bereaved(Flow):
    """Somebody near him died by suicide."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_bereaved"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """No advice and no list: room to tell, and a line if it pulls him under."""
        dispatcher.utter_message(response="utter_bereaved")
        return []


class HitAtHome(Flow):
    """He is hit, threatened or kept in fear at home."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_hit_at_home"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Take it as seriously as if a woman had said it, blame nobody, and ask whether he is safe now."""
        code = None if is_likely(tracker, LIKELY_OUT_OF_THE_BLUE) else likeliest_code(tracker)
        if code is not None and not direct_question.is_open(tracker):
            return return_to(dispatcher, tracker, code)
        return _ask(dispatcher, tracker, beside.HOME, "utter_hit_at_home")


class BesideAnswer(Flow):
    """He pressed an answer to a question that is closed already; an open one was answered before it came here."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_beside_answer"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Say that it is from earlier."""
        dispatcher.utter_message(response="utter_want_to_talk")
        return []


def _ask(dispatcher: CollectingDispatcher, tracker: Tracker, step: str, response: str, kind: str = "") -> Events:
    """Put the question, or only say it where the direct question is open: one question at a time."""
    if direct_question.is_open(tracker):
        dispatcher.utter_message(response=response)
        return []
    return beside.ask(dispatcher, step, response, kind)
