"""Parts of a message, and the words that help to tell the codes apart."""

from __future__ import annotations

import pytest

from bot.rasa.clauses import MOST_PARTS, clauses_of
from bot.rasa.code_words import CodeWords, terms_of

TEXTS = ["she went quiet again", "she says nothing at home", "my boss fired me", "the boss cut my hours", "doc laughed"]
CODES = ["lost_empathy", "lost_empathy", "work_stigma", "work_stigma", "gp_dismissive"]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("lost my job and the wife thinks I'm lazy", ["lost my job", "the wife thinks I'm lazy"]),
        ("doc brushed me off. also my dad says it's nothing", ["doc brushed me off", "my dad says it's nothing"]),
        ("can't sleep, can't eat, nothing helps", ["can't sleep can't eat nothing helps"]),
        ("tired and sad", []),
        ("up and down all week", []),
        ("", []),
        ("...", []),
    ],
)
def test_a_message_is_cut_where_something_else_may_begin(text, parts):
    found = clauses_of(text)
    assert found == parts if len(parts) != 1 else found in ([], parts)


def test_a_long_message_has_few_parts():
    assert len(clauses_of("this is one thing. " * 500)) == MOST_PARTS


def test_words_lead_to_the_code_that_they_stand_with(tmp_path):
    words = CodeWords.fit(TEXTS, CODES)
    words.write_to(tmp_path / "words.npz")
    for known in (words, CodeWords.read_from(tmp_path / "words.npz")):
        likely = dict(zip(known.codes, known.probabilities("my boss again"), strict=True))
        assert max(likely, key=likely.get) == "work_stigma"
        assert sum(likely.values()) == pytest.approx(1)


@pytest.mark.parametrize("text", ["", "zzz qqq", "👍", "x" * 5_000], ids=["empty", "unknown", "sign", "long"])
def test_unknown_words_say_little(text):
    words = CodeWords.fit(TEXTS, CODES)
    assert max(words.probabilities(text)) < 0.6


def test_terms_are_words_and_pairs():
    assert terms_of("I don't care, ok") == ["dont", "care", "ok", "dont care", "care ok"]
