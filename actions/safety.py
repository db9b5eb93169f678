"""After the gate has answered a message in crisis: ask directly, stay, and offer the next minute."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import direct_question
from actions.direct_question import STEP, TOLD
from actions.flow import Flow, set_slots
from actions.message import Events, codes_read, intent_read, screened_level
from actions.themes import open_theme
from bot.clock import utc_now
from bot.crisis import Level


class Crisis(Flow):
    """He wrote something that was screened as high or imminent; the gate has given numbers already."""

    is_safety = True

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_crisis"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Ask directly; where that was done or time is short, stay with what he can do now."""
        if intent_read(tracker) == "crisis_imminent":
            dispatcher.utter_message(response="utter_safety_imminent", buttons=direct_question.next_minute())
            return [SlotSet(STEP, TOLD)]
        if tracker.get_slot(STEP) is not None:
            return direct_question.stay(dispatcher)
        return direct_question.ask(dispatcher)


class SafetyAnswer(Flow):
    """He pressed an answer to the direct question."""

    is_safety = True

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_safety_answer"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Only a clear no moves on, and it closes nothing for staff."""
        return direct_question.take_answer(dispatcher, tracker) or []


class Grounding(Flow):
    """One minute that can be got through."""

    is_safety = True

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_grounding"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Guide through it, then ask how it stands."""
        dispatcher.utter_message(response="utter_grounding")
        return direct_question.ask(dispatcher, "utter_safety_ask_again")


class Violence(Flow):
    """He is close to hurting somebody; the gate has said to get out of the room first."""

    is_safety = True

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_violence"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Stay with the next minute."""
        dispatcher.utter_message(response="utter_violence_stay")
        return []


class Concern(Flow):
    """He said something dark that is not yet a wish to die: ask gently, once a day."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_concern"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Ask whether he thinks of ending his life, or take up his theme if he was asked today."""
        today = utc_now().date().isoformat()
        if tracker.get_slot("concern_asked_on") != today:
            events = direct_question.ask(dispatcher, "utter_concern_ask")
            return [*events, SlotSet("concern_asked_on", today)]
        codes = codes_read(tracker)
        if codes:
            return open_theme(dispatcher, tracker, codes[0])
        dispatcher.utter_message(response="utter_low_mood")
        return set_slots({"theme": None, "theme_stage": None})


class OtherPerson(Flow):
    """He is worried that somebody else may take his life."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_other_person"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Say what helps the helper, with the region's numbers; at a high level the gate has said it already."""
        if screened_level(tracker) >= Level.HIGH:
            dispatcher.utter_message(response="utter_other_person_now")
            return []
        dispatcher.utter_message(response="utter_other_person")
        dispatcher.utter_message(response="utter_other_person_lines")
        return []
