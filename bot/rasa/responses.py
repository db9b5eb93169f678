"""Rasa response generator: the variation he has not read lately, in his tone, with his region's words filled in.

A variation that carries ``metadata: {tone: dry}`` (or ``straight``, ``plain``) is for that tone alone, one without a
tone for all.
"""

from __future__ import annotations

import copy
from typing import Any

from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from bot.config import PLAIN, Settings
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
        fitting = for_tone(variations, str(_setting(tracker, "tone") or PLAIN))
        number = _least_recent(utter_action, fitting, tracker)
        words = region_words(str(_setting(tracker, "region") or self._default_region))
        filled = self._fill_response(
            copy.deepcopy(variations[number]), tracker.current_slot_values(), **words, **kwargs
        )
        return {**filled, _VARIATION: number}


def for_tone(variations: list[dict[str, Any]], tone: str) -> list[int]:
    """Return the numbers of the variations that a man of this tone may read, the tone's own first.

    Where all are for other tones, all: an answer in the wrong tone does less harm than none.
    """
    tones = [(variation.get("metadata") or {}).get("tone") for variation in variations]
    own = [number for number, of in enumerate(tones) if of == tone]
    for_all = [number for number, of in enumerate(tones) if of is None]
    return own + for_all or list(range(len(variations)))


def _least_recent(utter_action: str, fitting: list[int], tracker: DialogueStateTracker) -> int:
    """Return the one that was said longest ago, or never; among several that were never said, the first."""
    said = [
        event.metadata.get(_VARIATION)
        for event in tracker.events
        if isinstance(event, BotUttered) and event.metadata.get("utter_action") == utter_action
    ]
    last_said = {number: position for position, number in enumerate(said) if number is not None}
    return min(fitting, key=lambda number: last_said.get(number, -1))


def _setting(tracker: DialogueStateTracker, name: str) -> Any:
    """Return what the gate says of him beside his message: his region, his tone."""
    metadata = tracker.latest_message.metadata if tracker.latest_message else None
    return (metadata or {}).get(name)
