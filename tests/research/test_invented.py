"""Invented identifiers: of the kind and shape of the real ones, and never with a word of these."""

from __future__ import annotations

import random
import re

import pytest

from bot.research.corrections import MISSED, WRONG, Corrected, Known
from bot.research.invented import KEPT, Inventor, marked_line
from bot.research.lexicon import given_names, is_ordinary, phrases

REAL = (
    ("PERSON", "Karen"), ("PERSON", "qorianka Smith"), ("PERSON", "O'Brien"), ("PARTNER", "grace"), ("NAME", "JÖRG"),
    ("TOWN", "Miami"), ("TOWN", "coral gables"), ("EMPLOYER", "B&Q"), ("EMPLOYER", "Dunmore Joinery"),
    ("ADDRESS", "14 maple drive"), ("POSTCODE", "LS6 3HN"), ("PHONE", "07700 123456"), ("PHONE", "+1 (786) 222-3333"),
    ("PHONE", "+44 7911 123456"), ("PHONE", "222 1234"), ("PHONE", "030 1234567890123"), ("EMAIL", "a.bo@gmail.com"),
    ("EMAIL", "rob at hotmail dot com"), ("LINK", "www.facebook.com/rob"), ("HANDLE", "@rob_82"), ("PLATE", "AB12 CDE"),
    ("ID NUMBER", "485 777 3456"), ("DATE", "12/03/1987"), ("DATE", "3rd of March"), ("DATE", "dec 21st"),
    ("DETAIL", "grey horse"),
)  # fmt: skip
SHAPES = {
    "PHONE": r"[+\d() -]+",
    "EMAIL": r"\S+@example\.com|\w+@example\.com",
    "LINK": r"https://example\.org/\w+",
    "PLATE": r"[A-Z]{2}\d\d [A-Z]{3}",
    "POSTCODE": r"[A-Z]{2}\d \d[A-Z]{2}",
    "HANDLE": r"@[a-z]{3}_\d\d",
    "ADDRESS": r"\d\d [a-z]+ drive",
}


@pytest.fixture
def inventor():
    return Inventor((surface.lower() for _, surface in REAL), random.Random(7))  # noqa: S311 - to be drawn again


@pytest.mark.parametrize(("kind", "surface"), REAL)
def test_nothing_of_the_real_one_is_left_but_its_shape(inventor, kind, surface):
    made = inventor.of(kind, surface)
    of_real = {word for word in re.findall(r"[^\W\d_]+", surface.lower()) if word not in KEPT}
    months = {"march", "dec"}
    assert not of_real & set(re.findall(r"[^\W\d_]+", made.lower())) - months - {"com", "st", "rd"}
    assert made != surface
    assert re.fullmatch(SHAPES.get(kind, ".+"), made)
    assert inventor.of(kind, surface.upper()) == made  # the same stays the same


@pytest.mark.parametrize("surface", ["07700 123456", "+44 7911 123456", "+1 (786) 222-3333", "786 222 3333"])
def test_telephone_numbers_are_of_those_kept_free_for_fiction(inventor, surface):
    digits = re.sub(r"\D", "", inventor.of("PHONE", surface))
    assert re.fullmatch(r"07700900\d{3}|447700900\d{3}|1?30555501\d\d", digits)
    assert len(digits) == len(re.sub(r"\D", "", surface))


def test_a_listed_name_becomes_another_of_its_list_and_an_unlisted_one_stays_unlisted(inventor):
    assert given_names()[inventor.of("PERSON", "Karen").lower()] == given_names()["karen"]
    assert inventor.of("TOWN", "Miami").lower() in phrases("towns")
    made = inventor.of("PERSON", "qorianka")
    assert made not in given_names()
    assert not is_ordinary(made)


def test_the_line_is_the_sentence_with_every_identifier_marked_and_no_mark_of_his_own(inventor):
    man = Corrected([Known("m", MISSED, "PERSON", "captain")])
    man.replace("I live in Leeds. the Captain said {no} to Karen\nlater I slept", "m")
    line = marked_line(man.parts, "captain", inventor)
    assert re.fullmatch(r"the \{d:[A-Z][a-z]+\} said \(no\) to \{d:[A-Z][a-z]+\}", line)
    assert re.fullmatch(r"I live in \{i:[A-Z][\w-]+\}\.", marked_line(man.parts, "leeds", inventor))


def test_a_word_that_was_given_back_stands_bare(inventor):
    man = Corrected([Known("m", WRONG, "PERSON", "Karen")])
    man.replace("hello. karen is a ship near Leeds", "m")
    assert re.fullmatch(r"karen is a ship near \{i:[a-zA-Z][\w-]+\}", marked_line(man.parts, "Karen", inventor))


def test_what_the_recognisers_no_longer_take_out_is_found_as_well(inventor):
    man = Corrected([Known("m", WRONG, "PERSON", "anchor")])
    man.replace("well. the anchor holds. fine", "m")
    assert marked_line(man.parts, "anchor", inventor) == "the anchor holds."
