"""When it is about to happen: the emergency number, somebody with him, distance, in ever other words.

Nothing but two things ends it: a person is with him, or he is away from what would hurt him. Then he is asked what
changed.
"""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import statements
from actions.answers import Answer, read_answer, says_safe
from actions.flagging import raise_flag
from actions.message import Button, Events, button, intent_read, screened_level, words
from actions.safety_state import CHANGED, CHECK, IMMINENT, move, pressed_answer, step_button, step_of
from actions.stay import stay
from bot.crisis import Level
from bot.escalation.flags import ORANGE

_HERE, _AWAY, _NOBODY = "here", "away", "nobody"
_REASONS = {
    _HERE: "says that a person is with him now",
    _AWAY: "says that he is away from what could hurt him",
    "yes": "says that a person is with him or that he is away from it",
}


def begin(dispatcher: CollectingDispatcher) -> Events:
    """Say what to do this second."""
    dispatcher.utter_message(response="utter_safety_imminent", buttons=_choices())
    return move(IMMINENT)


def take(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    """Answer what he says while it may happen any minute."""
    if step_of(tracker) == CHANGED:
        return _after_change(dispatcher, tracker)
    found = _found(tracker)
    if found in _REASONS:
        raise_flag(tracker, level=ORANGE, kind="screening", reason=_REASONS[found])
        dispatcher.utter_message(response="utter_safety_changed_ask")
        return move(CHANGED)
    if found == _NOBODY:
        dispatcher.utter_message(response="utter_safety_imminent_alone", buttons=_choices())
        return move(IMMINENT)
    if found == "check":
        dispatcher.utter_message(response="utter_safety_imminent_check", buttons=_choices())
        return move(CHECK)
    return begin(dispatcher)


def _found(tracker: Tracker) -> str:
    """Return what he says: a person is here, he is away, nobody can come, an unclear yes, or nothing of that."""
    step, said = step_of(tracker) or IMMINENT, words(tracker)
    pressed = pressed_answer(tracker, IMMINENT)
    if pressed:
        return pressed
    if screened_level(tracker) >= Level.HIGH:
        return "again"
    if statements.says_person_is_here(said):
        return _HERE
    if statements.says_away(said):
        return _AWAY
    if intent_read(tracker) in ("safety_no", "safety_yes") or says_safe(said):
        return "check"
    if read_answer(said, intent_read(tracker)) is Answer.YES:
        return "yes" if step == CHECK else "check"
    return "again"


def _after_change(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    if screened_level(tracker) >= Level.HIGH:
        return begin(dispatcher)
    return stay(dispatcher, "utter_safety_changed")


def _choices() -> list[Button]:
    return [
        step_button("Somebody is with me", IMMINENT, _HERE),
        step_button("I'm away from it", IMMINENT, _AWAY),
        step_button("Nobody can come", IMMINENT, _NOBODY),
        button("Help me through the next minute", "/grounding"),
    ]
