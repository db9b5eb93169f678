"""The phrases for the coming classifier: well-formed, each once, and apart from what it will be measured on."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import yaml

import bot.crisis
from bot.crisis import Level

FOLDER = Path(bot.crisis.__file__).parent / "phrases"
HELD_OUT = Path(__file__).parents[1] / "heldout" / "crisis.yml"


def phrases():
    for path in sorted(FOLDER.glob("*.yml")):
        for family in yaml.safe_load(path.read_text(encoding="utf-8")):
            for line in family["lines"].strip().splitlines():
                level, _, text = line.strip().partition(" ")
                yield f"{path.stem}.{family['family']}", level, text.strip()


def plain(text):
    return " ".join("".join(char for char in text.lower() if char.isalnum() or char.isspace()).split())


def test_every_line_has_a_level_and_words():
    wrong = [(family, text) for family, level, text in phrases() if level not in list(Level) or not text]
    assert wrong == []


def test_no_phrase_stands_twice():
    counts = Counter(text.lower() for _, _, text in phrases())
    assert [text for text, count in counts.items() if count > 1] == []


def test_there_is_enough_of_both_sides():
    levels = [level for _, level, _ in phrases()]
    assert sum(level in ("high", "imminent") for level in levels) >= 1_500
    assert sum(level in ("none", "concern") for level in levels) >= 2_500


def test_nothing_that_is_measured_on_stands_among_the_phrases():
    written = {plain(text) for _, _, text in phrases()}
    measured = yaml.safe_load(HELD_OUT.read_text(encoding="utf-8"))
    # Very short lines are said by everybody; what counts is that no longer one was taken over.
    shared = [row["text"] for row in measured if plain(row["text"]) in written and len(row["text"].split()) > 4]
    assert shared == []
