"""What the scorecard counts: hits of a count, area by area, each from its test set."""

from __future__ import annotations

import re
import runpy
from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Any

import yaml

from bot.config import PROJECT, REGIONS
from bot.content.texts import region_words
from bot.crisis import Level, screen
from bot.crisis import load as load_screening
from bot.errors import BallastError
from bot.records.phq9 import from_answers
from bot.research import Deidentifier

Figures = Iterator[tuple[str, int, int]]
_TESTS = PROJECT / "tests"
_SURROGATE = re.compile(r"\[[A-Z]+(?: [A-Z]+)?(?: \d+)?\]")
_PUBLISHED = ((4, "minimal"), (9, "mild"), (14, "moderate"), (19, "moderately_severe"), (27, "severe"))
_NAMED_APART = frozenset({"buttons", "consent_words", "signs"})  # of the gate's texts: no bubbles
_NAMES = frozenset({"crisis", "call_line", "text_line", "local_service"})  # of lines and services: not our words
_FEWEST_WORDS_GRADED = 5  # the formula says nothing about less
_NUMBERS = {"total": "12", "mood": "4", "before": "6", "staff": ""}


class NotMeasuredError(BallastError):
    """Something that a measurement needs is not here."""


def screening() -> Figures:
    """Yield how many held-out phrases of each level are found, and how many harmless ones are left alone."""
    fault = load_screening()
    if fault is not None:
        raise NotMeasuredError(fault)
    seen = [(Level(row["level"]), screen(row["text"]).level) for row in _rows("heldout/crisis.yml")]
    for true, least in ((Level.IMMINENT, Level.HIGH), (Level.HIGH, Level.HIGH), (Level.CONCERN, Level.CONCERN)):
        found = [level >= least for level_true, level in seen if level_true == true]
        yield f"{true} found as {least} or above", sum(found), len(found)
    harmless = [level for true, level in seen if true == Level.NONE]
    yield "harmless kept below high", sum(level < Level.HIGH for level in harmless), len(harmless)
    yield "harmless given nothing at all", sum(level == Level.NONE for level in harmless), len(harmless)


def codes() -> Figures:
    """Yield how often the trained model gives the right code first, among the first two, and none where none fits.

    Raises:
        NotMeasuredError: There is no trained model, or it was trained from something else than what lies here.
    """
    from bot.rasa.model import is_current

    if not is_current():
        raise NotMeasuredError("there is no model here that was trained from what lies here. Run `make train` first.")
    from bot.rasa.reading import Reader

    reader = Reader()
    read = [
        ([code["id"] for code in reader.read(row["text"])["codes"]], row["label"]) for row in _rows("heldout/codes.yml")
    ]
    yield "right code first", sum(found[:1] == [label] for found, label in read), len(read)
    yield "right code in the first two", sum(label in found[:2] for found, label in read), len(read)
    intents = [reader.read(row["text"])["intent"] == row["label"] for row in _rows("heldout/intents.yml")]
    yield "other intents right", sum(intents), len(intents)
    without = [not reader.read(row["text"])["codes"] for row in _rows("heldout/no_code.yml")]
    yield "no code where none fits", sum(without), len(without)


def deidentification() -> Figures:
    """Yield how many planted identifiers are gone whole, and how many ordinary words are kept."""
    lines = _read("research/lines.yml")
    for name, key in (("identifiers gone, lines it was made with", "planted"), ("gone, later lines", "later")):
        gone = [hidden for line in lines[key] for hidden in _hidden(line)]
        yield name, sum(gone), len(gone)
    words = [_words(line) for line in lines["clean"]]
    kept = [_words(line) & _words(Deidentifier().replace(line)) for line in lines["clean"]]
    yield "ordinary words kept", sum(count.total() for count in kept), sum(count.total() for count in words)


def phq9() -> Figures:
    """Yield how many of all possible questionnaires get the published sum and band."""
    right_sum, right_band, count = 0, 0, 0
    for answers in product(range(4), repeat=9):
        score, total = from_answers(answers), sum(answers)
        right_sum += score.total == total
        right_band += score.band == next(band for most, band in _PUBLISHED if total <= most)
        count += 1
    yield "sums", right_sum, count
    yield "bands", right_band, count


def language() -> Figures:
    """Yield how many bubbles keep to the words, the reading grade and the phrases that are allowed."""
    lint = runpy.run_path(str(_TESTS / "words" / "lint.py"))
    own = [{name: word for name, word in region_words(region).items() if name not in _NAMES} for region in REGIONS]
    read = [lint["filled"](text, {**words, **_NUMBERS}) for words in own for text in _bubbles()]
    long = [text for text in read if lint["word_count"](text) >= _FEWEST_WORDS_GRADED]
    most, grade = lint["MOST_WORDS"], lint["MOST_GRADE"]
    yield f"of {most} words or fewer", sum(lint["word_count"](text) <= most for text in read), len(read)
    yield f"reading grade {grade:.0f} or lower", sum(lint["grade"](text) <= grade for text in long), len(long)
    yield "nothing banned", sum(not lint["banned"](text) for text in read), len(read)


def _bubbles() -> Iterator[str]:
    """Yield every text that the dialogue or the gate can say."""
    for path in sorted((PROJECT / "data" / "nlu").glob("*.yml")):
        responses = yaml.safe_load(path.read_text(encoding="utf-8")).get("responses") or {}
        yield from (variation["text"] for variations in responses.values() for variation in variations)
    gate = yaml.safe_load((PROJECT / "bot" / "content" / "en.yml").read_text(encoding="utf-8"))
    for name, variations in gate.items():
        if name not in _NAMED_APART:
            yield from (bubble for variation in variations for bubble in variation)


def _hidden(line: dict[str, Any]) -> list[bool]:
    """Return, for each identifier of a line, whether no word of it (two characters or more) is left."""
    left = _words(Deidentifier().replace(line["text"]))
    return [not any(len(word) > 1 and left[word] for word in _words(identifier)) for identifier in line["hide"]]


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"[\w']+", _SURROGATE.sub(" ", text).lower()))


def _rows(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = _read(name)
    return rows


def _read(name: str) -> Any:
    path = _TESTS / name
    if not path.is_file():
        raise NotMeasuredError(f"the test set tests/{name} is not here.")
    return yaml.safe_load(path.read_text(encoding="utf-8"))
