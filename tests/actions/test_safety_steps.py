"""Steps of the talk about his life that need no model: coming back, old buttons, and where each answer leads."""

from __future__ import annotations

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import beside, direct_question, safety_state
from actions.smalltalk import Say


@pytest.fixture(autouse=True)
def raised(monkeypatch):
    """Flags that would be raised; the database has tests of its own, and nobody is behind these trackers."""
    found = []
    for room in ("direct_question", "safety_steps", "imminent", "beside"):
        monkeypatch.setattr(f"actions.{room}.raise_flag", lambda _tracker, **given: found.append(given))
    return found


def tracker_of(text="", intent="nlu_fallback", *, answer=None, before=1, level="none", kind="self", **slots):
    entities = [{"entity": "answer", "value": answer}] if answer else []
    message = {"event": "user", "text": text or f"/{intent}", "parse_data": {"entities": entities}}
    message["metadata"] = {"level": level, "kind": kind, "region": "us-miami"}
    events = [{"event": "user", "text": "hm", "metadata": {}} for _ in range(before)]
    latest = {"intent": {"name": intent}, "text": text}
    return Tracker("nobody", slots, latest, [*events, message], False, None, {}, None)


def lead(tracker):
    """Return the names of what is said, and the step that is open afterwards."""
    dispatcher = CollectingDispatcher()
    events = Say().run(dispatcher, tracker, {})
    steps = [event["value"] for event in events if event["name"] == safety_state.STEP]
    return [message["response"] for message in dispatcher.messages], steps[-1] if steps else None


@pytest.mark.parametrize("step", ["asked", "asked_twice", "how", "near", "when", "done", "told"])
def test_who_comes_back_after_hours_is_asked_where_it_stands(step):
    assert lead(tracker_of("morning", "greet", before=0, safety_step=step)) == (["utter_safety_back"], "asked")


def test_who_comes_back_with_an_answer_is_taken_at_his_word():
    said, step = lead(tracker_of("yes", "affirm", before=0, safety_step="asked"))
    assert (said, step) == (["utter_safety_how"], "how")


def test_who_comes_back_to_an_imminent_step_gets_the_number_again():
    assert lead(tracker_of("morning", "greet", before=0, safety_step="imminent")) == (
        ["utter_safety_imminent"],
        "imminent",
    )


@pytest.mark.parametrize(
    ("step", "text", "next_step", "level", "reason"),
    [
        ("how", "yes", "near", "orange", "has thought about how"),
        ("how", "no", "when", None, None),
        ("near", "yeah", "when", "red", "says that what he would use is near him"),
        ("near", "upstairs", "when", "red", "says that what he would use is near him"),
        ("near", "rather not say", "when", "orange", "would rather not say whether what he would use is near him"),
        ("when", "tonight", "imminent", "red", "means to do it now or today"),
        ("when", "on friday", "done", "red", "has a time in mind"),
        ("when", "dunno", "done", "orange", "does not know whether and when he means to do it"),
        ("done", "this morning i did", "imminent", "red", "has done something today to end his life or to get ready"),
        ("done", "yes", "told", "red", "has done something lately to end his life or to get ready"),
        ("done", "no", "told", None, None),
    ],
)
def test_each_answer_leads_on_and_is_told_to_staff(raised, step, text, next_step, level, reason):
    order = safety_state.QUESTIONS[: safety_state.QUESTIONS.index(step)]
    given = dict.fromkeys(order, "rather_not")
    assert lead(tracker_of(text, safety_step=step, safety_answers=given))[1] == next_step
    told = [(flag["level"], flag["reason"]) for flag in raised]
    assert told == ([(level, reason)] if reason else [])


def test_near_and_meant_is_imminent_when_all_is_answered():
    given = {"how": "yes", "near": "yes", "when": "later"}
    assert lead(tracker_of("no", safety_step="done", safety_answers=given))[1] == "imminent"


def test_a_button_of_an_older_question_answers_nothing(raised):
    tracker = tracker_of(intent="safety_step", answer="how:yes", safety_step="near", safety_answers={"how": "no"})
    assert lead(tracker) == (["utter_safety_near"], "near")
    assert raised == []


def test_no_question_is_put_more_than_twice():
    once = lead(tracker_of("hi", "greet", safety_step="how", safety_times=1))
    assert once == (["utter_safety_how"], "how")
    assert lead(tracker_of("hi", "greet", safety_step="how", safety_times=2))[1] == "near"


@pytest.mark.parametrize("level", ["concern", "high"])
def test_a_dark_answer_to_the_direct_question_is_never_a_no(raised, level):
    said, step = lead(tracker_of("no, i just wish it would stop", safety_step="asked", level=level))
    assert (said, step) == (["utter_safety_how"], "how")
    assert [flag["level"] for flag in raised] == ["orange"]


def test_a_denial_that_screens_as_concern_is_a_no():
    tracker = tracker_of("no i'm not going to kill myself", "crisis_concern", safety_step="asked", level="concern")
    assert lead(tracker) == (["utter_safety_no_last"], None)  # nobody is behind it, so no check-back is owed


def test_a_bare_no_to_the_offer_of_help_is_no_answer_to_the_direct_question():
    assert lead(tracker_of("no", "deny", safety_step="told")) == (["utter_safety_ask_again"], "asked_twice")


def test_his_plan_is_never_talked_over():
    assert (
        direct_question.take_answer(CollectingDispatcher(), tracker_of(intent="safety_plan", safety_step="told"))
        is None
    )


def test_a_new_topic_closes_the_question_about_another():
    tracker = tracker_of("cant sleep", "sleep_trouble", beside_step="helper_with:")
    dispatcher = CollectingDispatcher()
    assert beside.take_answer(dispatcher, tracker) is None
    assert dispatcher.messages == []
