"""The invented men of the demo: what they say stands in ``demo_men.yml``, what Ballast answers in ``data/nlu``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.codebook import code_ids
from bot.config import PROJECT
from bot.content import say
from bot.content.texts import region_words

_GATE = {"safety": "safety_high", "imminent": "safety_imminent"}  # answered by the gate, not by the dialogue
_BEFORE, _AFTER, _SITTING = timedelta(minutes=3), timedelta(minutes=4), timedelta(minutes=6)

WHY: Mapping[tuple[str, str], str] = {
    ("screening", "red"): "says he will kill himself, with a time",
    ("screening", "orange"): "says he wants to die",
    ("phq9", "red"): "answered item 9 of the PHQ-9 with 3 of 3 and says that he knows how",
    ("phq9", "orange"): "answered item 9 of the PHQ-9 (better off dead or hurting himself) with 2 of 3",
    ("phq9", "yellow"): "scored 21 of 27 in the PHQ-9",
    ("person", "yellow"): "asked for a person",
    ("partner_harm", "orange"): "is afraid that he hits his partner",
    ("child_harm", "orange"): "is afraid that he harms his child",
    ("check_back", "yellow"): "did not answer whether he is safe when he was asked the next day",
    ("unreadable", "yellow"): "a message of his could not be opened",
}


@dataclass(frozen=True)
class DemoFlag:
    """A flag of an invented man.

    Attributes:
        level: ``red``, ``orange`` or ``yellow``.
        kind: As in ``bot.escalation.flags``.
        line: Which of his lines raised it.
        hours: How long ago.
        end: An outcome, ``claimed``, or empty while nobody has taken it.
        note: What was written when it was closed.
    """

    level: str
    kind: str
    line: int
    hours: float
    end: str = ""
    note: str = ""

    @property
    def why(self) -> str:
        """The reason that staff read."""
        return WHY[self.kind, self.level]


@dataclass(frozen=True)
class Line:
    """One line of his, with what Ballast says to it."""

    at: datetime
    text: str
    code: str | None
    answers: list[str]


@dataclass(frozen=True)
class DemoMan:
    """An invented man."""

    region: str
    days: int
    research: bool
    says: list[dict[str, str]]
    moods: list[int] = field(default_factory=list)
    phq9: list[str] = field(default_factory=list)
    flag: DemoFlag | None = None

    def lines(self, now: datetime) -> Iterator[Line]:
        """Yield the dialogue, so that it ends before ``now``."""
        said: dict[str, int] = {}
        for number, entry in enumerate(self.says):
            ((key, text),) = entry.items()
            turn = said.setdefault(key, 0)
            said[key] += 1
            code = key if key in code_ids() else None
            yield Line(self._moment(number, now), text, code, answers_to(key, self.region, turn))

    def flagged_at(self, now: datetime) -> datetime:
        """Return when his flag was raised; only for a man who has one."""
        return self._moment(self.flag.line, now) if self.flag else now

    def began_at(self, now: datetime) -> datetime:
        """Return when he wrote for the first time."""
        return now - timedelta(days=self.days)

    def _moment(self, number: int, now: datetime) -> datetime:
        """Return when a line was written: around his flag, or spread over his days."""
        if self.flag is None:
            return self.began_at(now) + timedelta(days=self.days) * (number / len(self.says)) + _SITTING * number
        raised = now - timedelta(hours=self.flag.hours)
        steps = number - self.flag.line
        left = (now - raised) / (len(self.says) - self.flag.line + 1)
        return raised + (steps * min(_AFTER, left) if steps > 0 else steps * _BEFORE)


@cache
def men() -> list[DemoMan]:
    """Return all invented men."""
    rows = yaml.safe_load(Path(__file__).with_name("demo_men.yml").read_text(encoding="utf-8"))
    return [DemoMan(**{**row, "flag": DemoFlag(**row["flag"]) if "flag" in row else None}) for row in rows]


def answers_to(key: str, region: str, turn: int) -> list[str]:
    """Return what Ballast says: a code is taken up, and a step offered when it comes back."""
    if key in _GATE:
        return [*say(_GATE[key], region), *_variation("utter_safety_ask", region, turn)]
    if key not in code_ids():
        return _variation(f"utter_{key}", region, turn)
    parts = ("step_1",) if turn else ("reflection", "question")
    return [words for part in parts for words in _variation(f"utter_{key}_{part}", region, turn)]


def _variation(name: str, region: str, turn: int) -> list[str]:
    found = _responses()[name]
    words = _Known(region_words(region), total="12", mood="4", before="3")
    return [str(found[turn % len(found)]["text"]).format_map(words)]


@cache
def _responses() -> Mapping[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted((PROJECT / "data" / "nlu").glob("*.yml")):
        found |= yaml.safe_load(path.read_text(encoding="utf-8")).get("responses") or {}
    return found


class _Known(dict[str, str]):
    """The words of a region; a place that the dialogue fills by other means stays empty."""

    def __missing__(self, name: str) -> str:
        return "…"
