"""Rasa featurizer that gives each message its sentence vector, once the slips of his thumb are mended."""

from __future__ import annotations

import re
from collections import Counter
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

from bot.crisis.slips import Mender
from bot.rasa.clauses import clauses_of
from bot.vectors import PARTS, encode, load
from bot.vectors.minilm import tokenizer

VECTOR = "sentence_vector"
MENDED = "mended_text"
CLAUSES = "clause_vectors"  # (part, its vector) for each part of a message that has several
_BATCH = 256
_FILE = "words.txt"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class SentenceFeaturizer(GraphComponent):
    """Sets ``sentence_vector`` (896 numbers, see ``bot.vectors``) on every message with text, and on its clauses.

    Learns the words of the training phrases, the commonest first: a word that is in no list and one slip away from one
    of them is read as that one. The message itself stays as he wrote it.

    Config:
        parts: Which encoders; both unless somebody measures what one alone is worth.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the defaults."""
        return {"parts": list(PARTS)}

    def __init__(
        self,
        parts: Sequence[str],
        model_storage: ModelStorage | None = None,
        resource: Resource | None = None,
        words: Sequence[str] = (),
    ) -> None:
        self._parts = tuple(parts)
        self._model_storage, self._resource = model_storage, resource
        self._mend = Mender(words, tokenizer().is_word)
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
        return cls(config["parts"], model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> SentenceFeaturizer:
        """Return the component with the words that it learnt."""
        with model_storage.read_from(resource) as folder:
            words = (folder / _FILE).read_text(encoding="utf-8").split()
        return cls(config["parts"], model_storage, resource, words)

    def train(self, training_data: TrainingData) -> Resource:
        """Keep the words of the training phrases in the model."""
        assert self._model_storage is not None and self._resource is not None  # noqa: S101, PT018 - Rasa gives both
        texts = [str(example.get(TEXT) or "") for example in training_data.training_examples]
        counted = Counter(word for text in texts for word in re.findall(r"[a-z]+", text.lower()))
        with self._model_storage.write_to(self._resource) as folder:
            (folder / _FILE).write_text("\n".join(word for word, _ in counted.most_common()), encoding="utf-8")
        return self._resource

    def mended(self, text: str) -> str:
        """Return the text without slips; as it is where there are none."""
        plain = text.lower()
        mended = self._mend(plain)
        return text if mended == plain else mended

    def process(self, messages: list[Message]) -> list[Message]:
        """Give messages their vectors, and those of their clauses."""
        for message in messages:
            if not message.get(TEXT):
                continue
            message.set(MENDED, self.mended(message.get(TEXT)))
            parts = clauses_of(message.get(MENDED))
            whole, *vectors = encode([message.get(MENDED), *parts], self._parts)  # together: half the time
            message.set(VECTOR, whole)
            message.set(CLAUSES, list(zip(parts, vectors, strict=True)))
        return messages

    def _give_vectors(self, messages: list[Message]) -> None:
        with_text = [message for message in messages if message.get(TEXT)]
        for message in with_text:
            message.set(MENDED, self.mended(message.get(TEXT)))
        for start in range(0, len(with_text), _BATCH):
            batch = with_text[start : start + _BATCH]
            vectors = encode([message.get(MENDED) for message in batch], self._parts)
            for message, vector in zip(batch, vectors, strict=True):
                message.set(VECTOR, vector)

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Give the training examples their vectors; Rasa wants this parameter's name."""
        self._give_vectors(training_data.training_examples)
        return training_data


def vectors_of(messages: list[Message]) -> Any:
    """Return the messages' vectors as one matrix."""
    return np.vstack([message.get(VECTOR) for message in messages])
