"""Rasa intent classifier: multinomial logistic regression on sentence vectors, one numpy product at run time.

Trained with scikit-learn, kept as plain arrays. It also writes down what Ballast calls the reading of a message: the
intent and the codes of the codebook that apply, before any later component overrides the intent.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.codebook import code_ids
from bot.rasa.code_words import CodeWords
from bot.rasa.sentence_featurizer import CLAUSES, MENDED, VECTOR, vectors_of

READING = "reading"
PARTS = "parts"  # the code of each clause that clearly has one
_RANKING_LENGTH = 10


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class VectorClassifier(IntentClassifier, GraphComponent):
    """Classifies sentence vectors.

    Config:
        scale: Vectors are multiplied by it; unit vectors alone are too close together for the penalty.
        strength: Inverse of the L2 penalty (scikit-learn's ``C``).
        code_mass: Least summed probability of all codes at which a message is said to carry any.
        code_share: Least share of that sum which a third code or a later one needs to be listed.
        words_weight: How much the words count beside the vectors in telling the codes apart; 0: not at all.
        clause_mass: Least summed probability of all codes at which a clause is said to carry one.
        apart: Intents that a second regression learns beside all others; the codes are read by the first, which
            never saw them, so that what men say in a crisis does not blur what researchers code.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the defaults; chosen by cross-validation on the training data (``docs/recognition.md``)."""
        kept: dict[str, Any] = {"scale": 4.0, "strength": 1.0, "code_mass": 0.6, "code_share": 0.1, "apart": []}
        return kept | {"words_weight": 0.7, "clause_mass": 0.7}

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        self._config = {**self.get_default_config(), **config}
        self._model_storage = model_storage
        self._resource = resource
        self._classes: list[str] = []
        self._weights = np.zeros((0, 0), dtype=np.float32)
        self._bias = np.zeros(0, dtype=np.float32)
        self._wide: VectorClassifier | None = None  # knows the intents that stand apart, too
        self._words: CodeWords | None = None

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> VectorClassifier:
        """Return an untrained component."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Fit on all examples that have an intent and keep the arrays in the model."""
        examples = [example for example in training_data.intent_examples if example.get(VECTOR) is not None]
        apart = frozenset(self._config["apart"])
        self.fit_on([example for example in examples if example.get(INTENT) not in apart])
        if apart:
            self._wide = VectorClassifier(self._config, self._model_storage, self._resource)
            self._wide.fit_on(examples)
        carrying = [example for example in examples if example.get(INTENT) in code_ids()]
        if self._config["words_weight"] and len({example.get(INTENT) for example in carrying}) > 2:
            texts = [str(example.get(TEXT)) for example in carrying]
            self._words = CodeWords.fit(texts, [example.get(INTENT) for example in carrying])
        self._persist()
        return self._resource

    def fit_on(self, examples: list[Message]) -> None:
        """Fit one regression on examples that have a vector."""
        from sklearn.linear_model import LogisticRegression

        labels = [example.get(INTENT) for example in examples]
        model = LogisticRegression(
            C=self._config["strength"], max_iter=2_000, class_weight="balanced", multi_class="multinomial"
        )
        model.fit(vectors_of(examples) * self._config["scale"], labels)
        self._adopt(list(model.classes_), model.coef_.T * self._config["scale"], model.intercept_)

    def _adopt(self, classes: list[str], weights: Any, bias: Any) -> None:
        self._classes = [str(name) for name in classes]
        self._weights = np.asarray(weights, dtype=np.float32)
        self._bias = np.asarray(bias, dtype=np.float32)
        self._code_columns = [number for number, name in enumerate(self._classes) if name in code_ids()]

    def _persist(self) -> None:
        with self._model_storage.write_to(self._resource) as folder:
            for name, part in (("classifier", self), ("wide", self._wide)):
                if part is not None:
                    part.write_to(folder / f"{name}.npz")
            if self._words is not None:
                self._words.write_to(folder / "words.npz")

    def write_to(self, file: Path) -> None:
        """Write the arrays of one regression."""
        np.savez(file, classes=self._classes, weights=self._weights, bias=self._bias)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> VectorClassifier:
        """Return the component as it was trained."""
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            component.take_up_file(folder / "classifier.npz")
            if (folder / "wide.npz").is_file():
                component._wide = cls(config, model_storage, resource)
                component._wide.take_up_file(folder / "wide.npz")
            if (folder / "words.npz").is_file():
                component._words = CodeWords.read_from(folder / "words.npz")
        return component

    def take_up_file(self, file: Path) -> None:
        """Read the arrays of one regression."""
        with np.load(file) as arrays:
            self._adopt(list(arrays["classes"]), arrays["weights"], arrays["bias"])

    def process(self, messages: list[Message]) -> list[Message]:
        """Set intent, ranking and reading on every message that has a vector."""
        for message in messages:
            vector = message.get(VECTOR)
            if vector is None or not message.get(TEXT) or not self._classes:
                message.set(INTENT, {"name": None, "confidence": 0.0}, add_to_output=True)
                continue
            self._classify(message, vector)
        return messages

    def probabilities(self, vector: Any) -> Any:
        """Return the probability of each class."""
        scores = vector @ self._weights + self._bias
        powers = np.exp(scores - scores.max())
        return powers / powers.sum()

    def _classify(self, message: Message, vector: Any) -> None:
        probabilities = self._with_words(self.probabilities(vector), message.get(MENDED) or message.get(TEXT))
        ranking = self.ranking_of(probabilities)
        if self._wide is not None:
            wide = self._wide.ranking_of(self._wide.probabilities(vector))
            if wide[0]["name"] not in self._classes:  # one of those apart; everything else is left to the first
                # By likelihood: a ranking whose first is not the likeliest looks ambiguous to FallbackClassifier.
                ranking = sorted([wide[0], *ranking[:-1]], key=lambda row: -row["confidence"])
        reading = {
            "intent": ranking[0]["name"],
            "confidence": ranking[0]["confidence"],
            "codes": self._codes(probabilities),
        }
        message.set(INTENT, ranking[0], add_to_output=True)
        message.set("intent_ranking", ranking, add_to_output=True)
        message.set(READING, reading, add_to_output=True)
        message.set(PARTS, list(self._read_clauses(message)), add_to_output=True)

    def _read_clauses(self, message: Message) -> Iterator[dict[str, Any]]:
        for text, vector in message.get(CLAUSES) or ():
            probabilities = self._with_words(self.probabilities(vector), text)
            mass = float(probabilities[self._code_columns].sum())
            best = max(self._code_columns, key=lambda number: float(probabilities[number]))
            if mass >= self._config["clause_mass"]:
                yield {"id": self._classes[best], "score": round(float(probabilities[best]), 4)}

    def _with_words(self, probabilities: Any, text: str) -> Any:
        """Return the probabilities with the codes' share dealt out anew among them, by vectors and words together."""
        if self._words is None:
            return probabilities
        columns = [self._classes.index(code) for code in self._words.codes]
        by_words = self._words.probabilities(text) ** self._config["words_weight"]
        together = probabilities[columns] * by_words
        mixed = np.array(probabilities)
        mixed[columns] = together * (probabilities[columns].sum() / together.sum())
        return mixed

    def ranking_of(self, probabilities: Any) -> list[dict[str, Any]]:
        """Return the likeliest intents, best first."""
        order = np.argsort(-probabilities)[:_RANKING_LENGTH]
        return [{"name": self._classes[number], "confidence": float(probabilities[number])} for number in order]

    def _codes(self, probabilities: Any) -> list[dict[str, Any]]:
        """Return the two likeliest codes and others near them, best first, each with its probability.

        None where the message is more likely about something else.
        """
        mass = float(probabilities[self._code_columns].sum())
        if mass < self._config["code_mass"]:
            return []
        best = sorted(self._code_columns, key=lambda number: -probabilities[number])
        third = [number for number in best[2:5] if probabilities[number] >= mass * self._config["code_share"]]
        return [
            {"id": self._classes[number], "score": round(float(probabilities[number]), 4)}
            for number in best[:2] + third
        ]
