"""The check-back: say why we write, put the direct question, and let him off if he wants none."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import direct_question
from actions.flow import Flow
from actions.follow_up import decline
from actions.message import Events, button, pressed_value
from bot.escalation.follow_ups import DAY, SILENCE, WEEK

_RESPONSES = {kind: f"utter_check_back_{kind}" for kind in (SILENCE, DAY, WEEK)}


class CheckBack(Flow):
    """A follow-up is due: it is our turn to speak."""

    is_safety = True

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_check_back"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Say why, and ask; one bubble, so that its discreet first words are what a lock screen shows."""
        kind = pressed_value(tracker, "kind") or DAY
        events = direct_question.ask(dispatcher, _RESPONSES[kind])
        if kind == DAY:  # after the last one there is nothing left to decline
            dispatcher.messages[-1]["buttons"].append(button("Don't check back", "/decline_check_back"))
        return events


class DeclineCheckBack(Flow):
    """He wants no check-backs: they stop, and that is never held against him."""

    is_safety = True

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_decline_check_back"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Say what stays. A direct question of the crisis itself stays open; that of a check-back is let go."""
        was_asked = decline(tracker)
        dispatcher.utter_message(response="utter_decline_check_back")
        if direct_question.is_open(tracker) and not was_asked:
            return direct_question.ask(dispatcher, "utter_safety_ask_again")
        return [SlotSet(direct_question.STEP, direct_question.PASSED)] if was_asked else []
