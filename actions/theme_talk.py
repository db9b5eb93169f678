"""The talk about one theme: opening question, his answer, one step, when, and a place to go on or stop.

    opened -> deeper -> stepped -> when -> closed
                           |-> hinders -> smaller -> closed

He may break off anywhere. What he says is taken as an answer unless it is clearly about something else
(``theme_answers.py``); questions of his are answered and leave the theme open. The kinds of answer and all words stand
in ``data/nlu/*_talk.yml``.
"""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.message import Button, Events, button, intent_read, is_likely
from actions.talk_book import Kind, Theme, questions, themes
from actions.talk_memory import fresh_step, remember, remembered, with_step
from bot.clock import utc_now

_LATELY = 6  # messages within which he has not forgotten what he read
_YES = 0.6  # probability from which on words that no usual answer is near are a yes
THEME, STAGE = "theme", "theme_stage"
OPENED, DEEPER, STEPPED, WHEN, HINDERS, SMALLER = "opened", "deeper", "stepped", "when", "hinders", "smaller"
_PEOPLE_TITLES = {
    "ask_gp": "Get ready for the doctor",
    "ask_group": "Groups for men",
    "ask_therapist": "A therapist",
    "ask_local_service": "People near me",
    "partner_help": "What a partner can do",
}
_ENOUGH = button("Enough for now", "/stop")
# Which kinds are offered below what is asked at a stage; the opening question has the theme's own.
_QUESTION_OF = {STEPPED: "step", WHEN: "when", HINDERS: "hinder", SMALLER: "smaller"}


def question_of(theme: str, stage: str) -> str | None:
    """Return whose kinds of answer belong to a stage; None where any words will do."""
    return theme if stage == OPENED else _QUESTION_OF.get(stage)


def choices(question: str) -> list[Button]:
    """Return a button for each usual answer."""
    return [answer_button(kind.label, question, kind.id) for kind in questions()[question].values() if kind.label]


def answer_button(title: str, question: str, kind: str) -> Button:
    """Return a button that says which question it answers: an old one must not answer a newer question."""
    return button(title, f'/theme_answer{{"answer": "{question}:{kind}"}}')


def at(theme: str | None, stage: str | None) -> Events:
    """Return the events that set where the talk stands."""
    return [SlotSet(THEME, theme), SlotSet(STAGE, stage)]


def take_up(dispatcher: CollectingDispatcher, theme: str) -> Events:
    """Reflect on a theme and ask its opening question."""
    dispatcher.utter_message(response=f"utter_{theme}_reflection")
    dispatcher.utter_message(response=f"utter_{theme}_question", buttons=choices(theme))
    return at(theme, OPENED)


