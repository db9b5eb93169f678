"""The nine questions: fixed wording, one at a time, resumable, exact."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import direct_question, phq9_state
from actions.flagging import raise_flag
from actions.flow import Flow
from actions.message import Button, Events, button, database, message_id, pressed_value, words
from bot.clock import utc_now
from bot.escalation.flags import ORANGE, YELLOW
from bot.records import keep_score
from bot.records.phq9 import ANSWERS, ITEMS, PHQ9_SEVERE, STEM, Phq9, from_answers
from bot.storage.models import Person
from bot.turns.commit import keeps_log

_BACK = "back"
_BACK_WORDS = frozenset(("back", "go back", "back one", "one back", "change", "change that", "change the last one"))
_TYPED = {answer.lower(): value for value, answer in enumerate(ANSWERS)} | {str(value): value for value in range(4)}


class StartPhq9(Flow):
    """Begin the nine questions, or go on where he stopped."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_phq9"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Say what it is and put the next question."""
        answers = phq9_state.begun(tracker)
        if not answers:
            dispatcher.utter_message(response="utter_phq9")
        _put_question(dispatcher, len(answers))
        return phq9_state.ask(answers)


class AnswerPhq9(Flow):
    """Take one answer."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_phq9_answer"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Write the answer down and put the next question, or give the result."""
        if not phq9_state.is_open(tracker) and not _goes_on(tracker):
            dispatcher.utter_message(response="utter_default")
            return []
        answers = phq9_state.begun(tracker)
        value = _answer(tracker, len(answers))
        if value == _BACK:
            answers = answers[:-1]
        elif isinstance(value, int):
            answers = [*answers, value]
        if len(answers) < len(ITEMS):
            _put_question(dispatcher, len(answers))
            return phq9_state.ask(answers)
        return [*phq9_state.over(), *_finish(dispatcher, tracker, from_answers(answers))]


def _goes_on(tracker: Tracker) -> bool:
    """Return whether he presses an answer to the question at which he had stopped."""
    asked, *_ = (pressed_value(tracker, "phq9_answer") or "").partition(":")
    return asked == str(len(phq9_state.begun(tracker)))


def _put_question(dispatcher: CollectingDispatcher, number: int) -> None:
    text = f"{STEM}\n\n{number + 1} of {len(ITEMS)}: {ITEMS[number]}"
    dispatcher.utter_message(text=text, buttons=_choices(number))


def _choices(number: int) -> list[Button]:
    answers = [
        button(answer, f'/phq9_answer{{"phq9_answer": "{number}:{value}"}}') for value, answer in enumerate(ANSWERS)
    ]
    back = [button("Change the one before", f'/phq9_answer{{"phq9_answer": "{number}:{_BACK}"}}')] if number else []
    return [*answers, *back, button("Stop for now", "/stop")]


def answers_question(tracker: Tracker) -> bool:
    """Return whether the nine questions are open and he typed an answer to one, such as a bare number."""
    said = words(tracker).strip(" .!").lower()
    return phq9_state.is_open(tracker) and (said in _TYPED or said in _BACK_WORDS)


def _answer(tracker: Tracker, number: int) -> int | str | None:
    """Return the value he pressed or typed for question ``number``, or ``_BACK``; None for anything else."""
    pressed = pressed_value(tracker, "phq9_answer")
    if pressed is None:
        said = words(tracker).strip(" .!").lower()
        return _BACK if said in _BACK_WORDS else _TYPED.get(said)
    asked, value = pressed.split(":")
    if int(asked) != number:
        return None
    return _BACK if value == _BACK else int(value)


def _finish(dispatcher: CollectingDispatcher, tracker: Tracker, result: Phq9) -> Events:
    _keep(tracker, result)
    dispatcher.utter_message(response="utter_phq9_result", total=str(result.total))
    dispatcher.utter_message(
        response=f"utter_phq9_{result.band}", buttons=[button("Get ready for the doctor", "/ask_gp")]
    )
    if result.self_harm_item >= 1:
        reason = f"answered item 9 of the PHQ-9 (better off dead or hurting himself) with {result.self_harm_item} of 3"
        level = ORANGE if result.self_harm_item > 1 else YELLOW
        raise_flag(tracker, level=level, kind="phq9", reason=reason, check_back=True)
        return direct_question.ask(dispatcher, "utter_phq9_item9")
    if result.total >= PHQ9_SEVERE:
        raise_flag(tracker, level=YELLOW, kind="phq9", reason=f"scored {result.total} of 27 in the PHQ-9")
    return []


def _keep(tracker: Tracker, result: Phq9) -> None:
    with database().write() as session:
        if session.get(Person, tracker.sender_id) is None or not keeps_log(session, tracker.sender_id):
            return
        body = {"answers": list(result.answers), "total": result.total}
        keep_score(
            session,
            person_id=tracker.sender_id,
            kind="phq9",
            body=body,
            message_id=message_id(tracker),
            at=utc_now(),
        )
