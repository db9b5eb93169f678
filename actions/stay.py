"""Staying with him once he has answered: a person, the next minute, his plan; and the way out when he is safe."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import statements
from actions.answers import Answer, read_answer, says_safe
from actions.flagging import check_backs_owed
from actions.message import Button, Events, button, intent_read, words
from actions.resume import return_to, ways_back
from actions.safety_state import ANSWERS, ASKED_TWICE, FROM_CONCERN, ORIGIN, TOLD, is_pressed, keep, move


def answer_buttons() -> list[Button]:
    """Return the answers to the direct question."""
    return [
        button("Yes", "/safety_yes"),
        button("Not sure", "/safety_unsure"),
        button("No, I'm safe right now", "/safety_no"),
        button("Rather not say", "/safety_rather_not"),
    ]


def next_minute() -> list[Button]:
    """Return what can be done at once."""
    return [
        button("Help me through the next minute", "/grounding"),
        button("Make my plan for bad hours", "/safety_plan"),
        button("I'd rather text somebody", "/refuse_call"),
        button("I'm safe right now", "/safety_no"),
    ]


def stay(dispatcher: CollectingDispatcher, response: str = "utter_safety_stay") -> Events:
    """Stay with him: a person, distance, the next minute, his plan."""
    dispatcher.utter_message(response=response, buttons=next_minute())
    return move(TOLD)


def take_after_stay(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    """Answer what he says to the offer; a bare yes or no answers something else here, so he is asked once more."""
    said = words(tracker)
    if intent_read(tracker) == "safety_no" or says_safe(said):
        return let_go(dispatcher, tracker)
    if not is_pressed(tracker) and statements.says_calling(said):
        dispatcher.utter_message(response="utter_safety_calling")
        return move(TOLD)
    if read_answer(said) is Answer.RATHER_NOT:
        dispatcher.utter_message(response="utter_safety_rather_not", buttons=next_minute())
        return move(ASKED_TWICE)
    return ask_once_more(dispatcher)


def ask_once_more(dispatcher: CollectingDispatcher) -> Events:
    """Put the direct question in other words, for the last time before he may talk about what he likes."""
    dispatcher.utter_message(response="utter_safety_ask_again", buttons=answer_buttons())
    return move(ASKED_TWICE)


# What he is told about check-backs: none to come any more, the last one, both.
_SAFE_BY_OWED = ("utter_safety_no_last", "utter_safety_no_week", "utter_safety_no")


def let_go(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    """He says that he is safe: say what comes next and offer the way back; staff's flag stays as it is."""
    done = [*move(None), *keep({ANSWERS: None, ORIGIN: None})]
    if tracker.get_slot(ORIGIN) == FROM_CONCERN and not tracker.get_slot(ANSWERS):
        return [*done, *move_concern("no"), *_back_to_theme(dispatcher, tracker)]
    owed = check_backs_owed(tracker)
    declining = [button("Don't check back", "/decline_check_back")] if owed else []
    dispatcher.utter_message(response=_SAFE_BY_OWED[min(len(owed), 2)], buttons=[*ways_back(tracker), *declining])
    return done


def move_concern(answer: str) -> Events:
    """Remember for the day what he answered to the gentle question."""
    return keep({"concern_answer": answer})


def _back_to_theme(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    theme = tracker.get_slot("concern_theme")
    if theme:
        dispatcher.utter_message(response="utter_concern_no")
        return return_to(dispatcher, tracker, theme)
    dispatcher.utter_message(response="utter_concern_no_open", buttons=ways_back(tracker))
    return []
