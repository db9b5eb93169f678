"""Open questions about somebody else's safety, or about his own at home: one at a time, never a loop.

They stand beside the direct question and yield to it. Yes, no, "not sure" and free words are taken; a new topic
closes them.
"""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import Answer, read_answer
from actions.flagging import raise_flag
from actions.message import Button, Events, button, intent_read, pressed_value, words
from actions.safety_state import is_pressed
from actions.statements import says_calling
from bot.escalation.flags import ORANGE, RED

STEP = "beside_step"
HELPER_WITH, HELPER_DONE, ANGER, DISTANCE, HOME = "helper_with", "helper_done", "anger", "distance", "home"
_TAKEN = frozenset({"nlu_fallback", "affirm", "deny", "unsure", "crisis_other_person", "beside_answer"})
# What is said to yes, and to no or anything else.
_REPLIES = {
    HELPER_WITH: (["utter_other_with_him", "utter_other_done"], ["utter_other_apart", "utter_other_done"]),
    HELPER_DONE: (["utter_other_emergency"], ["utter_other_refuses", "utter_other_yourself"]),
    ANGER: (["utter_own_anger_close"], ["utter_own_anger_early"]),
    DISTANCE: (["utter_violence_out"], ["utter_violence_stay"]),
    HOME: (["utter_home_safe"], ["utter_home_not_safe"]),
}


def ask(dispatcher: CollectingDispatcher, step: str, response: str, kind: str = "") -> Events:
    """Put a question; ``kind`` is the flag that a yes may open."""
    dispatcher.utter_message(response=response, buttons=_choices(step))
    return [SlotSet(STEP, f"{step}:{kind}")]


def is_open(tracker: Tracker) -> bool:
    """Return whether such a question stands open."""
    return bool(tracker.get_slot(STEP))


def closed() -> Events:
    """Return the events that close it."""
    return [SlotSet(STEP, None)]


def take_answer(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events | None:
    """Answer his answer; None when he talks about something else."""
    step, _, kind = str(tracker.get_slot(STEP)).partition(":")
    if step in (HELPER_WITH, HELPER_DONE) and (help_given := _help(tracker)):
        dispatcher.utter_message(response=help_given)
        return [SlotSet(STEP, f"{step}:{kind}")]
    answer = _answer(tracker, step)
    if answer is None:
        return None
    is_yes = answer is Answer.YES
    _tell_staff(tracker, step, kind, is_yes=is_yes)
    said, denied = _REPLIES[step]
    for response in said if is_yes else denied:
        buttons = _choices(HELPER_DONE) if response == "utter_other_done" else []
        dispatcher.utter_message(response=response, buttons=buttons)
    return [SlotSet(STEP, f"{HELPER_DONE}:{kind}")] if step == HELPER_WITH else closed()


def _help(tracker: Tracker) -> str | None:
    """Return what is said to a helper who asks for words, or is about to call."""
    if words(tracker) and says_calling(words(tracker)):
        return "utter_other_calling"
    return "utter_other_say" if intent_read(tracker) == "partner_help" and words(tracker) else None


def _answer(tracker: Tracker, step: str) -> Answer | None:
    pressed = pressed_value(tracker, "answer")
    if pressed is not None:
        asked, _, answer = pressed.partition(":")
        return Answer(answer) if asked == step else None
    if is_pressed(tracker):
        return None
    read = read_answer(words(tracker), intent_read(tracker))
    return None if read is Answer.OTHER and intent_read(tracker) not in _TAKEN else read


def _tell_staff(tracker: Tracker, step: str, kind: str, *, is_yes: bool) -> None:
    """He is the danger here, never the one whom he worries about or who hits him."""
    if step == ANGER and is_yes:
        raise_flag(tracker, level=ORANGE, kind=kind, reason="says that he came close to hurting somebody")
    elif step == DISTANCE and not is_yes:
        raise_flag(tracker, level=RED, kind=kind, reason="has not said that he is away from whom he may hurt")


def _choices(step: str) -> list[Button]:
    return [button(title, f'/beside_answer{{"answer": "{step}:{value}"}}') for title, value in _TITLES]


_TITLES = (("Yes", "yes"), ("No", "no"), ("Not sure", "unsure"))
