"""How far people who coded the same turns agree: percent agreement, Cohen's kappa, Krippendorff's alpha.

Values are nominal; a unit that somebody did not code is missing for him. Each figure has a 95 % interval by
bootstrap over units (Efron 1979, percentiles), drawn from a fixed seed, so that the same data give the same interval.

Sources: Cohen 1960, Educational and Psychological Measurement 20:37-46; Light 1971 (the mean of kappa over pairs where
there are more than two coders); Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability".
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

SEED, DRAWS = 20_261_122, 1_000
Unit = Mapping[str, Hashable]  # what each coder gave; who is not in it did not code the unit
_Array = Any  # of numpy; its types say nothing about shapes


@dataclass(frozen=True)
class Estimate:
    """A figure of agreement.

    Attributes:
        value: None where it is not defined: nothing was coded twice, or everybody always gave the same value.
        low: Lower end of the 95 % interval, or None.
        high: Upper end, or None.
        units: Units that two people coded at least.
    """

    value: float | None
    low: float | None
    high: float | None
    units: int


def percent_agreement(units: Sequence[Unit]) -> Estimate:
    """Return the share of pairs of coders who gave the same value, over units."""
    twice, values = _coded_twice(units)
    tables = np.array([_coincidences(unit, values) for unit in twice])
    sizes = np.array([len(unit) for unit in twice], dtype=float)

    def figure(weights: _Array) -> _Array:
        alike = np.einsum("bu,u->b", weights, np.trace(tables, axis1=1, axis2=2) / sizes)
        return alike / weights.sum(axis=1)

    return _estimate(figure, len(twice))


def cohen_kappa(units: Sequence[Unit]) -> Estimate:
    """Return Cohen's kappa, for more than two coders the mean over pairs that coded units together."""
    twice, values = _coded_twice(units)
    coders = sorted({coder for unit in twice for coder in unit})
    pairs = [_crossed(twice, pair, values) for pair in combinations(coders, 2)]
    pairs = [table for table in pairs if table.any()]

    def figure(weights: _Array) -> _Array:
        with np.errstate(invalid="ignore", divide="ignore"):
            found = np.array([_kappa(np.einsum("bu,ucd->bcd", weights, table)) for table in pairs])
            return found.mean(axis=0) if len(found) else np.full(len(weights), np.nan)

    return _estimate(figure, len(twice))


def krippendorff_alpha(units: Sequence[Unit]) -> Estimate:
    """Return Krippendorff's alpha for nominal values, with any number of coders and missing values."""
    twice, values = _coded_twice(units)
    tables = np.array([_coincidences(unit, values) for unit in twice])

    def figure(weights: _Array) -> _Array:
        with np.errstate(invalid="ignore", divide="ignore"):
            return _alpha(np.einsum("bu,ucd->bcd", weights, tables))

    return _estimate(figure, len(twice))


def _coded_twice(units: Sequence[Unit]) -> tuple[list[Unit], dict[Hashable, int]]:
    """Return the units that two people coded at least, and a number for each value in them."""
    twice = [unit for unit in units if len(unit) > 1]
    values: dict[Hashable, int] = {}
    for unit in twice:
        for coder in sorted(unit):
            values.setdefault(unit[coder], len(values))
    return twice, values


def _coincidences(unit: Unit, values: Mapping[Hashable, int]) -> _Array:
    """Return a unit's ordered pairs of values, each weighing 1 / (coders - 1), so that a coder weighs one."""
    counts = np.zeros(len(values))
    for value in unit.values():
        counts[values[value]] += 1
    return (np.outer(counts, counts) - np.diag(counts)) / (len(unit) - 1)


def _crossed(units: Iterable[Unit], pair: tuple[str, str], values: Mapping[Hashable, int]) -> _Array:
    """Return, for each unit, a table with a one where the pair's two values cross; empty if one did not code it."""
    first, second = pair
    tables = []
    for unit in units:
        table = np.zeros((len(values), len(values)))
        if first in unit and second in unit:
            table[values[unit[first]], values[unit[second]]] = 1
        tables.append(table)
    return np.array(tables)


def _kappa(tables: _Array) -> _Array:
    total = tables.sum(axis=(1, 2))
    observed = np.trace(tables, axis1=1, axis2=2) / total
    expected = (tables.sum(axis=1) * tables.sum(axis=2)).sum(axis=1) / total**2
    return np.where(expected < 1, (observed - expected) / (1 - expected), np.nan)


def _alpha(tables: _Array) -> _Array:
    margins = tables.sum(axis=1)
    total = margins.sum(axis=1)
    apart = total - np.trace(tables, axis1=1, axis2=2)
    expected = total**2 - (margins**2).sum(axis=1)
    return np.where(expected > 0, 1 - (total - 1) * apart / expected, np.nan)


def _estimate(figure: Callable[[_Array], _Array], units: int) -> Estimate:
    if not units:
        return Estimate(None, None, None, 0)
    value = float(figure(np.ones((1, units)))[0])
    if np.isnan(value):
        return Estimate(None, None, None, units)
    draws = np.random.default_rng(SEED).multinomial(units, np.full(units, 1 / units), size=DRAWS).astype(float)
    found = figure(draws)
    found = found[~np.isnan(found)]
    low, high = np.percentile(found, (2.5, 97.5)) if len(found) else (np.nan, np.nan)
    return Estimate(value, float(low), float(high), units)
