"""k-anonymity of the structured fields: make them coarser, and withhold them from whoever still stands out.

Every way to make whole fields coarser (full-domain recoding) is tried; the one that loses least is taken. Who is then
in a class of fewer than k has all his fields withheld. If those are fewer than k themselves, some men of the largest
classes join them: a man who is known to be in the export and is in no class shown would be found among the withheld.

Source: Samarati 2001, "Protecting respondents' identities in microdata release", IEEE TKDE 13(6); the loss is the
normalised certainty penalty of Xu et al. 2006, "Utility-based anonymization using local recoding", KDD.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

ANY = "*"
K = {"open": 10, "controlled": 5}  # ONS threshold for what anybody may see; what is usual for data under agreement
MOST_WITHHELD = 0.10  # share of men whose fields may be withheld (k men in any case) before all are made coarser
Values = tuple[str, ...]
Ladder = Callable[[str, str], Sequence[str]]  # field, value -> the value and its coarser forms


@dataclass(frozen=True)
class Risk:
    """How easily a man could be told from the others by his fields.

    Attributes:
        men: How many there are.
        classes: How many combinations of values there are.
        largest: How many men have the commonest combination.
        smallest: How many have the rarest; 0 where there is nobody.
        unique: How many are the only one with theirs.
    """

    men: int
    classes: int
    largest: int
    smallest: int
    unique: int

    @property
    def unicity(self) -> float:
        """Share of men who are the only one with their combination."""
        return self.unique / self.men if self.men else 0.0

    @property
    def highest(self) -> float:
        """Chance to pick the right man of his class, at worst: 1 / smallest class."""
        return 1 / self.smallest if self.smallest else 0.0


@dataclass(frozen=True)
class Anonymised:
    """Fields that may be released.

    Attributes:
        rows: The values, man by man in the order given; all ``*`` where they are withheld.
        steps: How many steps coarser each field is.
        withheld: How many men's fields are withheld.
        before: The risk of the fields as they were.
        after: The risk of the fields that are released, without the withheld.
    """

    rows: list[Values]
    steps: tuple[int, ...]
    withheld: int
    before: Risk
    after: Risk


def anonymise(rows: Sequence[Values], fields: Sequence[str], ladder: Ladder, *, k: int) -> Anonymised:
    """Return the rows with every combination of values shared by k men at least.

    Args:
        rows: One man each, a value for each field.
        fields: The fields' names.
        ladder: Makes a value coarser step by step, to ``*``; as many steps for all values of a field.
        k: How many must be alike.
    """
    counts = Counter(rows)
    forms = _forms(counts, fields, ladder)
    heights = [len(next(iter(form.values()), (ANY,))) for form in forms]
    losses = [_losses(form) for form in forms]
    every_way = product(*(range(height) for height in heights))
    choices = (_tried(counts, forms, losses, steps, k) for steps in every_way)  # one at a time: each holds a dictionary
    best = min((choice for choice in choices if choice.is_allowed), key=lambda choice: (choice.loss, sum(choice.steps)))
    left, released = Counter(best.kept), []
    for row in rows:
        coarse = best.coarse[row]
        released.append(coarse if left[coarse] > 0 else (ANY,) * len(fields))
        left[coarse] -= 1
    shown = sum(best.kept.values())
    return Anonymised(released, best.steps, len(rows) - shown, risk_of(counts), risk_of(best.kept))


def risk_of(classes: Mapping[Values, int]) -> Risk:
    """Return the risk of classes of men, given with their sizes."""
    sizes = list(classes.values())
    unique = sum(size == 1 for size in sizes)
    return Risk(sum(sizes), len(sizes), max(sizes, default=0), min(sizes, default=0), unique)


@dataclass(frozen=True)
class _Choice:
    steps: tuple[int, ...]
    coarse: dict[Values, Values]
    kept: dict[Values, int]
    loss: float
    is_allowed: bool


def _tried(
    counts: Counter[Values],
    forms: list[dict[str, Sequence[str]]],
    losses: list[list[Counter[str]]],
    steps: tuple[int, ...],
    k: int,
) -> _Choice:
    coarse = {
        raw: tuple(form[value][step] for form, value, step in zip(forms, raw, steps, strict=True)) for raw in counts
    }
    classes: Counter[Values] = Counter()
    for raw, count in counts.items():
        classes[coarse[raw]] += count
    kept = _kept(classes, k)
    withheld = classes.total() - sum(kept.values())
    loss = withheld * len(steps) + sum(size * _loss(values, steps, losses) for values, size in kept.items())
    is_top = all(step == len(table) - 1 for step, table in zip(steps, losses, strict=True))
    return _Choice(steps, coarse, kept, loss, is_top or withheld <= max(k, MOST_WITHHELD * classes.total()))


def _kept(classes: Counter[Values], k: int) -> dict[Values, int]:
    """Return how many of each class may be shown: k or more, so that the withheld are nobody, k or more, or all."""
    kept = {values: size for values, size in classes.items() if size >= k}
    withheld = classes.total() - sum(kept.values())
    missing = max(0, k - withheld) if withheld else 0
    for values in sorted(kept, key=lambda values: (-kept[values], values)):
        joining = min(missing, kept[values] - k)
        kept[values] -= joining
        missing -= joining
    while missing > 0 and kept:
        smallest = min(kept, key=lambda values: (kept[values], values))
        missing -= kept.pop(smallest)
    return kept


def _loss(values: Values, steps: tuple[int, ...], losses: list[list[Counter[str]]]) -> float:
    return sum(table[step][value] for table, step, value in zip(losses, steps, values, strict=True))


def _forms(counts: Counter[Values], fields: Sequence[str], ladder: Ladder) -> list[dict[str, Sequence[str]]]:
    return [{row[place]: ladder(field, row[place]) for row in counts} for place, field in enumerate(fields)]


def _losses(form: Mapping[str, Sequence[str]]) -> list[Counter[str]]:
    """Return, for each step, what each coarse value loses: 0 for one that stands for itself, 1 for ``*``."""
    height = len(next(iter(form.values()), (ANY,)))
    tables = []
    for step in range(height):
        covers = Counter(rungs[step] for rungs in form.values())
        spread = max(1, len(form) - 1)
        tables.append(Counter({value: 1.0 if value == ANY else (n - 1) / spread for value, n in covers.items()}))  # type: ignore[arg-type]
    return tables
