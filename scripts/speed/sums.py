"""Medians with 95 % ranges over repeated blocks."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

RESAMPLES = 2_000
_SEED = 20261122


@dataclass(frozen=True)
class Figure:
    """A median and the range that holds it in 95 of 100 resamples of its blocks."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        digits = 0 if self.value >= 100 else 1 if self.value >= 10 else 2
        return f"{self.value:,.{digits}f} ({self.low:,.{digits}f} to {self.high:,.{digits}f})"


def figure(values: Sequence[float]) -> Figure:
    """Return the median of repeated measurements with its bootstrapped range (Efron 1979).

    Args:
        values: One a block, at least one.
    """
    chance = random.Random(_SEED)  # noqa: S311 - the same values give the same range
    found = sorted(median(chance.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return Figure(median(values), found[int(RESAMPLES * 0.025)], found[int(RESAMPLES * 0.975) - 1])


def ratio(above: Sequence[float], below: Sequence[float]) -> Figure:
    """Return how many times the one is the other, block by block, each with the one measured beside it."""
    return figure([one / other for one, other in zip(above, below, strict=True)])
