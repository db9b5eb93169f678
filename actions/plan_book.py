"""Where a man's plan lies: kept and sealed, or only in this conversation where he wants nothing kept."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet

from actions.message import Events, database, message_id
from bot.clock import utc_now
from bot.records import safety_plan
from bot.records.safety_plan import Plan
from bot.storage.models import Person
from bot.turns.commit import keeps_log

SLOT = "plan"
State = dict[str, Any]  # {"part": asked now, "paused": asked when something else came, "walk": through all, "draft"}


def state_of(tracker: Tracker) -> State:
    """Return where he is in his plan; empty when he is not in it."""
    return dict(tracker.get_slot(SLOT) or {})


def set_state(state: State) -> Events:
    """Return the event that keeps where he is; nothing worth keeping empties the slot."""
    kept = {name: value for name, value in state.items() if value}
    return [SlotSet(SLOT, kept or None)]


def is_kept(tracker: Tracker) -> bool:
    """Return whether what he writes into his plan is stored."""
    with database().read() as session:
        is_known = session.get(Person, tracker.sender_id) is not None
        return is_known and keeps_log(session, tracker.sender_id)


def plan_of(tracker: Tracker, state: State) -> Plan:
    """Return his plan: the stored one, with what this conversation alone holds on top."""
    with database().read() as session:
        stored = safety_plan.plan_of(session, tracker.sender_id)
    return stored | state.get("draft", {})


def write_part(tracker: Tracker, state: State, part: str, said: str) -> State:
    """Keep his words for a part, sealed where he allows it, else in this conversation only; return the new state."""
    if not is_kept(tracker):
        return {**state, "draft": safety_plan.with_part(state.get("draft", {}), part, said)}
    with database().write() as session:
        safety_plan.keep_part(
            session,
            person_id=tracker.sender_id,
            part=part,
            words=said,
            message_id=message_id(tracker),
            at=utc_now(),
        )
    return state


def clear(tracker: Tracker) -> None:
    """Delete his stored plan with all its versions."""
    with database().write() as session:
        safety_plan.clear_plan(session, tracker.sender_id)
