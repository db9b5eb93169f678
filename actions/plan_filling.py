"""Filling the plan: one part at a time, in his words; each can be skipped, stopped, and gone on with later."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.message import Button, Events, button, intent_read, region, words
from actions.plan_book import State, is_kept, plan_of, set_state, state_of, write_part
from actions.plan_words import is_nothing, is_skip, is_stop, shown
from bot.clock import utc_now
from bot.records.safety_plan import PARTS, first_gap

_NOT_KEPT = "utter_safety_plan_not_kept"


def choice(title: str, wish: str) -> Button:
    """Return a button of the plan."""
    return button(title, f'/safety_plan{{"plan": "{wish}"}}')


def is_filling(tracker: Tracker) -> bool:
    """Return whether a part was asked for and his next words belong into it."""
    return bool(state_of(tracker).get("part"))


def begin(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    """Say what the plan is and whether it is kept, and ask for the first part."""
    dispatcher.utter_message(response="utter_safety_plan_intro" if is_kept(tracker) else "utter_safety_plan_unlogged")
    return go_on(dispatcher, tracker, {})


def go_on(dispatcher: CollectingDispatcher, tracker: Tracker, state: State) -> Events:
    """Ask for the part at which he stopped, or for the first that is empty; show the plan where none is."""
    part = state.get("paused") or first_gap(plan_of(tracker, state))
    return finish(dispatcher, tracker, state) if part is None else ask(dispatcher, {**state, "walk": True}, part)


def ask(dispatcher: CollectingDispatcher, state: State, part: str) -> Events:
    """Ask for one part."""
    buttons = [choice("Skip this one", "skip"), choice("What do others write", "examples")]
    if part == "professionals":
        buttons.append(choice("Put the lines in", "lines"))
    dispatcher.utter_message(response=f"utter_safety_plan_{part}", buttons=[*buttons, choice("Stop for now", "stop")])
    return set_state({**state, "part": part, "paused": None})


def take_words(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events | None:
    """Put his words into the part that is asked; None for a question of his, which its own flow answers."""
    state, said = state_of(tracker), words(tracker).strip()
    if is_stop(said) or (intent_read(tracker) == "stop" and len(said.split()) <= 5):
        return stop(dispatcher, tracker, state)
    if is_skip(said) or is_nothing(said):
        return skip(dispatcher, tracker, state)
    if said.endswith("?"):
        return None
    return put(dispatcher, tracker, state, said)


def put(dispatcher: CollectingDispatcher, tracker: Tracker, state: State, said: str) -> Events:
    """Keep what he said for the part that is asked, and go on."""
    part = state["part"]
    state = write_part(tracker, state, part, said)
    if not state.get("walk"):
        return finish(dispatcher, tracker, state)
    dispatcher.utter_message(response="utter_safety_plan_noted")
    return _next(dispatcher, tracker, state, part)


def keep_quietly(tracker: Tracker) -> Events:
    """Keep what he said for the part that is asked and step aside: something graver is answered first."""
    state = state_of(tracker)
    state = write_part(tracker, state, state["part"], words(tracker))
    following = PARTS[PARTS.index(state["part"]) + 1 :]
    return set_state({**state, "part": None, "paused": next(iter(following), None) if state.get("walk") else None})


def pause(tracker: Tracker) -> Events:
    """Step aside for a button or a command; the part waits."""
    state = state_of(tracker)
    return set_state({**state, "part": None, "paused": state["part"]})


def skip(dispatcher: CollectingDispatcher, tracker: Tracker, state: State) -> Events:
    """Leave a part as it is."""
    part = state.get("part")
    if part is None or not state.get("walk"):
        return finish(dispatcher, tracker, state)
    return _next(dispatcher, tracker, state, part)


def stop(dispatcher: CollectingDispatcher, tracker: Tracker, state: State) -> Events:
    """Stop here; what is kept stays, what may not be kept is shown once."""
    if not is_kept(tracker):
        return finish(dispatcher, tracker, state)
    dispatcher.utter_message(response="utter_safety_plan_stopped", buttons=[choice("Show what I have", "show")])
    return set_state({})


def finish(dispatcher: CollectingDispatcher, tracker: Tracker, state: State) -> Events:
    """Show the plan as it stands; where nothing may be kept, this is the one time."""
    plan = plan_of(tracker, state)
    if not plan:
        dispatcher.utter_message(response="utter_safety_plan_empty", buttons=[choice("Start it", "start")])
        return set_state({})
    kept = is_kept(tracker)
    bubbles = shown(plan, region(tracker))
    for bubble in bubbles[:-1]:
        dispatcher.utter_message(text=bubble)
    dispatcher.utter_message(text=bubbles[-1], buttons=_after(first_gap(plan) is not None) if kept else [])
    if not kept:
        dispatcher.utter_message(response=_NOT_KEPT)
    return set_state({})


def is_new_concern(tracker: Tracker) -> bool:
    """Return whether his words were screened as grave enough to be taken up before the plan goes on."""
    if not intent_read(tracker).startswith("crisis_"):
        return False
    asked_today = tracker.get_slot("concern_asked_on") == utc_now().date().isoformat()
    return not (intent_read(tracker) == "crisis_concern" and asked_today)


def ask_again(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    """Put the part's question again after a question of his was answered."""
    state = state_of(tracker)
    return ask(dispatcher, state, state["part"])


def _next(dispatcher: CollectingDispatcher, tracker: Tracker, state: State, part: str) -> Events:
    """Ask for the next part; in a walk a part that has words already is passed by."""
    plan = plan_of(tracker, state)
    following = PARTS[PARTS.index(part) + 1 :]
    empty = next((name for name in following if not plan.get(name)), None)
    return finish(dispatcher, tracker, state) if empty is None else ask(dispatcher, state, empty)


def _after(has_gaps: bool) -> list[Button]:  # noqa: FBT001 - the one thing it depends on
    more = [choice("Fill the gaps", "start")] if has_gaps else []
    return [*more, choice("Change a part", "change"), choice("Clear it", "clear")]
