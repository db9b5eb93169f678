"""BERT's encoder layers in plain numpy: what a sequence of tokens means, as one row a token.

The weights are laid out once for the fastest product (query, key and value as one matrix, everything contiguous).
Source: Vaswani et al. 2017; Devlin et al. 2019; the names of the tensors are those of Hugging Face's BERT.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]

_HEADS = 12
_EPSILON = 1e-12
_TANH_SCALE, _TANH_CUBE = np.float32(math.sqrt(2 / math.pi)), np.float32(0.044715)


@dataclass(frozen=True)
class Layer:
    """One layer's weights; each matrix maps rows from the right, so ``values @ matrix``."""

    attention: tuple[Matrix, Matrix]
    attended: tuple[Matrix, Matrix]
    attended_norm: tuple[Matrix, Matrix]
    inner: tuple[Matrix, Matrix]
    outer: tuple[Matrix, Matrix]
    outer_norm: tuple[Matrix, Matrix]

    @classmethod
    def of(cls, tensors: Mapping[str, Matrix], number: int) -> Layer:
        """Lay out one layer of a checkpoint."""
        prefix = f"encoder.layer.{number}."

        def linear(name: str) -> tuple[Matrix, Matrix]:
            return np.ascontiguousarray(tensors[prefix + name + ".weight"].T), tensors[prefix + name + ".bias"]

        def norm(name: str) -> tuple[Matrix, Matrix]:
            return tensors[prefix + name + ".LayerNorm.weight"], tensors[prefix + name + ".LayerNorm.bias"]

        query, key, value = (linear(f"attention.self.{part}") for part in ("query", "key", "value"))
        scale = np.float32(1 / math.sqrt(query[0].shape[1] / _HEADS))
        weights = np.hstack([query[0] * scale, key[0], value[0]])
        biases = np.hstack([query[1] * scale, key[1], value[1]])
        return cls(
            attention=(np.ascontiguousarray(weights), biases),
            attended=linear("attention.output.dense"),
            attended_norm=norm("attention.output"),
            inner=linear("intermediate.dense"),
            outer=linear("output.dense"),
            outer_norm=norm("output"),
        )

    def __call__(self, hidden: Matrix, lengths: Sequence[int]) -> Matrix:
        """Return the next layer's rows of sequences that lie one below the other."""
        mixed = _linear(self._attend(hidden, lengths), self.attended)
        hidden = _normalise(hidden + mixed, self.attended_norm)
        return _normalise(hidden + _linear(_gelu(_linear(hidden, self.inner)), self.outer), self.outer_norm)

    def _attend(self, hidden: Matrix, lengths: Sequence[int]) -> Matrix:
        """Return what each token takes up from those of its own sequence."""
        asked = _linear(hidden, self.attention)
        if len(lengths) == 1:
            return _mixed(asked)
        ends = np.cumsum(lengths)
        return np.vstack([_mixed(asked[end - length : end]) for length, end in zip(lengths, ends, strict=True)])


class Transformer:
    """An encoder over token numbers.

    Args:
        tensors: The checkpoint's weights by name.
        layers: How many of its layers to use, from the first.
    """

    def __init__(self, tensors: Mapping[str, Matrix], layers: int) -> None:
        self._words = tensors["embeddings.word_embeddings.weight"]
        self._places = (
            tensors["embeddings.position_embeddings.weight"] + tensors["embeddings.token_type_embeddings.weight"][0]
        )
        self._norm = tensors["embeddings.LayerNorm.weight"], tensors["embeddings.LayerNorm.bias"]
        self._layers = [Layer.of(tensors, number) for number in range(layers)]

    def mean(self, tokens: Sequence[int]) -> Matrix:
        """Return the mean of the last layer's rows, one number a dimension."""
        return np.asarray(self.rows(tokens).mean(axis=0))

    def means(self, sequences: Sequence[Sequence[int]]) -> list[Matrix]:
        """Return the mean of each of several sequences.

        They go through the layers together, so that each matrix is read from memory once and not once a sequence:
        for a short one that is what takes the time.
        """
        rows, lengths = self._rows(sequences), [len(tokens) for tokens in sequences]
        return [part.mean(axis=0) for part in np.split(rows, np.cumsum(lengths)[:-1])]

    def rows(self, tokens: Sequence[int]) -> Matrix:
        """Return the last layer's rows, one a token."""
        return self._rows([tokens])

    def _rows(self, sequences: Sequence[Sequence[int]]) -> Matrix:
        words = np.vstack([self._words[list(tokens)] + self._places[: len(tokens)] for tokens in sequences])
        hidden, lengths = _normalise(words, self._norm), [len(tokens) for tokens in sequences]
        for layer in self._layers:
            hidden = layer(hidden, lengths)
        return hidden


def _mixed(asked: Matrix) -> Matrix:
    """Return a sequence's values, weighed by its queries and keys; all three lie side by side."""
    count, width = len(asked), asked.shape[1] // 3
    parts = asked.reshape(count, 3 * _HEADS, width // _HEADS).transpose(1, 0, 2)
    query, key, value = parts[:_HEADS], parts[_HEADS : 2 * _HEADS], parts[2 * _HEADS :]
    scores = query @ key.transpose(0, 2, 1)
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return np.asarray((scores @ value).transpose(1, 0, 2).reshape(count, width))


def _linear(values: Matrix, weights: tuple[Matrix, Matrix]) -> Matrix:
    product = values @ weights[0]
    product += weights[1]
    return product


def _normalise(values: Matrix, weights: tuple[Matrix, Matrix]) -> Matrix:
    centred = values - values.mean(axis=-1, keepdims=True)
    spread = np.einsum("ij,ij->i", centred, centred) / values.shape[-1]
    centred /= np.sqrt(spread + _EPSILON)[:, None]
    return np.asarray(centred * weights[0] + weights[1], dtype=np.float32)


def _gelu(values: Matrix) -> Matrix:
    """Return the tanh form of the GELU (Hendrycks & Gimpel 2016): a third of the exact form's time, the same here."""
    inner = values * values
    inner *= _TANH_CUBE
    inner += 1
    inner *= values
    inner *= _TANH_SCALE
    np.tanh(inner, out=inner)
    inner += 1
    inner *= values
    inner *= np.float32(0.5)
    return inner
