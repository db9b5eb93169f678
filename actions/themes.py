"""The main conversation: take up what he is talking about, ask one question, offer one step."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.flow import Flow, set_slots
from actions.message import Button, Events, button, codes_read, intent_read
from actions.phq9 import AnswerPhq9, answers_question
from actions.resume import OPENED, take_up
from bot.codebook import code_ids

STEPPED = "stepped"
# Where a man with this theme may want to be pointed to.
_PEOPLE = {
    "gp_dismissive": "ask_gp",
    "gp_gateway": "ask_gp",
    "mens_group": "ask_group",
    "group_counselling": "ask_group",
    "fellow_patients": "ask_group",
    "unmanly_stigma": "ask_group",
    "hiding_it": "ask_group",
    "solving_it_alone": "ask_gp",
    "trivialised_symptoms": "ask_gp",
    "communication_breakdown": "ask_therapist",
    "intimacy": "ask_therapist",
    "performance_self_worth": "ask_therapist",
}
_ENOUGH = button("Enough for now", "/stop")


class Reflect(Flow):
    """Mirror what he said, tell what men in the study found, ask one question."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_reflect"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Take up the theme, or go on with it when it is the one that is open."""
        theme = _theme_of(tracker)
        if theme is None:
            dispatcher.utter_message(response="utter_want_to_talk")
            return []
        return open_theme(dispatcher, tracker, theme)


def _theme_of(tracker: Tracker) -> str | None:
    intent = intent_read(tracker)
    if intent in code_ids():
        return intent
    return next(iter(codes_read(tracker)), None)


def open_theme(dispatcher: CollectingDispatcher, tracker: Tracker, theme: str) -> Events:
    """Reflect on a theme; if it is open already, go one step further instead of saying it again."""
    if tracker.get_slot("theme") == theme and tracker.get_slot("theme_stage") == OPENED:
        return offer_step(dispatcher, theme)
    return take_up(dispatcher, theme)


def offer_step(dispatcher: CollectingDispatcher, theme: str) -> Events:
    """Acknowledge his answer and offer one small step, and people."""
    dispatcher.utter_message(response="utter_heard")
    dispatcher.utter_message(response=f"utter_{theme}_step", buttons=_after_step(theme))
    return set_slots({"theme": theme, "theme_stage": STEPPED})


def _after_step(theme: str) -> list[Button]:
    people = _PEOPLE.get(theme, "ask_local_service")
    return [
        button("I'll try that", "/affirm"),
        button("Something else", "/next_step"),
        _people(people),
        _ENOUGH,
    ]


def _people(intent: str) -> Button:
    titles = {
        "ask_gp": "Get ready for the doctor",
        "ask_group": "Groups for men",
        "ask_therapist": "A therapist",
        "ask_local_service": "People near me",
    }
    return button(titles[intent], f"/{intent}")


class GoOn(Flow):
    """He said yes, no, or that he does not know: what that means depends on what was asked."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_go_on"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Answer by the stage of the open theme; "not at all" may be an answer to the nine questions."""
        if answers_question(tracker):
            return AnswerPhq9().turn(dispatcher, tracker)
        theme, stage, intent = (
            tracker.get_slot("theme"),
            tracker.get_slot("theme_stage"),
            intent_read(tracker),
        )
        if theme and stage == OPENED:
            return offer_step(dispatcher, theme)
        if theme and stage == STEPPED:
            response = "utter_step_taken" if intent == "affirm" else "utter_step_declined"
            dispatcher.utter_message(response=response)
            return set_slots({"theme": None, "theme_stage": None})
        dispatcher.utter_message(response=f"utter_{intent}")
        return []


class NextStep(Flow):
    """He wants something to do."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_next_step"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Offer a step that fits the theme, or one that fits any day."""
        theme = tracker.get_slot("theme")
        if theme:
            dispatcher.utter_message(response=f"utter_{theme}_step", buttons=_after_step(theme))
            return set_slots({"theme_stage": STEPPED})
        dispatcher.utter_message(response="utter_next_step")
        return []


class NotUnderstood(Flow):
    """He said something that was not recognised."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_not_understood"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Take it as an answer where a question is open; else say so and offer what there is."""
        theme = tracker.get_slot("theme")
        if theme and tracker.get_slot("theme_stage") == OPENED:
            return offer_step(dispatcher, theme)
        if theme:  # he tries out the line that the step gave him, or tells how it went
            dispatcher.utter_message(response="utter_step_taken")
            return set_slots({"theme": None, "theme_stage": None})
        dispatcher.utter_message(response="utter_default")
        dispatcher.utter_message(response="utter_menu", buttons=menu())
        return []


def menu() -> list[Button]:
    """Return what can be had by a tap."""
    return [
        button("Talk about it", "/want_to_talk"),
        button("Rate my mood", "/mood_checkin"),
        button("The nine questions", "/phq9"),
        button("Get ready for the doctor", "/ask_gp"),
        button("Groups for men", "/ask_group"),
        button("A person from the clinic", "/talk_to_person"),
    ]
