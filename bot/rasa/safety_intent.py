"""Rasa component that puts the screening above every recognised intent.

The gate has screened the message already, with what he wrote just before, and says so in its metadata; a message that
comes from elsewhere (Rasa's own shell, a test) is screened here. The intents ``crisis_*`` have no training examples, so
that no model can guess them.
"""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.crisis import Kind, Level, screen

_BY_KIND: dict[Kind, str] = {kind: f"crisis_{kind}" for kind in Kind if kind is not Kind.SELF}
_INTENTS = {Level.CONCERN: "crisis_concern", Level.HIGH: "crisis_high", Level.IMMINENT: "crisis_imminent"}


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class SafetyIntent(GraphComponent):
    """Overrides the intent by the screening level."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SafetyIntent:
        """Return the component."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Override the intent of messages whose level asks for it."""
        for message in messages:
            text = message.get(TEXT)
            if not text or text.startswith("/"):
                continue  # a button of ours, not his words
            level, kind = _level(message, text)
            if level in _INTENTS:
                name = _BY_KIND.get(kind, _INTENTS[level])
                message.set(INTENT, {"name": name, "confidence": 1.0}, add_to_output=True)
        return messages

    def process_training_data(self, training_data: Any) -> Any:
        """Leave training data alone."""
        return training_data


def _level(message: Message, text: str) -> tuple[Level, Kind]:
    told = message.get("metadata") or {}
    if "level" in told:
        return Level(told["level"]), Kind(told.get("kind", "self"))
    here = screen(text)
    return here.level, here.kind
