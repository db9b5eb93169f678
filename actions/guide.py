"""Lead a man through a guide: a button or his words take him from step to step; he may leave at any time.

Where he is lies in one slot: ``{"at": "guide.step", "given": what he told on the way, "paused": True when something
else came up}``. A guide never talks over a question about his safety, and never holds him: a question of his, another
theme or another flow's button is answered, and the guide waits behind a button.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import normal
from actions.guide_book import Pick, Step, guides, step_at
from actions.message import Button, Events, button, intent_read, is_likely, pressed_value, words
from actions.plan_words import is_stop

SLOT = "guide"
PICKS = "picks"  # what a hook offers besides the step's own picks, as rows of label and target
SPOKEN = ("rating", "what", "when", "signs", "much", "score")  # what a response may name; the rest is not handed on
Given = dict[str, Any]
_MOST_STEPS = 12  # a chain that is longer leads in a circle
_MOST_WORDS_OF_A_STOP = 5
_SURE = 0.5
_LEAST_TYPED = 3  # letters of a label typed in part
_MOST_WORDS_MORE = 2  # beside a whole label
# Whoever asks for these wants them now, even where a step asks for his own words.
_EXITS = frozenset({"talk_to_person", "ask_helpline", "delete_my_data", "safety_plan", "phq9", "mood_checkin", "stop"})
_TRIED = "tried"


@dataclass(frozen=True)
class Here:
    """What a hook is given: where it may speak, the dialogue, and what he told on the way, which it may change."""

    dispatcher: CollectingDispatcher
    tracker: Tracker
    given: Given


Hook = Callable[[Here], "str | None"]
HOOKS: dict[str, Hook] = {}


def hook(name: str) -> Callable[[Hook], Hook]:
    """Register what a step does before it speaks.

    A hook may change what is given, may say something, and returns where to go instead, or None to go on here.
    """

    def register(function: Hook) -> Hook:
        HOOKS[name] = function
        return function

    return register


def state_of(tracker: Tracker) -> dict[str, Any]:
    """Return where he is; empty when no guide is open or waiting."""
    return dict(tracker.get_slot(SLOT) or {})


def is_open(tracker: Tracker) -> bool:
    """Return whether a guide waits for his next words."""
    state = state_of(tracker)
    return bool(state) and not state.get("paused")


def closed() -> Events:
    """Return the event that ends a guide."""
    return [SlotSet(SLOT, None)]


def paused(tracker: Tracker) -> Events:
    """Return the event that lets a guide wait; one that asks nothing is over."""
    state = state_of(tracker)
    return [SlotSet(SLOT, {**state, "paused": True} if state else None)]


def way_back(tracker: Tracker) -> list[Button]:
    """Return the button to the guide that waits, if there is one."""
    state = state_of(tracker)
    step = step_at(state["at"]) if state else None
    return [button(f"Go on: {guides()[step.at.partition('.')[0]].title}", _payload(Pick("", step.at)))] if step else []


def enter(dispatcher: CollectingDispatcher, tracker: Tracker, at: str, given: Given | None = None) -> Events:
    """Go to a place, say what is said there, and wait; steps that wait for nothing lead on by themselves."""
    given = dict(given or {})
    for _ in range(_MOST_STEPS):
        step = step_at(at)
        if step is None:  # an old button into a guide that has changed since
            dispatcher.utter_message(response="utter_default")
            return closed()
        turned = HOOKS[step.do](Here(dispatcher, tracker, given)) if step.do else None
        if turned:
            at = turned
            continue
        _say(dispatcher, step, given)
        if step.is_waiting or given.get(PICKS):
            given.pop(PICKS, None)
            return [SlotSet(SLOT, {"at": step.at, "given": given})]
        if not step.then:
            return closed()
        at = step.then
    raise RuntimeError(f"The guide leads in a circle at {at}.")


def press(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    """Follow a button of a guide; what he told before goes along while it is the same guide."""
    at, state = pressed_value(tracker, "go") or "tools.begin", state_of(tracker)
    is_same = state.get("at", "").partition(".")[0] == at.partition(".")[0]
    given = dict(state.get("given") or {}) if is_same else {}
    name, _, value = (pressed_value(tracker, "set") or "").partition(":")
    return enter(dispatcher, tracker, at, {**given, name: value} if name else given)


def take_words(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events | None:
    """Take his words as the answer to the open step; None where they are about something else."""
    state, said = state_of(tracker), words(tracker).strip()
    step = step_at(state["at"])
    if step is None or wants_out(tracker):
        return None
    pick = _picked(step, said) or _meant(step, tracker)
    if pick is not None:
        return _follow(dispatcher, tracker, pick, state["given"])
    if step.ask:
        is_other = said.endswith("?") or (intent_read(tracker) in _EXITS and is_likely(tracker, _SURE))
        if is_other or (step.most and len(said.split()) > step.most):
            return None
        return enter(dispatcher, tracker, step.then, {**state["given"], step.ask: said})
    if intent_read(tracker) != "nlu_fallback" or state.get(_TRIED):
        return None
    dispatcher.utter_message(response="utter_guide_pick", buttons=_buttons(step, {}))
    return [SlotSet(SLOT, {**state, _TRIED: True})]


def wants_out(tracker: Tracker) -> bool:
    """Return whether he stops, in so many words or by what the model takes a short message for."""
    said = words(tracker)
    is_short = len(said.split()) <= _MOST_WORDS_OF_A_STOP
    return is_stop(said) or (intent_read(tracker) == "stop" and is_short)


def _follow(dispatcher: CollectingDispatcher, tracker: Tracker, pick: Pick, given: Given) -> Events | None:
    if pick.target.startswith("/"):
        return None  # the words themselves open that flow
    name, _, value = pick.sets.partition(":")
    return enter(dispatcher, tracker, pick.target, {**given, name: value} if name else given)


def _picked(step: Step, said: str) -> Pick | None:
    """Return the choice whose label he typed, whole or, if it is the only one, in part."""
    typed = normal(said)
    exact = [pick for pick in step.picks if normal(pick.label) == typed]
    near = [pick for pick in step.picks if _is_part(typed, normal(pick.label))]
    found = exact or (near if not step.ask else [])
    return found[0] if len(found) == 1 else None


def _is_part(typed: str, label: str) -> bool:
    """Return whether he typed a part of the label, or a label of several words and little more."""
    little_more = len(typed.split()) - len(label.split()) <= _MOST_WORDS_MORE and " " in label
    return (len(typed) >= _LEAST_TYPED and f" {typed} " in f" {label} ") or (
        little_more and f" {label} " in f" {typed} "
    )


def _meant(step: Step, tracker: Tracker) -> Pick | None:
    target = {"affirm": step.if_yes, "deny": step.if_no}.get(intent_read(tracker), "")
    named = (pick for pick in step.picks if pick.target == target)  # a typed yes sets what its button sets
    return next(named, Pick("", target)) if target else None


def _say(dispatcher: CollectingDispatcher, step: Step, given: Given) -> None:
    values = {name: given[name] for name in SPOKEN if name in given}
    if step.say:
        dispatcher.utter_message(response=step.say, buttons=_buttons(step, given), **values)


def _buttons(step: Step, given: Mapping[str, Any]) -> list[Button]:
    offered = [Pick(*row) for row in given.get(PICKS, ())]
    return [button(pick.label, _payload(pick)) for pick in (*offered, *step.picks)]


def _payload(pick: Pick) -> str:
    if pick.target.startswith("/"):
        return pick.target
    sets = f', "set": "{pick.sets}"' if pick.sets else ""
    return f'/guide{{"go": "{pick.target}"{sets}}}'
