"""Counts fit to be shown: nothing small, and nothing from which a small one follows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.research.counting import COVER, HIDDEN, rounded, shown, shown_parts, shown_share


@pytest.mark.parametrize(
    ("count", "words"), [(0, "<10"), (1, "<10"), (9, "<10"), (10, "10"), (12, "10"), (13, "15"), (431, "430")]
)
def test_a_count_is_hidden_or_rounded(count, words):
    assert shown(count) == words


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"a": 30, "b": 42}, {"a": "30", "b": "40"}),
        # One small part would follow from the sum: the next larger is hidden with it.
        ({"a": 3, "b": 14, "c": 40}, {"a": HIDDEN, "b": COVER, "c": "40"}),
        # Two small ones together are still fewer than ten.
        ({"a": 3, "b": 4, "c": 14, "d": 40}, {"a": HIDDEN, "b": HIDDEN, "c": COVER, "d": "40"}),
        ({"a": 8, "b": 9, "c": 40}, {"a": HIDDEN, "b": HIDDEN, "c": "40"}),
        ({"a": 3}, {"a": HIDDEN}),
        ({}, {}),
    ],
)
def test_small_parts_are_hidden_with_what_gives_them_away(parts, words):
    assert shown_parts(parts) == words


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(0, 60), max_size=6))
def test_no_single_part_is_ever_hidden_alone_beside_others(parts):
    words = shown_parts(parts)
    hidden = [name for name, word in words.items() if word in (HIDDEN, COVER)]
    assert all(word == HIDDEN for name, word in words.items() if parts[name] < 10)
    assert len(hidden) != 1 or len(parts) == 1
    assert not hidden or len(hidden) == len(parts) or sum(parts[name] for name in hidden) >= 10


@pytest.mark.parametrize(
    ("part", "whole", "may"), [(9, 100, False), (10, 100, True), (91, 100, False), (90, 100, True), (100, 100, False)]
)
def test_a_share_is_shown_if_few_are_neither_in_it_nor_outside(part, whole, may):
    assert shown_share(part, whole) is may


def test_counts_are_rounded_to_five():
    assert [rounded(count) for count in (10, 12, 13, 17, 18, 22)] == [10, 10, 15, 15, 20, 20]
