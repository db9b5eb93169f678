"""The same words typed differently keep their level or a higher one."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from crisis_phrases import Phrase, read_phrases
from mutations import MUTATIONS, split_in_two

from bot.crisis import Screening, rules, screen
from bot.crisis.screening import judge

LEAST_KEPT = 0.98  # by the rules alone
LEAST_KEPT_BY_BOTH = 0.92  # the classifier loses some lines to a typo; docs/safety.md says how many
POSITIVE = [phrase for phrase in read_phrases("phrases.yml") if phrase.level in ("high", "imminent")]
LATIN = [phrase for phrase in POSITIVE if re.fullmatch(r"[a-z ,.']+", phrase.text, re.IGNORECASE)]


def spaced_out(text: str) -> str:
    return re.sub(r"\bkill\b|\bdie\b|\bsuicide\b|\bmyself\b", lambda m: " ".join(m.group()), text)


ONLY_LATIN = ("full width", "look-alike letters", "stretched word", "doubled letter", "one typo")


def by_rules(text: str, earlier: tuple[str, ...] = ()) -> Screening:
    return judge(rules.find(text, earlier))


def share_kept(
    phrases: list[Phrase], changed: Callable[[Phrase], str], read: Callable[[str], Screening] = by_rules
) -> tuple[float, list[str]]:
    lost = [changed(p) for p in phrases if read(changed(p)).level < read(p.text).level]
    return 1 - len(lost) / len(phrases), lost


@pytest.mark.parametrize("name", [name for name in MUTATIONS if name != "one typo"])  # which the rules do not mend
def test_a_mutation_keeps_the_level(name: str) -> None:
    phrases = LATIN if name in ONLY_LATIN else POSITIVE
    kept, lost = share_kept(phrases, lambda phrase: MUTATIONS[name](phrase.text))
    assert kept >= LEAST_KEPT, lost


@pytest.mark.parametrize("name", ["one typo", "no marks", "harmless before", "doubled letter"])
def test_what_costs_the_classifier_most_costs_no_more_than_is_published(name: str) -> None:
    kept, lost = share_kept(LATIN, lambda phrase: MUTATIONS[name](phrase.text), screen)
    assert kept >= LEAST_KEPT_BY_BOTH, lost


def test_spaced_letters_keep_the_level() -> None:
    phrases = [phrase for phrase in LATIN if spaced_out(phrase.text) != phrase.text]
    kept, lost = share_kept(phrases, lambda phrase: spaced_out(phrase.text))
    assert kept >= LEAST_KEPT, lost


def test_a_split_over_two_messages_keeps_the_level() -> None:
    lost = []
    phrases = [phrase for phrase in POSITIVE if len(phrase.text.split()) > 3]
    for phrase in phrases:
        first, second = split_in_two(phrase.text)
        reached = max(by_rules(first).level, by_rules(second, (first,)).level)
        if reached < by_rules(phrase.text).level:
            lost.append(phrase.text)
    assert 1 - len(lost) / len(phrases) >= LEAST_KEPT, lost


@pytest.mark.parametrize(
    "name", ["upper case", "curly quotes", "no apostrophes", "zero width", "emoji after", "double spaces"]
)
def test_harmless_phrases_stay_harmless(name: str) -> None:
    harmless = [phrase for phrase in read_phrases("phrases.yml") if phrase.level == "none"]
    raised = [phrase.text for phrase in harmless if by_rules(MUTATIONS[name](phrase.text)).level != "none"]
    assert len(raised) <= (1 - LEAST_KEPT) * len(harmless), raised
