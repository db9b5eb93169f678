"""The main conversation: take up what he is talking about, and what he says to it without naming a theme."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import theme_answers, theme_talk
from actions.flow import Flow
from actions.message import Events, codes_read, intent_read, is_likely
from actions.not_understood import NotUnderstood
from actions.phq9 import AnswerPhq9, answers_question
from actions.resume import return_to
from actions.safety_state import is_pressed
from actions.talk_memory import remember, remembered
from actions.two_things import clear_parts, open_theme
from bot.codebook import code_ids

LEAST_OF_A_THEME = 0.3  # probability below which a message carries codes, but none of them clearly


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
        if not is_likely(tracker, theme_answers.CLEARLY if not codes_read(tracker) else LEAST_OF_A_THEME):
            return NotUnderstood().turn(dispatcher, tracker)  # a theme that is not there is worse than a question
        if is_pressed(tracker) or tracker.get_slot(theme_talk.THEME) == theme:
            return return_to(dispatcher, tracker, theme)
        return open_theme(dispatcher, tracker, theme)


def _theme_of(tracker: Tracker) -> str | None:
    intent, parts = intent_read(tracker), clear_parts(tracker)
    if len(parts) > 1 and intent not in parts:
        return parts[0]  # read as a whole it sounds like a third thing
    if intent in code_ids():
        return intent
    return next(iter(codes_read(tracker)), None)


class ThemeAnswer(Flow):
    """He pressed one of the usual answers."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_theme_answer"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Go on by it."""
        return theme_answers.take_pressed(dispatcher, tracker)


class OtherTopic(Flow):
    """He wants the second thing that he had named."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_other_topic"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Take it up; where none waits, ask which one."""
        other = remembered(tracker).get("other")
        if not is_likely(tracker, theme_answers.CLEARLY):
            return NotUnderstood().turn(dispatcher, tracker)
        if other not in code_ids():
            dispatcher.utter_message(response="utter_other_topic")
            return theme_talk.close(tracker)
        events = theme_talk.take_up(dispatcher, other)
        return [*events, *remember(tracker, other=None, kind=None, step=None)]


class GoOn(Flow):
    """He said yes, no, or that he does not know, and no theme is open."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_go_on"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Ask what he means; "not at all" may be an answer to the nine questions."""
        if answers_question(tracker):
            return AnswerPhq9().turn(dispatcher, tracker)
        if theme_answers.is_open(tracker):  # an old button that says no more than yes or no
            return theme_talk.put_again(dispatcher, tracker)
        dispatcher.utter_message(response=f"utter_{intent_read(tracker)}")
        return []


class NextStep(Flow):
    """He wants something to do."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_next_step"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Offer a step that fits the theme, or one that fits any day."""
        if theme_answers.is_open(tracker):
            return theme_talk.offer_step(dispatcher, tracker, tracker.get_slot(theme_talk.THEME))
        dispatcher.utter_message(response="utter_next_step")
        return []
