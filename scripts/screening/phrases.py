"""The phrases that the classifier learns from, and the ones that only choose its thresholds."""

from __future__ import annotations

import random
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from bot.crisis.classifier import prepared
from bot.crisis.slips import FEWEST_LETTERS

LEVELS = ("none", "concern", "high", "imminent")
_NOT_ONLY_HARMLESS = (
    "anger",
    "nobody_cares",
    "took_it_back",
    "hit_at_home",
    "leave_me_alone",
)  # intents whose examples may deserve more than `none`
_OFTEN = 3  # how many times a word must stand in the phrases to be one that a slip is mended to
_KEPT_BACK = 40  # one in so many ordinary messages shows false alarms and is not learnt


class Phrase(NamedTuple):
    """A message and its level as a number from 0 (none) to 3 (imminent)."""

    level: int
    text: str


def to_learn() -> list[Phrase]:
    """Return every training phrase once: the families, the rules' own table, and ordinary messages."""
    unique = {phrase.text.lower(): phrase for phrase in [*_ordinary()[0], *_table(), *_families()]}
    return list(unique.values())


def to_choose() -> tuple[list[Phrase], list[Phrase]]:
    """Return the validation list, and ordinary messages that were kept back."""
    path = PROJECT / "tests" / "crisis" / "validation.yml"
    rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    lines = [Phrase(LEVELS.index(row["about"]), line) for row in rows for line in row["lines"].splitlines()]
    return lines, _ordinary()[1]


def ordinary() -> list[Phrase]:
    """Return what men say to the dialogue, learnt or kept back."""
    return [phrase for part in _ordinary() for phrase in part]


def to_mend(phrases: Sequence[Phrase]) -> list[str]:
    """Return the words of the phrases that a slip may be mended to, the commonest first."""
    word = re.compile(f"[a-z]{{{FEWEST_LETTERS},}}")
    counts = Counter(found for phrase in phrases for found in word.findall(prepared(phrase.text).replace("'", "")))
    return [word for word, count in counts.most_common() if count >= _OFTEN]


def _families() -> list[Phrase]:
    found = []
    for path in sorted((PROJECT / "bot" / "crisis" / "phrases").glob("*.yml")):
        for family in yaml.safe_load(path.read_text(encoding="utf-8")):
            for line in family["lines"].splitlines():
                level, _, text = line.strip().partition(" ")
                found.append(Phrase(LEVELS.index(level), text.strip()))
    return found


def _table() -> list[Phrase]:
    """Return the rules' phrases that are about himself; a level may carry ``=`` before and a kind behind it."""
    found = []
    for group in yaml.safe_load((PROJECT / "tests" / "crisis" / "phrases.yml").read_text(encoding="utf-8")):
        for line in group["lines"].splitlines():
            wanted, _, text = line.strip().partition(" ")
            level, _, kind = wanted.lstrip("=").partition(":")
            if kind in ("", "self"):
                found.append(Phrase(LEVELS.index(level), text.strip()))
    return found


def _ordinary() -> tuple[list[Phrase], list[Phrase]]:
    """Return what men say to the dialogue, as `none`: most of it, and the part kept back."""
    found = []
    for path in sorted((PROJECT / "data" / "nlu").glob("*.yml")):
        for block in yaml.safe_load(path.read_text(encoding="utf-8")).get("nlu", []):
            if block["intent"] not in _NOT_ONLY_HARMLESS:
                lines = (line[2:].strip() for line in block["examples"].splitlines() if line.startswith("- "))
                found += [Phrase(0, line) for line in lines]
    random.Random(5).shuffle(found)
    kept_back = len(found) // _KEPT_BACK
    return found[kept_back:], found[:kept_back]
