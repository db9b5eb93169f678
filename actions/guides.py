"""The flow of all guides: a button of theirs, or a sentence that asks for one."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import card, guide, notebook, signs, stopping, thought, today, trend, visit
from actions.flow import Flow
from actions.guide_book import opened_by
from actions.message import Events, intent_read

# Each of these holds hooks, which are there once it is imported.
HOOK_ROOMS = (card, notebook, signs, thought, today, trend, visit)


class OpenGuide(Flow):
    """He pressed a step of a guide, or asked for one in his own words."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_guide"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Go where the button leads, or to where the intent opens; the nine questions wait meanwhile."""
        intent = intent_read(tracker)
        at = opened_by().get(intent)
        events = guide.press(dispatcher, tracker) if at is None else guide.enter(dispatcher, tracker, at)
        return [*stopping.aside(tracker), *events]
