"""One spelling for the many ways to write the same thing, and nothing that takes long."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bot.crisis
from bot.crisis import Level, classifier, rules, screen
from bot.crisis.lexicon import read_lexicon
from bot.crisis.normalise import MAX_CHARACTERS, words

SECONDS = 0.5  # generous: measured 0.01 to 0.2 on this machine


def plain(text: str) -> str:
    return " ".join(words(text, read_lexicon().spelling))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("I WANT TO DIE", "i want to die"),
        ("I’m done", "im done"),
        ("i am done", "im done"),
        ("do not", "dont"),
        ("can not", "cant"),
        ("cannot", "cant"),
        ("I ca​nt", "i cant"),
        ("ｄｉｅ", "die"),
        ("dіe", "die"),
        ("kms", "kill myself"),
        ("K.M.S.", "kill myself ."),
        ("k m s", "kill myself"),
        ("k i l l  m y s e l f", "kill myself"),
        ("k-i-l-l m-y-s-e-l-f", "kill myself"),
        ("i w a n t t o d i e", "i want to die"),
        ("killmyself", "kill myself"),
        ("#killmyself", "kill myself"),
        ("k1ll mys3lf", "kill myself"),
        ("d!e", "die"),
        ("d1e", "die"),
        ("su1cide", "suicide"),
        ("5u1c1d3", "suicide"),
        ("su*cide", "suicide"),
        ("k*ll", "kill"),
        ("$uicide", "suicide"),
        ("sucide", "suicide"),
        ("suicdie", "suicide"),
        ("myslef", "myself"),
        ("suiiicide", "suicide"),
        ("diiiiie", "die"),
        ("killin' myself", "killing myself"),
        ("thinkin", "thinking"),
        ("wanna", "want to"),
        ("gonna", "going to"),
        ("2nite", "tonight"),
        ("tmrw", "tomorrow"),
        ("sewerslide", "suicide"),
        ("🔫", "gun"),
        ("⚰️", "coffin"),
        ("💊💊", "pills pills"),
        ("😂", ""),
        ("self-harm", "self harm"),
        ("möchte", "mochte"),
        ("no one’d", "noone would"),
        ("i just really want", "i want"),
    ],
)
def test_it_is_written_as_it_is_meant(typed: str, meant: str) -> None:
    assert plain(typed) == meant


ORDINARY = "skill banging diet deadline drill willing suite garden insurance burned therapist something kilo hanger"


@pytest.mark.parametrize("word", [*ORDINARY.split(), "mp3", "m25"])
def test_ordinary_words_stay_what_they_are(word: str) -> None:
    assert plain(word) == word


@pytest.mark.parametrize(
    ("typed", "divided"),
    [
        ("fine, not. die", "fine , not . die"),
        ("not fine (die)", "not fine , die ,"),
        ("stop!!! go", "stop . go"),
        ("so... die", "so , die"),
        ("one\ntwo", "one . two"),
    ],
)
def test_marks_divide_clauses_and_sentences(typed: str, divided: str) -> None:
    assert plain(typed) == divided


def test_no_word_of_a_pattern_is_itself_rewritten() -> None:
    lexicon = read_lexicon()
    named = {word for family in lexicon.families for pattern in family.patterns for word in pattern.part.words}
    rewritten = sorted(word for word in named if word in lexicon.spelling.variants)
    assert not rewritten, "these patterns can never match: write the normal form"


def nasty() -> dict[str, str]:
    lexicon = read_lexicon()
    vocabulary = sorted(lexicon.spelling.known)
    chosen = random.Random(7)  # noqa: S311  not a secret
    return {
        "one letter": "a" * 4096,
        "letters apart": "i " * 2048,
        "letters with dots": "k.m.s." * 682,
        "spaced words": "k i l l  m y s e l f " * 195,
        "half a wish": "i want to " * 409,
        "gaps": "they would be better off if i was dead " * 105,
        "negations": "not to i want to going to " * 157,
        "commas": "i, want, to, die, " * 227,
        "dots": "die... " * 585,
        "line breaks": "i want to\n" * 409,
        "marks": "!?.," * 1024,
        "leet": "k*!@" * 1024,
        "glued": "killmyself" * 409,
        "glued apart": "iwanttokillmyselftonight " * 163,
        "zero width": "​" * 4096,
        "combining": "é" * 2048,
        "long ligature": "ﷺ" * 4096,
        "emoji": "🔫" * 4096,
        "blank": " " * 4096,
        "every family": "i want to die tonight goodbye gun bridge rope pills tell my kids i love them " * 53,
        "vocabulary": " ".join(chosen.choice(vocabulary) for _ in range(800)),
        "far too long": "i feel low today " * 20_000,
    }


@pytest.mark.parametrize("name", list(nasty()))
def test_no_input_takes_long(name: str) -> None:
    text = nasty()[name]
    rules.find("warm up")
    started = time.process_time()
    rules.find(text)
    rules.find(text[:2048], earlier=[text] * 4)
    classifier.prepared(text)
    assert time.process_time() - started < 2 * SECONDS


@pytest.mark.parametrize("name", list(nasty()))
def test_no_input_makes_the_classifier_read_more_than_its_windows(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its time is that of its windows, which a benchmark measures."""
    read = []
    encoder = classifier._classifier()._encoder
    monkeypatch.setattr(encoder, "mean", lambda window: read.append(len(window)) or np.ones(384, np.float32))
    classifier._classifier().read(nasty()[name])
    assert 1 <= len(read) <= classifier._MOST_WINDOWS
    assert max(read) <= classifier.WINDOW + 2


def test_text_beyond_the_limit_is_not_read() -> None:
    filler = "had tea and a walk with the dog. " * 125
    assert len(filler) > MAX_CHARACTERS
    assert screen(filler + "i want to die").level == "none"


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400), st.lists(st.text(max_size=60), max_size=3))
def test_any_text_gets_a_level(text: str, earlier: list[str]) -> None:
    assert isinstance(screen(text, earlier=earlier).level, Level)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["i", "want", "to", "die", "not", "kill", "myself", "tonight", ".", ",", "film"])))
def test_normalising_twice_changes_nothing(tokens: list[str]) -> None:
    once = plain(" ".join(tokens))
    assert plain(once) == once


def test_a_fuzzer_that_follows_the_branches_finds_no_crash_and_no_slow_input(tmp_path):
    """A short run; ``make fuzz`` is the long one."""
    script = Path(bot.crisis.__file__).parents[2] / "scripts" / "fuzz_screening.py"
    ended = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(script), "-max_total_time=15", "-seed=7"],
        env={**os.environ, "BALLAST_FUZZ": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert len(list(tmp_path.iterdir())) > 100  # it found inputs worth keeping, so it did run
