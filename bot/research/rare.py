"""Which details must be made wider, so that no combination of job, place and event is told of too few men.

What a reader is shown counts: every combination of two or three sorts in a dialogue is one that k men of the export
share, in the same words or groups. A detail alone is no combination; it stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import combinations, product

from bot.research.details import AS_SAID, EVENT, JOB, OUT, PLACE, WIDER, Detail

_SORTS = (JOB, PLACE, EVENT)
Shown = tuple[str, str]  # sort, and what a reader learns
Rungs = dict[Detail, int]


def rungs_for(men: Sequence[Collection[Detail]], *, k: int) -> list[Rungs]:
    """Return for each man on which rung each of his details is shown.

    Args:
        men: The details in each man's words.
        k: How many dialogues must show a combination.
    """
    rungs = [dict.fromkeys(details, AS_SAID) for details in men]
    while True:
        shown = [_shown(one) for one in rungs]
        counts = Counter(each for one in shown for each in _combinations(one))
        alone = Counter(value for one in shown for value in one)
        # All at once: men with the same details are treated alike, in whatever order they come.
        rarest = [_rarest(one, counts, alone, k) for one in shown]
        for one, value in zip(rungs, rarest, strict=True):
            _raise(one, value)
        if not any(rarest):
            return rungs


def widened(rungs: Iterable[Rungs]) -> tuple[int, int]:
    """Return how many details of men are told by their group, and how many by their sort alone."""
    counts = Counter(rung for one in rungs for rung in one.values())
    return counts[WIDER], counts[OUT]


def _shown(rungs: Rungs) -> set[Shown]:
    told = ((detail.sort, detail.at(rung)) for detail, rung in rungs.items())
    return {(sort, value) for sort, value in told if value is not None}


def _combinations(shown: set[Shown]) -> Iterator[frozenset[Shown]]:
    by_sort = [[each for each in shown if each[0] == sort] for sort in _SORTS]
    for size in (2, 3):
        for sorts in combinations(by_sort, size):
            yield from map(frozenset, product(*sorts))


def _rarest(shown: set[Shown], counts: Counter[frozenset[Shown]], alone: Counter[Shown], k: int) -> Shown | None:
    """Return what stands in most of his rare combinations; of several the one that the fewest men show."""
    rare = Counter(value for each in _combinations(shown) if counts[each] < k for value in each)
    return min(rare, key=lambda value: (-rare[value], alone[value], value), default=None)


def _raise(rungs: Rungs, value: Shown | None) -> None:
    for detail, rung in rungs.items():
        if rung < OUT and (detail.sort, detail.at(rung)) == value:
            rungs[detail] = rung + 1
