"""Passwords that a guesser tries first are refused, on this machine alone; long odd ones are not."""

import pytest
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from bot.staff.passwords import weakness_of

COMMON = [word for word in FREQUENCY_LISTS["passwords"] if len(word) >= 12]
GUESSED = [
    "iloveyou1234",
    "qwertyuiop123",
    "Password123!",
    "letmeinletmein",
    "abcdefghijklm1",
    "P@ssw0rd2026",
    "1234567890qw",
]


def test_the_list_is_long_enough_to_be_worth_its_name():
    assert len(FREQUENCY_LISTS["passwords"]) == 30_000
    assert len(COMMON) > 50


@pytest.mark.parametrize("change", [str, str.upper, str.title, lambda word: word[::-1], lambda word: word + "1"])
def test_every_common_password_is_refused_however_it_is_dressed(change):
    assert [word for word in COMMON if not weakness_of(change(word), "rosa")] == []


@pytest.mark.parametrize("password", GUESSED)
def test_guessers_first_tries_are_refused(password):
    assert "first that a guesser tries" in weakness_of(password, "rosa")


def test_name_and_house_words_do_not_count_as_strength():
    assert weakness_of("ballastballast1", "rosa")
    assert weakness_of("asorasorasor", "rosa")


@pytest.mark.parametrize(
    "password",
    [
        "three invented words",
        "møns klint im regen",
        "почтовый ящик у реки",
        "k7#Vw!zq0Lm2",
        "copper ladder 41 fog",
        "copper ladder 41 fog " * 12,
    ],
)
def test_a_few_words_or_a_random_string_will_do(password):
    assert weakness_of(password, "rosa") == ""
