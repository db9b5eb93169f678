"""The direct question, and what counts as an answer to it: the doors of the talk about his life.

Only a clear no moves on. "Thanks", a joke, a new topic or a command gets the question once more, in other words; after
that he may talk about what he likes, and staff's flag stays open all the same. Whoever asks for a person, a number or
an honest answer gets it at once, and the question stays.
"""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import imminent, safety_steps, statements
from actions.answers import Answer, read_answer, says_safe
from actions.flagging import raise_flag
from actions.message import Events, intent_read, screened_kind, screened_level, words
from actions.safety_state import (
    ASKED,
    ASKED_TWICE,
    CHANGED,
    CHECK,
    FROM_CRISIS,
    IMMINENT,
    ORIGIN,
    PASSED,
    QUESTIONS,
    STEP,
    TOLD,
    comes_back,
    is_open,
    is_pressed,
    keep,
    move,
    step_of,
)
from actions.stay import answer_buttons, ask_once_more, let_go, move_concern, next_minute, stay, take_after_stay
from bot.crisis import Kind, Level
from bot.escalation.flags import ORANGE

__all__ = [
    "ASKED",
    "ASKED_TWICE",
    "PASSED",
    "STEP",
    "TOLD",
    "again",
    "ask",
    "is_aside",
    "is_open",
    "take_answer",
    "take_pressed",
]

_HELP = ("ask_helpline", "talk_to_person", "ask_gp", "ask_therapist", "ask_local_service")
_HONEST = (
    *("ask_who_answers", "ask_police", "ask_who_is_told", "ask_recorded", "refuse_call", "line_busy", "nobody_cares"),
    *("leave_me_alone", "dont_tell", "hit_at_home"),
)
_OTHERS = ("crisis_other_person", "crisis_bereaved", "crisis_violence", "crisis_partner_harm", "crisis_child_harm")
# While the question is open these plain questions get the answer that fits the hour.
ASIDE_TEXTS = {
    "costs": "utter_safety_costs",
    "are_you_a_robot": "utter_safety_just_a_bot",
    "who_reads_this": "utter_ask_recorded",
    "ask_helpline": "utter_safety_person",
    "stop": "utter_leave_me_alone",
}
_PRESSED = {
    "safety_yes": Answer.YES,
    "safety_no": Answer.NO,
    "safety_unsure": Answer.UNSURE,
    "safety_rather_not": Answer.RATHER_NOT,
}
_REASONS = {
    Answer.YES: "answered yes to the question whether he thinks of ending his life",
    Answer.UNSURE: "is not sure whether he thinks of ending his life",
    Answer.RATHER_NOT: "would rather not say whether he thinks of ending his life",
}


def ask(dispatcher: CollectingDispatcher, response: str = "utter_safety_ask", *, origin: str = FROM_CRISIS) -> Events:
    """Put the direct question; until it is answered no other flow talks over it."""
    dispatcher.utter_message(response=response, buttons=answer_buttons())
    return [*move(ASKED), *keep({ORIGIN: origin})]


def is_aside(tracker: Tracker) -> bool:
    """Return whether the message asks for help or an honest answer: it gets that, and the question stays open."""
    intent = intent_read(tracker)
    if step_of(tracker) == CHANGED and intent not in _HELP:
        return False  # he tells what changed, in whatever words
    if intent not in (*_HELP, *_HONEST, *_OTHERS, *ASIDE_TEXTS):
        return False
    said = words(tracker)  # plain words of an answer weigh more than what the model takes them for
    return read_answer(said) in (Answer.OTHER, Answer.HEDGED) and not (
        statements.says_calling(said) or _says_how_safe(said)
    )


def _says_how_safe(said: str) -> bool:
    return says_safe(said) or statements.says_person_is_here(said) or statements.says_away(said)


def again(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    """Come back to what is open after an aside; each question at most once, at the gravest step always."""
    step = step_of(tracker)
    if step in (IMMINENT, CHECK):
        return imminent.begin(dispatcher)
    if step in QUESTIONS:
        return safety_steps.put_again(dispatcher, tracker)
    if step == ASKED:
        return ask_once_more(dispatcher)
    return [SlotSet(STEP, PASSED)] if step == ASKED_TWICE else []


def take_answer(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events | None:
    """Answer his answer; None when he may go on with what he talks about."""
    step = step_of(tracker)
    if step in (IMMINENT, CHECK, CHANGED):
        return imminent.take(dispatcher, tracker)
    if intent_read(tracker) == "safety_plan":
        return None  # his plan is help, not a way around the question
    if _is_back_with_something_else(tracker):
        return ask(dispatcher, "utter_safety_back", origin=tracker.get_slot(ORIGIN) or FROM_CRISIS)
    if step in QUESTIONS:
        return safety_steps.take(dispatcher, tracker)
    if step == TOLD:
        return take_after_stay(dispatcher, tracker)
    return _take_direct(dispatcher, tracker, str(step))


def take_pressed(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    """Answer a button of ours, however old: what belongs to another question puts the open one again."""
    step, intent = step_of(tracker), intent_read(tracker)
    if step in (IMMINENT, CHECK, CHANGED):
        return imminent.take(dispatcher, tracker)
    if step in QUESTIONS:
        return safety_steps.take(dispatcher, tracker)
    if intent not in _PRESSED:
        return ask_once_more(dispatcher)
    events = _take_direct(dispatcher, tracker, ASKED)
    return events if events is not None else []


def _take_direct(dispatcher: CollectingDispatcher, tracker: Tracker, step: str) -> Events | None:
    answer = _answer(tracker)
    if answer is Answer.NO:
        return let_go(dispatcher, tracker)
    if answer in (Answer.YES, Answer.UNSURE):
        return danger(dispatcher, tracker, _REASONS[answer])
    if answer is Answer.RATHER_NOT:
        raise_flag(tracker, level=ORANGE, kind="screening", reason=_REASONS[answer])
        return stay(dispatcher, "utter_safety_rather_not")
    if step == ASKED:
        return ask_once_more(dispatcher)
    if answer is Answer.HEDGED:
        dispatcher.utter_message(response="utter_safety_left_open", buttons=next_minute())
        return move(PASSED)
    return None


def danger(dispatcher: CollectingDispatcher, tracker: Tracker, reason: str) -> Events:
    """He thinks of it, or may: tell staff and begin the questions."""
    raise_flag(tracker, level=ORANGE, kind="screening", reason=reason)
    return begin_questions(dispatcher, tracker)


def begin_questions(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    """Begin the questions after a yes; staff know of it already."""
    return [*safety_steps.begin(dispatcher, tracker), *move_concern("yes")]


def _answer(tracker: Tracker) -> Answer:
    intent = intent_read(tracker)
    if is_pressed(tracker):
        return _PRESSED.get(intent, Answer.OTHER)
    answer = read_answer(words(tracker), intent)
    is_dark = screened_level(tracker) >= Level.CONCERN and screened_kind(tracker) is Kind.SELF
    return Answer.UNSURE if is_dark and answer in (Answer.HEDGED, Answer.OTHER) else answer


def _is_back_with_something_else(tracker: Tracker) -> bool:
    """Return whether he comes back after hours away and does not answer what was asked then."""
    return comes_back(tracker) and _answer(tracker) is Answer.OTHER and not intent_read(tracker).startswith("safety_")
