"""After a yes or a "not sure": one short question at a time, in the order of a clinical screener, in own words.

How, near, when, done. No question asks for a method, each stands beside an offer of help, each is put twice at most,
and whatever he answers moves on. What he tells goes to staff as a reason; means near him, a plan or a time, and
something done make the flag red.
"""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import imminent, statements
from actions.answers import Answer, read_answer, says_safe
from actions.flagging import raise_flag
from actions.message import Button, Events, button, intent_read, screened_level, words
from actions.safety_state import (
    ANSWERS,
    DONE,
    HOW,
    NEAR,
    TIMES,
    WHEN,
    is_pressed,
    keep,
    move,
    pressed_answer,
    step_button,
    step_of,
)
from actions.stay import let_go, stay
from bot.crisis import Level
from bot.escalation.flags import ORANGE, RED

NOW, LATER = "now", "later"  # answers to WHEN; NOW answers DONE too
_YES, _NO, _OWN_WORDS = str(Answer.YES.value), str(Answer.NO.value), "own_words"
# Answers that staff read, with the level they ask for.
_REASONS = {
    (HOW, _YES): (ORANGE, "has thought about how"),
    (NEAR, _YES): (RED, "says that what he would use is near him"),
    (WHEN, _YES): (RED, "says that he means to do it"),
    (WHEN, LATER): (RED, "has a time in mind"),
    (WHEN, NOW): (RED, "means to do it now or today"),
    (DONE, _YES): (RED, "has done something lately to end his life or to get ready"),
    (DONE, NOW): (RED, "has done something today to end his life or to get ready"),
}
_ABOUT = {
    HOW: "whether he has thought about how",
    NEAR: "whether what he would use is near him",
    WHEN: "whether and when he means to do it",
    DONE: "whether he has done anything already",
}
_NOT_AN_ANSWER = frozenset(
    {
        *("greet", "goodbye", "thanks", "stop", "off_topic", "insult", "say_again", "took_it_back", "nlu_fallback"),
        *(
            "what_can_you_do",
            "are_you_a_doctor",
            "which_study",
            "delete_my_data",
            "mood_checkin",
            "phq9",
            "phq9_answer",
        ),
    }
)


def begin(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    """Put the first question that he has not answered in this crisis; where all are, stay with him."""
    return _go_on(dispatcher, dict(tracker.get_slot(ANSWERS) or {}))


def put_again(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    """Put the open question once more in other words, or the next one when it was put twice."""
    step = str(step_of(tracker))
    if int(tracker.get_slot(TIMES) or 1) < 2:
        return _put(dispatcher, step, times=2, given=tracker.get_slot(ANSWERS) or {})
    return _go_on(dispatcher, {**(tracker.get_slot(ANSWERS) or {}), step: _OWN_WORDS})


def take(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    """Take his answer, tell staff, and put the next question."""
    step, said = str(step_of(tracker)), words(tracker)
    if intent_read(tracker) == "safety_no" or says_safe(said):
        return let_go(dispatcher, tracker)
    answer = pressed_answer(tracker, step) or _typed_answer(tracker, step)
    if answer is None:
        return put_again(dispatcher, tracker)
    _tell_staff(tracker, step, answer)
    given = {**(tracker.get_slot(ANSWERS) or {}), step: answer}
    if answer == NOW:
        return [*imminent.begin(dispatcher), *_keep(given)]
    return _go_on(dispatcher, given)


def _typed_answer(tracker: Tracker, step: str) -> str | None:
    """Return what his words amount to; None where they do not answer and the question may be put again."""
    if is_pressed(tracker):
        return None
    said = words(tracker)
    named = _named(step, said)
    if named is not None:
        return named
    read = read_answer(said, intent_read(tracker))
    if read in (Answer.YES, Answer.NO, Answer.UNSURE, Answer.RATHER_NOT):
        return str(read.value)
    is_answer = screened_level(tracker) > Level.NONE or intent_read(tracker) not in _NOT_AN_ANSWER
    return _OWN_WORDS if is_answer or int(tracker.get_slot(TIMES) or 1) >= 2 else None


def _named(step: str, said: str) -> str | None:
    """Return the answer that lies in a place or a time he names."""
    if step == NEAR and statements.says_near(said):
        return _YES
    if step == WHEN and statements.says_now(said):
        return NOW
    if step == WHEN and statements.says_later(said):
        return LATER
    if step == DONE and statements.says_just_done(said):
        return NOW
    return None


def _tell_staff(tracker: Tracker, step: str, answer: str) -> None:
    level, reason = _REASONS.get((step, answer), (ORANGE, ""))
    if not reason and answer != _NO:
        how = {"unsure": "does not know", "rather_not": "would rather not say"}.get(answer, "answered in his own words")
        reason = f"{how} {_ABOUT[step]}"
    if reason:
        raise_flag(tracker, level=level, kind="screening", reason=reason)


def _go_on(dispatcher: CollectingDispatcher, given: dict[str, str]) -> Events:
    step = _next(given)
    if step is not None:
        return [*_put(dispatcher, step, times=1, given=given), *_keep(given)]
    if given.get(NEAR) == _YES and given.get(WHEN) in (_YES, LATER, NOW):
        return [*imminent.begin(dispatcher), *_keep(given)]
    return [*stay(dispatcher), *_keep(given)]


def _next(given: dict[str, str]) -> str | None:
    """Return the next question; who has not thought about how is not asked what is near him."""
    order = [HOW, WHEN, DONE] if given.get(HOW) == _NO else [HOW, NEAR, WHEN, DONE]
    return next((step for step in order if step not in given), None)


def _put(dispatcher: CollectingDispatcher, step: str, *, times: int, given: dict[str, str]) -> Events:
    is_near = step == WHEN and given.get(NEAR) == _YES
    response = "utter_safety_when_near" if is_near else f"utter_safety_{step}"
    dispatcher.utter_message(response=response, buttons=_choices(step))
    return move(step, times=times)


def _keep(given: dict[str, str]) -> Events:
    return keep({ANSWERS: given})


def _choices(step: str) -> list[Button]:
    plain = {
        WHEN: [("Now or today", NOW), ("Yes, later", LATER), ("No", _NO), ("I don't know", "unsure")],
        DONE: [("Yes, today", NOW), ("Yes, lately", _YES), ("No", _NO), ("Rather not say", "rather_not")],
    }.get(step, [("Yes", _YES), ("No", _NO), ("Rather not say", "rather_not")])
    chosen = [step_button(title, step, answer) for title, answer in plain]
    return [*chosen, button("I need somebody now", "/ask_helpline")]
