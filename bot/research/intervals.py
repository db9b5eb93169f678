"""Shares with their intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

_Z = 1.959964  # two-sided 95 %


@dataclass(frozen=True)
class Share:
    """Hits of a count, with the 95 % interval of the share."""

    hits: int
    count: int

    @property
    def value(self) -> float | None:
        """The share, or None over nothing."""
        return self.hits / self.count if self.count else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval (Wilson 1927); everything is possible where nothing was counted."""
        if not self.count:
            return 0.0, 1.0
        share, n, z = self.hits / self.count, self.count, _Z
        middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        if self.value is None:
            return "-"
        low, high = self.interval
        return f"{100 * self.value:.1f} % ({100 * low:.1f} to {100 * high:.1f})"
