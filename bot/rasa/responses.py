"""Rasa response generator: the variation he has not read lately, with his region's words filled in."""

from __future__ import annotations

import copy
from typing import Any

from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from bot.config import Settings
from bot.content import region_words

_VARIATION = "variation"


class FreshResponses(TemplatedNaturalLanguageGenerator):
    """Picks the variation of a response that was said longest ago; nothing is left to chance."""

    def __init__(self, endpoint_config: EndpointConfig | None = None, domain: Domain | None = None) -> None:
        super().__init__(domain.responses if domain else {})
        self._default_region = Settings.from_environment().region

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **kwargs: Any
    ) -> dict[str, Any] | None:
        """Return the response with placeholders filled, or None where there is none of that name."""
        variations = self.responses.get(utter_action)
        if not variations:
            return None
        number = _least_recent(utter_action, len(variations), tracker)
        words = region_words(_region(tracker) or self._default_region)
        filled = self._fill_response(
            copy.deepcopy(variations[number]), tracker.current_slot_values(), **words, **kwargs
        )
        return {**filled, _VARIATION: number}


def _least_recent(utter_action: str, count: int, tracker: DialogueStateTracker) -> int:
    said = [
        event.metadata.get(_VARIATION)
        for event in tracker.events
        if isinstance(event, BotUttered) and event.metadata.get("utter_action") == utter_action
    ]
    last_said = {number: position for position, number in enumerate(said) if number is not None}
    return min(range(count), key=lambda number: last_said.get(number, -1))


def _region(tracker: DialogueStateTracker) -> str | None:
    metadata = tracker.latest_message.metadata if tracker.latest_message else None
    found: str | None = (metadata or {}).get("region")
    return found
