"""Which words and pairs of words go with which code: a second opinion where the sentence vectors hesitate.

A logistic regression on weighted words, trained with scikit-learn on the examples of the codes alone and kept as plain
arrays. The vectors decide whether a message carries a code at all; words only help to tell the codes apart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

STRENGTH = 10.0  # inverse of the penalty; by cross-validation on the training data
_WORD = re.compile(r"\w\w+")


class CodeWords:
    """Probabilities of the codes from words.

    Args:
        codes: The codes, in the order of the weights' columns.
        terms: Words and pairs, in the order of the weights' rows.
        weights: One row a term, one column a code, with the terms' own weights in them.
        bias: One number a code.
        rarity: Weight of each term: the rarer, the heavier.
    """

    def __init__(self, codes: Sequence[str], terms: Sequence[str], weights: Any, bias: Any, rarity: Any) -> None:
        self.codes = [str(code) for code in codes]
        self._rows = {str(term): row for row, term in enumerate(terms)}
        self._weights = np.asarray(weights, dtype=np.float32)
        self._bias = np.asarray(bias, dtype=np.float32)
        self._rarity = np.asarray(rarity, dtype=np.float32)

    @classmethod
    def fit(cls, texts: Sequence[str], codes: Sequence[str]) -> CodeWords:
        """Learn from examples."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression

        counter = TfidfVectorizer(analyzer=terms_of, sublinear_tf=True)
        counted = counter.fit_transform(texts)
        model = LogisticRegression(C=STRENGTH, max_iter=300, class_weight="balanced").fit(counted, codes)
        return cls(model.classes_, counter.get_feature_names_out(), model.coef_.T, model.intercept_, counter.idf_)

    def probabilities(self, text: str) -> Any:
        """Return the probability of each code; near alike where no word is known."""
        counts = Counter(term for term in terms_of(text) if term in self._rows)
        scores = self._bias.copy()
        if counts:
            rows = np.array([self._rows[term] for term in counts])
            values = (1 + np.log(np.array(list(counts.values()), dtype=np.float32))) * self._rarity[rows]
            scores = scores + (values / np.linalg.norm(values)) @ self._weights[rows]
        powers = np.exp(scores - scores.max())
        return powers / powers.sum()

    def write_to(self, file: Path) -> None:
        """Write the arrays."""
        terms = list(self._rows)
        np.savez(file, codes=self.codes, terms=terms, weights=self._weights, bias=self._bias, rarity=self._rarity)

    @classmethod
    def read_from(cls, file: Path) -> CodeWords:
        """Return what ``write_to`` wrote."""
        with np.load(file) as arrays:
            return cls(*(arrays[name] for name in ("codes", "terms", "weights", "bias", "rarity")))


def terms_of(text: str) -> list[str]:
    """Return the words of two letters or more, and each pair of neighbours."""
    words = _WORD.findall(text.lower().replace("’", "").replace("'", ""))
    return [*words, *(f"{one} {after}" for one, after in pairwise(words))]
