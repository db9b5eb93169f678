"""The direct question, and what counts as an answer to it.

Only a clear no moves on. "Thanks", a joke, a new topic or a command gets the question once more, in other words; after
that he may talk about what he likes, and staff's flag stays open all the same. Whoever asks for a person or a number
gets it at once.
"""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.flagging import raise_flag
from actions.message import Button, Events, button, intent_read
from bot.escalation.flags import ORANGE

STEP = "safety_step"
ASKED, ASKED_TWICE, TOLD, PASSED = "asked", "asked_twice", "told", "passed"
_HELP = ("ask_helpline", "talk_to_person", "ask_gp", "ask_therapist", "ask_local_service")
_YES = ("safety_yes", "affirm")
_NO = ("safety_no", "deny")
_UNSURE = ("safety_unsure", "unsure")


def ask(dispatcher: CollectingDispatcher, response: str = "utter_safety_ask") -> Events:
    """Put the direct question; until it is answered no other flow talks over it."""
    dispatcher.utter_message(response=response, buttons=answers())
    return [SlotSet(STEP, ASKED)]


def is_open(tracker: Tracker) -> bool:
    """Return whether the question was put, or what to do now was said, and he has not answered."""
    return tracker.get_slot(STEP) in (ASKED, ASKED_TWICE, TOLD)


def take_answer(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events | None:
    """Answer his answer; None when he may go on with what he talks about."""
    intent, step = intent_read(tracker), tracker.get_slot(STEP)
    if intent in _HELP:
        return None
    if step == TOLD and not intent.startswith("safety_"):
        return _ask_again(dispatcher)  # a bare yes or no answers something else here: who could come, what is near
    if intent in _NO:
        dispatcher.utter_message(response="utter_safety_no")
        return [SlotSet(STEP, None)]
    if intent in _YES:
        raise_flag(tracker, level=ORANGE, kind="screening", reason="answered yes to the direct question")
    if intent in _YES or intent in _UNSURE:
        return stay(dispatcher)
    return _ask_again(dispatcher) if step == ASKED else None


def _ask_again(dispatcher: CollectingDispatcher) -> Events:
    dispatcher.utter_message(response="utter_safety_ask_again", buttons=answers())
    return [SlotSet(STEP, ASKED_TWICE)]


def stay(dispatcher: CollectingDispatcher) -> Events:
    """Stay with him: distance, a person, the next minute."""
    dispatcher.utter_message(response="utter_safety_stay", buttons=next_minute())
    return [SlotSet(STEP, TOLD)]


def answers() -> list[Button]:
    """Return the answers to the direct question."""
    return [
        button("Yes", "/safety_yes"),
        button("Not sure", "/safety_unsure"),
        button("No, I'm safe right now", "/safety_no"),
    ]


def next_minute() -> list[Button]:
    """Return what can be done at once."""
    return [
        button("Help me through the next minute", "/grounding"),
        button("I'd rather text somebody", "/ask_helpline"),
        button("I'm safe right now", "/safety_no"),
    ]
