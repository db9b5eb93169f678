"""The same words typed differently keep their level or a higher one."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from crisis_phrases import Phrase, read_phrases
from mutations import MUTATIONS, split_in_two

from bot.crisis import screen

LEAST_KEPT = 0.98
POSITIVE = [phrase for phrase in read_phrases("phrases.yml") if phrase.level in ("high", "imminent")]
LATIN = [phrase for phrase in POSITIVE if re.fullmatch(r"[a-z ,.']+", phrase.text, re.IGNORECASE)]


def spaced_out(text: str) -> str:
    return re.sub(r"\bkill\b|\bdie\b|\bsuicide\b|\bmyself\b", lambda m: " ".join(m.group()), text)


ONLY_LATIN = ("full width", "look-alike letters", "stretched word", "doubled letter", "one typo")


def share_kept(phrases: list[Phrase], changed: Callable[[Phrase], str]) -> tuple[float, list[str]]:
    lost = [changed(p) for p in phrases if screen(changed(p)).level < screen(p.text).level]
    return 1 - len(lost) / len(phrases), lost


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_keeps_the_level(name: str) -> None:
    phrases = LATIN if name in ONLY_LATIN else POSITIVE
    kept, lost = share_kept(phrases, lambda phrase: MUTATIONS[name](phrase.text))
    assert kept >= LEAST_KEPT, lost


def test_spaced_letters_keep_the_level() -> None:
    phrases = [phrase for phrase in LATIN if spaced_out(phrase.text) != phrase.text]
    kept, lost = share_kept(phrases, lambda phrase: spaced_out(phrase.text))
    assert kept >= LEAST_KEPT, lost


def test_a_split_over_two_messages_keeps_the_level() -> None:
    lost = []
    phrases = [phrase for phrase in POSITIVE if len(phrase.text.split()) > 3]
    for phrase in phrases:
        first, second = split_in_two(phrase.text)
        reached = max(screen(first).level, screen(second, earlier=[first]).level)
        if reached < screen(phrase.text).level:
            lost.append(phrase.text)
    assert 1 - len(lost) / len(phrases) >= LEAST_KEPT, lost


@pytest.mark.parametrize(
    "name", ["upper case", "curly quotes", "no apostrophes", "zero width", "emoji after", "double spaces"]
)
def test_harmless_phrases_stay_harmless(name: str) -> None:
    harmless = [phrase for phrase in read_phrases("phrases.yml") if phrase.level == "none"]
    raised = [phrase.text for phrase in harmless if screen(MUTATIONS[name](phrase.text)).level != "none"]
    assert len(raised) <= (1 - LEAST_KEPT) * len(harmless), raised
