"""Parts of a message: what each surrogate stands for, also where the text can be read in two ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.research.corrections import MISSED, WRONG, Corrected, Known
from bot.research.message import Message, Span
from bot.research.replaced import Part, parts_of


def replaced(parts):
    return [(part.text, part.surrogate) for part in parts if part.surrogate is not None]


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("my wife karen left", "my wife [PARTNER] left", [("karen", "[PARTNER]")]),
        ("karen", "[PERSON 1]", [("karen", "[PERSON 1]")]),
        ("al and al all", "[PERSON 1] and [PERSON 1] all", [("al", "[PERSON 1]"), ("al", "[PERSON 1]")]),
        ("saw ann smith, ann", "saw [PERSON 1], ann", [("ann smith", "[PERSON 1]")]),
        ("a [PERSON 1] b bo", "a [PERSON 1] b [NAME 1]", [("bo", "[NAME 1]")]),
        ("nothing here", "nothing here", []),
        ("", "", []),
    ],
)
def test_each_surrogate_is_laid_on_its_words(text, after, expected):
    assert replaced(parts_of(text, after)) == expected


def test_two_surrogates_side_by_side_are_told_apart_by_where_something_was_found():
    found = [Span(0, 9, "PERSON"), Span(10, 15, "TOWN")]
    parts = parts_of("ann smith miami", "[PERSON 1] [TOWN 1]", found)
    assert replaced(parts) == [("ann smith", "[PERSON 1]"), ("miami", "[TOWN 1]")]


def test_what_cannot_be_laid_side_by_side_is_one_part_that_was_replaced():
    assert parts_of("one two", "three [PERSON 1]") == [Part(0, "one two", "three [PERSON 1]")]
    assert parts_of("one two", "three") == [Part(0, "one two", "three")]


WORDS = st.lists(
    st.sampled_from(
        [
            "my",
            "wife",
            "Karen",
            "karen",
            "al",
            "all",
            "said",
            "[PERSON 1]",
            "miami",
            "smith",
            "07700 900123",
            "é",
            "-",
            "\n",
        ]
    ),
    max_size=25,
).map(" ".join)


@given(st.lists(WORDS, max_size=4))
def test_the_parts_make_the_message_and_what_is_shown_of_it(messages):
    man = Corrected([Known("m", MISSED, "PERSON", "said")])
    for text in messages:
        after, plain = man.replace(text, "m"), Message.of(text).text
        assert "".join(part.text for part in man.parts) == plain
        assert "".join(part.shown for part in man.parts) == after
        assert all(plain[part.start : part.end] == part.text for part in man.parts)
        assert all(part.text.strip(" \n") == part.text for part in man.parts if part.surrogate is not None)


def test_a_text_full_of_the_same_word_that_fits_in_no_way_is_given_up_and_hidden_whole():
    text, after = "al " * 1_300 + "x", "[PERSON 1] " * 1_299 + "[NAME 1] y"
    assert parts_of(text, after) == [Part(0, text, after)]  # trying every way would not end


def test_a_missed_word_is_taken_out_everywhere_whole_and_in_any_case():
    man = Corrected([Known("m1", MISSED, "PET", "old  Captain")])
    assert man.replace("OLD captain was here again", "m9") == "[PET 1] was here again"
    assert [part.is_by_hand for part in man.parts if part.surrogate] == [True]
    assert man.replace("the old captain's bed, old captains", "m1") == "the [PET 1]'s bed, old captains"
    assert [part.is_by_hand for part in man.parts if part.surrogate] == [False]  # here the tagger finds it as well


def test_what_a_recogniser_finds_as_well_is_not_by_hand():
    man = Corrected([Known("m1", MISSED, "PERSON", "karen")])
    assert man.replace("my wife karen") == "my wife [PERSON 1]"  # a person decides what it is
    assert [part.is_by_hand for part in man.parts if part.surrogate] == [False]


def test_a_word_that_was_given_back_stays_in_its_turn_alone():
    man = Corrected([Known("m1", WRONG, "PERSON", "Karen")])
    assert man.replace("my wife karen and her Karen", "m1") == "my wife karen and her Karen"
    assert all(part.is_given_back == (part.text.lower() == "karen") for part in man.parts)
    assert man.replace("karen left", "m2") == "[PARTNER] left"


def test_a_helplines_name_cannot_be_cut_by_a_part_of_it():
    man = Corrected([Known("m1", MISSED, "TOWN", "miami")])
    assert man.replace("Miami Psychology Group in miami") == "Miami Psychology Group in [TOWN 1]"
