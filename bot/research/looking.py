"""Figures over everybody whom a protocol reaches: codes, flows, staying, PHQ-9. No words are opened for them.

Nothing is told of fewer than ten men, nor of all but fewer than ten; counts of men are rounded to 5, and shares and
their intervals are made from the rounded ones.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations
from typing import Any

import numpy as np
from sqlalchemy import select

from bot.codebook import codes, themes
from bot.errors import KeyMissingError, SealBrokenError
from bot.research.agreement import DRAWS, SEED
from bot.research.counting import SMALLEST_SHOWN, rounded, shown_parts, shown_share
from bot.research.intervals import Share
from bot.research.protocols import agreeing_men, valid_protocol
from bot.storage.models import Record, Turn

FLOWS = {
    "mood_checkin": "mood",
    "phq9": "phq9",
    "safety_plan": "safety_plan",
}  # intent that begins it, record that ends it
STAYS = ("one day", "2 to 7 days", "8 to 28 days", "longer")
LARGE_CHANGE = 5  # points of the PHQ-9
_AT_ONCE = 500


@dataclass(frozen=True)
class Change:
    """First and last PHQ-9 of men who finished it twice or more. No measure of efficacy: nobody was compared.

    Attributes:
        men: How many, rounded.
        first: Mean total of the first.
        last: Mean total of the last.
        change: Mean difference, last less first, with the ends of its 95 % bootstrap interval.
        parts: Men by direction of change, as they may be shown.
    """

    men: int
    first: float
    last: float
    change: tuple[float, float, float]
    parts: dict[str, str]


@dataclass(frozen=True)
class Look:
    """What may be told.

    Attributes:
        men: How many men said anything that was read, exact; show it by ``counting.shown``.
        turns: How many turns of theirs were read.
        prevalence: For each code, the share of men in whom the model found it once or more; None where it is hidden.
        pairs: Codes found in the same men, with their share, the commonest first; hidden ones are left out.
        months: For each month, men who wrote and, for each theme, the share in whom it was found; None where hidden.
        flows: For each flow, men who began it and the share of them who finished; None where hidden.
        stays: Men by how long they stayed, from the first day to the last, as they may be shown.
        change: Of the PHQ-9, or None where too few men have two.
    """

    men: int
    turns: int
    prevalence: dict[str, Share | None]
    pairs: list[tuple[str, str, Share]]
    months: dict[str, tuple[int, dict[str, Share | None]] | None]
    flows: dict[str, tuple[int, Share | None] | None]
    stays: dict[str, str]
    change: Change | None


@dataclass
class _Tally:
    men: int = 0
    turns: int = 0
    by_code: Counter[str] = field(default_factory=Counter)
    by_pair: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_month: Counter[str] = field(default_factory=Counter)
    by_month_and_theme: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    begun: Counter[str] = field(default_factory=Counter)
    finished: Counter[str] = field(default_factory=Counter)
    stays: Counter[str] = field(default_factory=Counter)
    scores: list[tuple[int, int]] = field(default_factory=list)


def look(session: Any, protocol: str, *, at: datetime) -> Look:
    """Return the figures over the men whom a protocol reaches.

    Raises:
        ProtocolError: It does not allow anything now.
    """
    tally = _Tally()
    for person_id in agreeing_men(session, valid_protocol(session, protocol, at=at), at=at):
        _add_man(session, person_id, tally)
        session.expunge_all()  # a long history need not stay in memory
    return Look(
        men=tally.men,
        turns=tally.turns,
        prevalence={code.id: _share(tally.by_code[code.id], tally.men) for code in codes()},
        pairs=_pairs(tally),
        months={month: _month(tally, month) for month in sorted(tally.by_month)},
        flows={flow: _flow(tally, flow) for flow in FLOWS},
        stays=shown_parts({name: tally.stays[name] for name in STAYS}) if tally.men else {},
        change=_change(tally.scores),
    )


def _add_man(session: Any, person_id: str, tally: _Tally) -> None:
    theme_of = {code.id: code.theme for code in codes()}
    found: dict[str, set[str]] = defaultdict(set)  # month -> codes
    intents, days = set(), []
    query = select(Turn).filter_by(person_id=person_id).where(Turn.reading_sealed.isnot(None)).order_by(Turn.at)
    for row in session.execute(query.execution_options(yield_per=_AT_ONCE)).scalars():
        try:
            reading = row.reading.reveal()
        except (SealBrokenError, KeyMissingError):
            continue
        tally.turns += 1
        days.append(row.at.date())
        intents.add(reading.get("intent"))
        found[f"{row.at:%Y-%m}"] |= {code["id"] for code in reading.get("codes") or []} & theme_of.keys()
    if not days:
        return
    tally.men += 1
    everything = set().union(*found.values())
    tally.by_code.update(everything)
    tally.by_pair.update(combinations(sorted(everything), 2))
    for month, seen in found.items():
        tally.by_month[month] += 1
        tally.by_month_and_theme[month].update({theme_of[code] for code in seen})
    tally.stays[_stay((days[-1] - days[0]).days)] += 1
    _add_records(session, person_id, intents, tally)


def _add_records(session: Any, person_id: str, intents: set[Any], tally: _Tally) -> None:
    rows = session.execute(select(Record).filter_by(person_id=person_id).order_by(Record.at)).scalars().all()
    kinds, totals = {row.kind for row in rows}, []
    for flow, kind in FLOWS.items():
        if flow in intents or kind in kinds:
            tally.begun[flow] += 1
            tally.finished[flow] += kind in kinds
    for row in rows:
        if row.kind == "phq9":
            try:
                totals.append(int(row.body.reveal()["total"]))
            except (SealBrokenError, KeyMissingError):
                continue
    if len(totals) > 1:
        tally.scores.append((totals[0], totals[-1]))


def _stay(days: int) -> str:
    return STAYS[0] if days < 1 else STAYS[1] if days < 7 else STAYS[2] if days < 28 else STAYS[3]


def _share(part: int, whole: int) -> Share | None:
    return Share(rounded(part), rounded(whole)) if shown_share(part, whole) else None


def _pairs(tally: _Tally) -> list[tuple[str, str, Share]]:
    found = [(one, other, _share(count, tally.men)) for (one, other), count in tally.by_pair.items()]
    shown = [(one, other, share) for one, other, share in found if share is not None]
    return sorted(shown, key=lambda pair: (-pair[2].hits, pair[0], pair[1]))


def _month(tally: _Tally, month: str) -> tuple[int, dict[str, Share | None]] | None:
    men = tally.by_month[month]
    if men < SMALLEST_SHOWN:
        return None
    return rounded(men), {theme: _share(tally.by_month_and_theme[month][theme], men) for theme in themes()}


def _flow(tally: _Tally, flow: str) -> tuple[int, Share | None] | None:
    begun = tally.begun[flow]
    return None if begun < SMALLEST_SHOWN else (rounded(begun), _share(tally.finished[flow], begun))


def _change(scores: list[tuple[int, int]]) -> Change | None:
    if len(scores) < SMALLEST_SHOWN:
        return None
    table = np.array(scores, dtype=float)
    differences = table[:, 1] - table[:, 0]
    draws = np.random.default_rng(SEED).choice(differences, size=(DRAWS, len(differences))).mean(axis=1)
    low, high = np.percentile(draws, (2.5, 97.5))
    interval = (float(differences.mean()), float(low), float(high))
    first, last = (float(column.mean()) for column in table.T)
    return Change(rounded(len(scores)), first, last, interval, shown_parts(_directions(differences)))


def _directions(differences: Any) -> Mapping[str, int]:
    lower, higher = int((differences <= -LARGE_CHANGE).sum()), int((differences >= LARGE_CHANGE).sum())
    return {
        f"{LARGE_CHANGE} points or more lower": lower,
        "within 4 points": len(differences) - lower - higher,
        f"{LARGE_CHANGE} points or more higher": higher,
    }
