"""Mending the slip of a thumb before the encoder reads a word."""

from __future__ import annotations

import pytest

from bot.crisis import classifier
from bot.crisis.slips import Mender

LIKELY = ("tonight", "myself", "killing", "jump", "suicide", "anger", "dropped", "tools", "idea")
WORDS = {*LIKELY, "stool", "mow", "hang", "drop"}


@pytest.fixture
def mend():
    return Mender(LIKELY, WORDS.__contains__)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("kiling myslef toinght", "killing myself tonight"),
        ("killling", "killing"),
        ("jumpp", "jump"),
        ("suicde", "suicide"),
        ("tonught", "tonight"),
    ],
)
def test_a_slip_becomes_the_word_that_was_meant(mend, typed, meant):
    assert mend(typed) == meant


@pytest.mark.parametrize("word", ["sump", "stools", "mowing", "hanger", "iead", "ides", "tonights", "jumbp", "jum"])
def test_other_words_and_other_endings_are_left_alone(mend, word):
    assert mend(word) == word


def test_the_commonest_word_is_taken():
    assert Mender(("form", "from"), {"form", "from"}.__contains__)("frrom") == "from"
    assert Mender(("united", "untied"), set().__contains__)("unitied") == "united"
    assert Mender(("untied", "united"), set().__contains__)("unitied") == "untied"


def test_a_message_of_nothing_but_slips_is_not_mended_without_end(mend):
    assert mend("toinght " * 45).split().count("tonight") == 40


def test_the_shipped_words_mend_the_plainest_slips():
    mended = classifier._classifier()._mend("i keep thinkign of kiling myslef")
    assert mended == "i keep thinking of killing myself"
