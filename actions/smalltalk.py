"""Plain answers: one prepared response for one intent."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import guide, stopping, theme_answers, theme_talk, today
from actions.flow import Flow
from actions.guide_book import opened_by
from actions.message import Button, Events, button, intent_read, is_likely, words
from actions.nearest import nearest
from actions.not_understood import hear, is_plain_answer, menu

_CLOSES_THEME = frozenset({"stop", "goodbye"})
_OFFERS_MENU = frozenset({"what_can_you_do", "greet", "nonsense"})
# While a theme is open these are answered in a word, without a question of their own.
_IN_PASSING = frozenset({"greet", "thanks", "insult", "off_topic", "say_again"})


class Say(Flow):
    """Say the response of the intent's name."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_say"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Say it, with what he may want next."""
        intent = intent_read(tracker)
        if intent in opened_by():  # its guide says the response itself
            return [*stopping.aside(tracker), *guide.enter(dispatcher, tracker, opened_by()[intent])]
        if intent in _IN_PASSING and theme_answers.is_open(tracker):
            dispatcher.utter_message(response=f"utter_aside_{intent}")
            return theme_talk.put_again(dispatcher, tracker) if intent == "say_again" else []
        if _is_told(tracker, intent):
            return hear(dispatcher)
        if intent == "greet" and (events := theme_answers.ask_how_it_went(dispatcher, tracker)):
            return events
        dispatcher.utter_message(response=f"utter_{intent}", buttons=_buttons(intent))
        if intent == "greet":
            return today.ask_about_last(dispatcher, tracker)
        return stopping.events(tracker) if intent in _CLOSES_THEME else []


def _is_told(tracker: Tracker, intent: str) -> bool:
    """Return whether what looks like chat, or a time of day like a greeting, answers what he was asked."""
    if intent not in ("off_topic", "nonsense", "greet", "goodbye") or not is_plain_answer(tracker):
        return False
    is_chat = intent in ("greet", "goodbye") and is_likely(tracker, theme_answers.CERTAINLY)
    return not is_chat and nearest("aside", words(tracker))[0] is None


def _buttons(intent: str) -> list[Button]:
    if intent in _OFFERS_MENU:
        return [*menu(), button("All tools", "/tools")]
    if intent == "delete_my_data":  # these two are the gate's own; Rasa never erases anything
        return [button("Wipe it", "gate:forget_yes"), button("Leave it", "gate:forget_no")]
    if intent == "are_you_a_doctor":
        return [button("The nine questions", "/phq9"), button("Get ready for the doctor", "/ask_gp")]
    return []
