"""The talk about his own life: what the screening, a button or a plain question sets off."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import beside, direct_question, imminent, safety_steps
from actions.flow import Flow, set_slots
from actions.message import Events, codes_read, intent_read, is_likely, likeliest_code
from actions.not_understood import NotUnderstood
from actions.resume import return_to
from actions.safety_state import ANSWERS, CHANGED, CHECK, FROM_CONCERN, IMMINENT, QUESTIONS, is_open, step_of
from actions.stay import next_minute, stay
from bot.clock import utc_now

# Ordinary talk about wives, bosses and phones comes near these intents; a crisis needs no such bar.
LIKELY_OUT_OF_THE_BLUE = 0.6


class Crisis(Flow):
    """He wrote something that was screened as high or imminent; the gate has given numbers already."""

    is_safety = True

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_crisis"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Ask directly; where that was done take the message as an answer; where time is short act first."""
        step = step_of(tracker)
        if intent_read(tracker) == "crisis_imminent" or step in (IMMINENT, CHECK, CHANGED):
            return [*imminent.begin(dispatcher), *beside.closed()]
        if step in QUESTIONS:
            return safety_steps.take(dispatcher, tracker)
        if step in (direct_question.ASKED, direct_question.ASKED_TWICE):
            return direct_question.begin_questions(dispatcher, tracker)  # the gate has told staff what he wrote
        if step == direct_question.TOLD:
            return stay(dispatcher)
        return [*direct_question.ask(dispatcher), SlotSet(ANSWERS, None), *beside.closed()]


class SafetyAnswer(Flow):
    """He pressed an answer to one of the questions."""

    is_safety = True

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_safety_answer"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Only a clear no moves on, and it closes nothing for staff."""
        return direct_question.take_pressed(dispatcher, tracker)


class Grounding(Flow):
    """One minute that can be got through."""

    is_safety = True

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_grounding"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Guide through it, then come back to what is open, or ask how it stands."""
        dispatcher.utter_message(response="utter_grounding")
        if step_of(tracker) in (IMMINENT, CHECK, *QUESTIONS):
            return direct_question.again(dispatcher, tracker)
        return direct_question.ask(dispatcher, "utter_safety_ask_again")


class Concern(Flow):
    """He said something dark that is not yet a wish to die: ask gently, once a day."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_concern"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Ask whether he thinks of ending his life; if he was asked today, go by what he answered."""
        today = utc_now().date().isoformat()
        codes = codes_read(tracker)
        if tracker.get_slot("concern_asked_on") != today:
            events = direct_question.ask(dispatcher, "utter_concern_ask", origin=FROM_CONCERN)
            kept = {
                "concern_asked_on": today,
                "concern_answer": None,
                "concern_theme": tracker.get_slot("theme") or next(iter(codes), None),
            }
            return [*events, *set_slots({**kept, ANSWERS: None})]
        if tracker.get_slot("concern_answer") == "yes":
            return stay(dispatcher)
        if codes:
            return return_to(dispatcher, tracker, codes[0])
        dispatcher.utter_message(response="utter_low_mood")
        return set_slots({"theme": None, "theme_stage": None})


class Honest(Flow):
    """He asks what happens if he takes help, or says why he will not."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_honest"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Say how it is; nothing is promised that cannot be kept."""
        intent = intent_read(tracker)
        if step_of(tracker) is None and not is_likely(tracker, LIKELY_OUT_OF_THE_BLUE):
            code = likeliest_code(tracker)  # these words belong to a crisis; without one they are seldom meant
            if code is not None:
                return return_to(dispatcher, tracker, code)
            return NotUnderstood().turn(dispatcher, tracker)
        if intent == "took_it_back":  # said out of the blue: nothing is open that it could take back
            dispatcher.utter_message(response="utter_took_it_back")
            return []
        buttons = [] if is_open(tracker) else next_minute()[:1]
        dispatcher.utter_message(response=f"utter_{intent}", buttons=buttons)
        return []