def put_again(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    """Put what is open once more, in other words where there are any."""
    theme, stage = tracker.get_slot(THEME), tracker.get_slot(STAGE)
    if stage == OPENED:
        dispatcher.utter_message(response=f"utter_{theme}_question", buttons=choices(theme))
        return at(theme, OPENED)
    if stage in (WHEN, HINDERS, SMALLER):
        dispatcher.utter_message(response=_ASKED[stage], buttons=choices(_QUESTION_OF[stage]))
        return at(theme, stage)
    if stage == STEPPED:
        step = f"utter_{remembered(tracker).get('step') or f'{theme}_step_1'}"
        response = "utter_step_open" if step in said_lately(tracker) else step
        dispatcher.utter_message(response=response, buttons=_after_step(themes()[theme]))
        return at(theme, STEPPED)
    return offer_step(dispatcher, tracker, theme)


def said_lately(tracker: Tracker) -> set[str]:
    """Return the names of the responses since his last few messages."""
    names: set[str] = set()
    turns = 0
    for event in reversed(tracker.events):
        turns += event.get("event") == "user"
        if turns > _LATELY:
            break
        names.add(str((event.get("metadata") or {}).get("utter_action")))
    return names


_ASKED = {WHEN: "utter_step_when", HINDERS: "utter_step_hinders", SMALLER: "utter_step_smaller"}


def offer_step(dispatcher: CollectingDispatcher, tracker: Tracker, theme: str, lead: str | None = None) -> Events:
    """Offer one small step that he was not offered this week; where there is none, people."""
    memory = remembered(tracker)
    kind = questions()[theme].get(memory.get("kind", ""))
    step = fresh_step(memory, themes()[theme].steps(kind))
    if step is None:
        dispatcher.utter_message(response="utter_steps_enough", buttons=_ending(tracker, theme))
        return close(tracker)
    if lead:
        dispatcher.utter_message(response=lead)
    dispatcher.utter_message(response=f"utter_{step}", buttons=_after_step(themes()[theme]))
    return [*at(theme, STEPPED), *remember(tracker, steps=with_step(memory, step), step=step)]


def _after_step(theme: Theme) -> list[Button]:
    return [*choices("step"), people_button(theme.people)]


def people_button(intent: str) -> Button:
    """Return the button that leads to people."""
    return button(_PEOPLE_TITLES[intent], f"/{intent}")


def close(tracker: Tracker, **kept: Any) -> Events:
    """Return the events that close the theme; the thing that waits stays on the list."""
    return [*at(None, None), *remember(tracker, kind=None, step=None, **kept)]


def _ending(tracker: Tracker, theme: str) -> list[Button]:
    return [*other_button(tracker), people_button(themes()[theme].people), _ENOUGH]


def other_button(tracker: Tracker) -> list[Button]:
    """Return the button for the thing that waits; none where nothing does."""
    other = remembered(tracker).get("other", "")
    return [button(f"The other: {themes()[other].title}", "/other_topic")] if other in themes() else []


def advance(dispatcher: CollectingDispatcher, tracker: Tracker, kind: Kind | None) -> Events:
    """Take an answer to what is open and go one stage further."""
    theme, stage = tracker.get_slot(THEME), tracker.get_slot(STAGE)
    return _TAKE[stage](dispatcher, tracker, theme, kind)


def _opened(dispatcher: CollectingDispatcher, tracker: Tracker, theme: str, kind: Kind | None) -> Events:
    if kind is None and (lead := _no_answer(tracker)):
        return offer_step(dispatcher, tracker, theme, lead)
    response = f"utter_{theme}_answer_{kind.id}" if kind else "utter_heard_open"
    dispatcher.utter_message(response=response)
    return [*at(theme, DEEPER), *remember(tracker, kind=kind.id if kind else None)]


def _deeper(dispatcher: CollectingDispatcher, tracker: Tracker, theme: str, _kind: Kind | None) -> Events:
    return offer_step(dispatcher, tracker, theme, _no_answer(tracker) or "utter_heard")


def _no_answer(tracker: Tracker) -> str | None:
    return {"unsure": "utter_theme_unsure", "deny": "utter_theme_rather_not"}.get(intent_read(tracker))


_STEP_BY_INTENT = {"affirm": "take", "deny": "leave", "unsure": "leave", "next_step": "another"}


def _stepped(dispatcher: CollectingDispatcher, tracker: Tracker, theme: str, kind: Kind | None) -> Events:
    said = kind.id if kind else _meant_by_intent(tracker)
    if said == "another":
        return offer_step(dispatcher, tracker, theme)
    if said in ("take", "leave"):
        stage = WHEN if said == "take" else HINDERS
        dispatcher.utter_message(response=_ASKED[stage], buttons=choices(_QUESTION_OF[stage]))
        return at(theme, stage)
    if kind is not None:  # he says at once what hinders him
        return _hinders(dispatcher, tracker, theme, kind)
    return _talks_on(dispatcher, tracker, theme)


def _meant_by_intent(tracker: Tracker) -> str | None:
    return _STEP_BY_INTENT.get(intent_read(tracker)) if is_likely(tracker, _YES) else None


def _talks_on(dispatcher: CollectingDispatcher, tracker: Tracker, theme: str) -> Events:
    """Hear what is neither yes nor no and ask once more; whoever goes on talking has left the step."""
    if "utter_step_heard" in said_lately(tracker):
        dispatcher.utter_message(response="utter_step_left", buttons=_ending(tracker, theme))
        return close(tracker)
    dispatcher.utter_message(response="utter_step_heard", buttons=_after_step(themes()[theme]))
    return at(theme, STEPPED)


def _when(dispatcher: CollectingDispatcher, tracker: Tracker, theme: str, kind: Kind | None) -> Events:
    if kind is None and intent_read(tracker) == "deny":
        return _rest(dispatcher, tracker, theme)
    dispatcher.utter_message(response="utter_step_set", buttons=_ending(tracker, theme))
    return close(tracker, taken={"theme": theme, "on": utc_now().date().isoformat()})


def _hinders(dispatcher: CollectingDispatcher, tracker: Tracker, theme: str, kind: Kind | None) -> Events:
    if kind is not None and kind.id in ("not_for_me", "tried"):
        return offer_step(dispatcher, tracker, theme, f"utter_step_{kind.id}")
    if kind is not None and kind.id == "too_much":
        dispatcher.utter_message(response="utter_step_smaller", buttons=choices("smaller"))
        return at(theme, SMALLER)
    return _rest(dispatcher, tracker, theme)


def _smaller(dispatcher: CollectingDispatcher, tracker: Tracker, theme: str, kind: Kind | None) -> Events:
    is_taken = kind.id == "take" if kind else _meant_by_intent(tracker) == "take"
    return (_when if is_taken else _rest)(dispatcher, tracker, theme, kind)


def _rest(dispatcher: CollectingDispatcher, tracker: Tracker, theme: str, _kind: Kind | None = None) -> Events:
    dispatcher.utter_message(response="utter_step_rest", buttons=_ending(tracker, theme))
    return close(tracker)


_TAKE = {
    OPENED: _opened,
    DEEPER: _deeper,
    STEPPED: _stepped,
    WHEN: _when,
    HINDERS: _hinders,
    SMALLER: _smaller,
}
