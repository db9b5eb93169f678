"""Rasa featurizer that gives each message its sentence vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.vectors import PARTS, encode, load

VECTOR = "sentence_vector"
_BATCH = 256


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceFeaturizer(GraphComponent):
    """Sets ``sentence_vector`` (896 numbers, see ``bot.vectors``) on every message with text.

    Config:
        parts: Which encoders; both unless somebody measures what one alone is worth.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the defaults."""
        return {"parts": list(PARTS)}

    def __init__(self, parts: Sequence[str] = PARTS) -> None:
        self._parts = tuple(parts)
        load(self._parts)

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceFeaturizer:
        """Return the component with its encoders in memory."""
        return cls(config["parts"])

    def process(self, messages: list[Message]) -> list[Message]:
        """Give messages their vectors."""
        with_text = [message for message in messages if message.get(TEXT)]
        for start in range(0, len(with_text), _BATCH):
            batch = with_text[start : start + _BATCH]
            vectors = encode([message.get(TEXT) for message in batch], self._parts)
            for message, vector in zip(batch, vectors, strict=True):
                message.set(VECTOR, vector)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Give the training examples their vectors; Rasa wants this parameter's name."""
        self.process(training_data.training_examples)
        return training_data


def vectors_of(messages: list[Message]) -> Any:
    """Return the messages' vectors as one matrix."""
    return np.vstack([message.get(VECTOR) for message in messages])
