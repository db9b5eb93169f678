"""Tell a sentence that he cut in two from two messages that merely follow each other.

"i have the rope and im going to" and "use it tonight" are one sentence; "tomorrow morning" and "ok, now the other
thing" are two. The encoder often finds two harmless messages dark when it reads them as one. A cut shows where the
first seldom ends and the second seldom begins: a message seldom ends with "to" or begins with "myself".
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"[\w']+")
_CERTAIN = 1e-4  # an output is never taken for surer than this


class Seams:
    """Judges whether two messages are one sentence.

    Args:
        words: The words that were counted.
        ends: The logarithm of how often each is the last of a message; ``begins``: the first.
        rare: The same two for every other word.
        weights: What each of `signs` counts; the last is the bound that their sum must reach, with its sign turned.
    """

    def __init__(
        self,
        words: Iterable[str],
        ends: NDArray[Any],
        begins: NDArray[Any],
        rare: NDArray[Any],
        weights: NDArray[Any],
    ) -> None:
        known = [str(word) for word in words]
        self._ends = dict(zip(known, ends.astype(float).tolist(), strict=True))
        self._begins = dict(zip(known, begins.astype(float).tolist(), strict=True))
        self._rare_end, self._rare_begin = (float(value) for value in rare)
        self._weights = weights.astype(np.float64)

    def signs(self, first: str, second: str, *, joined: float, alone: float) -> list[float]:
        """Return what speaks for or against one sentence, and a one.

        Args:
            first: The earlier message, as the classifier reads it.
            second: The later one.
            joined: How dark both are as one (`Reading.danger`).
            alone: How dark the darker of them is by itself.
        """
        last, begin = _WORD.findall(first)[-1:], _WORD.findall(second)[:1]
        return [
            _odds(joined),
            _odds(alone),
            self._ends.get(last[0], self._rare_end) if last else 0.0,
            self._begins.get(begin[0], self._rare_begin) if begin else 0.0,
            float(first.rstrip()[-1:] in ".!?"),
            1.0,
        ]

    def are_one(self, first: str, second: str, *, joined: float, alone: float) -> bool:
        """Whether the two are to be read as one sentence; the same arguments as `signs`."""
        return float(self._weights @ np.array(self.signs(first, second, joined=joined, alone=alone))) >= 0


def _odds(chance: float) -> float:
    kept = min(max(chance, _CERTAIN), 1 - _CERTAIN)
    return math.log(kept / (1 - kept))
