"""His own plan for bad hours: shown, filled, changed, cleared; in a crisis the short of it, and the question stays."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import direct_question, plan_filling
from actions.flow import Flow
from actions.follow_up import is_safety_open
from actions.message import Events, pressed_value, region, words
from actions.plan_book import clear, plan_of, set_state, state_of
from actions.plan_filling import choice
from actions.plan_words import lines_of, part_named, shown, shown_short, wants_it_cleared
from bot.records.safety_plan import PARTS

_TITLES = {
    "signs": "1 Warning signs",
    "alone": "2 What I do alone",
    "places": "3 Places, company",
    "people": "4 Who I can ask",
    "professionals": "5 Lines and doctors",
    "safer": "6 Making it safer",
}


class SafetyPlan(Flow):
    """He wants to see his plan or to work on it."""

    is_safety = True

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_safety_plan"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Do what he pressed or said; words that belong into a part go there."""
        wish, said = pressed_value(tracker, "plan"), words(tracker)
        if wish is not None:
            return self._do(dispatcher, tracker, wish)
        if said and (part := part_named(said)):
            return plan_filling.ask(dispatcher, {**state_of(tracker), "walk": False}, part)
        if said and plan_filling.is_filling(tracker):
            return plan_filling.take_words(dispatcher, tracker) or plan_filling.ask_again(dispatcher, tracker)
        if said and wants_it_cleared(said):
            return self._do(dispatcher, tracker, "clear")
        return self._open(dispatcher, tracker)

    def _open(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        if is_safety_open(tracker):
            return show_in_crisis(dispatcher, tracker)
        state = state_of(tracker)
        if state.get("paused"):  # something else came up in the middle of it
            dispatcher.utter_message(response="utter_safety_plan_go_on")
            return plan_filling.go_on(dispatcher, tracker, state)
        if plan_of(tracker, state):
            return _show(dispatcher, tracker)
        return plan_filling.begin(dispatcher, tracker)

    def _do(self, dispatcher: CollectingDispatcher, tracker: Tracker, wish: str) -> Events:
        state = state_of(tracker)
        name, _, part = wish.partition(":")
        if name == "part" and part in PARTS:
            return plan_filling.ask(dispatcher, {**state, "walk": False}, part)
        steps = {
            "start": lambda: plan_filling.go_on(dispatcher, tracker, state),
            "skip": lambda: plan_filling.skip(dispatcher, tracker, state),
            "stop": lambda: plan_filling.stop(dispatcher, tracker, state),
            "lines": lambda: _put_lines(dispatcher, tracker),
            "examples": lambda: _examples(dispatcher, tracker),
            "change": lambda: _change(dispatcher, tracker),
            "clear": lambda: _ask_to_clear(dispatcher, tracker),
            "clear_yes": lambda: _clear(dispatcher, tracker),
        }
        return steps.get(name, lambda: _show(dispatcher, tracker))()


def show_in_crisis(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    """Show the short of the plan; the direct question stays as open as it was, and is put below."""
    short = shown_short(plan_of(tracker, state_of(tracker)), region(tracker))
    if short:
        dispatcher.utter_message(response="utter_safety_plan_short")
        dispatcher.utter_message(text=short, buttons=[choice("Show all of it", "show")])
    else:
        dispatcher.utter_message(response="utter_safety_plan_none_in_crisis")
    _put_question(dispatcher)
    return []


def _put_question(dispatcher: CollectingDispatcher) -> None:
    """Put the direct question below; the events are left out on purpose, so that its step stays what it was."""
    direct_question.ask(dispatcher, "utter_safety_ask_again")


def _show(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    """Show all of it; what he had begun goes on waiting, and an open question is put again."""
    state = state_of(tracker)
    if not is_safety_open(tracker):
        events = plan_filling.finish(dispatcher, tracker, state)
        return [*events, *set_state({"paused": state.get("part") or state.get("paused")})]
    for bubble in shown(plan_of(tracker, state), region(tracker)):
        dispatcher.utter_message(text=bubble)
    _put_question(dispatcher)
    return []


def _put_lines(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    state = state_of(tracker)
    if not state.get("part"):
        return _show(dispatcher, tracker)
    return plan_filling.put(dispatcher, tracker, {**state, "part": "professionals"}, lines_of(region(tracker)))


def _examples(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    part = state_of(tracker).get("part")
    if part is None:
        return _show(dispatcher, tracker)
    dispatcher.utter_message(
        response=f"utter_safety_plan_examples_{part}",
        buttons=[choice("Skip this one", "skip"), choice("Stop for now", "stop")],
    )
    return []


def _change(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    buttons = [choice(title, f"part:{part}") for part, title in _TITLES.items()]
    dispatcher.utter_message(response="utter_safety_plan_change", buttons=buttons)
    return set_state({**state_of(tracker), "part": None})


def _ask_to_clear(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    buttons = [choice("Clear my plan", "clear_yes"), choice("Keep it", "show")]
    dispatcher.utter_message(response="utter_safety_plan_clear", buttons=buttons)
    return set_state({**state_of(tracker), "part": None})


def _clear(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    clear(tracker)
    dispatcher.utter_message(response="utter_safety_plan_cleared")
    return set_state({})
