"""A sentence that was cut in two is read as one; two messages that follow each other are not."""

import numpy as np
import pytest

from bot.crisis import Level, screen
from bot.crisis.seams import Seams

HALVES = [
    ("i have been planning to", "kill myself for weeks"),
    ("when the kids are asleep im going to", "hang myself in the garage"),
    ("ive decided im not going to be", "here by the weekend"),
]
MERE_PAIRS = [
    ("tomorrow morning", "ok now the other thing"),
    ("thanks man", "im done for today"),
    ("options", "ok im out. bye"),
    ("could be worse innit", "got a roof got a job"),
    ("I'll fix it myself, always have", "dreading the birthday party, they've booked a singer"),
]


@pytest.fixture
def seams():
    ends, begins, weights = np.array([-4, -1, 0]), np.array([-1, -5, -1]), np.array([1, 0, -1, -1, 0, 0])
    return Seams(["to", "myself", "beer"], ends, begins, np.array([-2, -2]), weights)


@pytest.mark.parametrize(("first", "second"), HALVES)
def test_a_sentence_cut_in_two_is_found(first, second):
    assert screen(second, earlier=[first]).level >= Level.HIGH


@pytest.mark.parametrize(("first", "second"), MERE_PAIRS)
def test_two_calm_messages_stay_calm(first, second):
    assert max(screen(first).level, screen(second).level) < Level.HIGH
    assert screen(second, earlier=[first]).level < Level.HIGH


def test_a_word_that_seldom_ends_a_message_speaks_for_one_sentence(seams):
    assert seams.are_one("i want to", "myself", joined=0.01, alone=0.0)
    assert not seams.are_one("a beer", "beer", joined=0.01, alone=0.0)


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_certainty_empty_messages_and_unknown_words_do_no_harm(seams, chance):
    for text in ("", "...", "unheard"):
        assert all(np.isfinite(seams.signs(text, text, joined=chance, alone=chance)))
