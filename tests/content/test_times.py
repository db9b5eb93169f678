"""Times in words: how they are written for him, and what he means when he names one."""

from __future__ import annotations

import time
from datetime import date

import pytest

from bot.content import Wish, clock_time, named_day, wished_time

SUNDAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("remind me tomorrow", Wish(days=1)),
        ("Remind me tomorrow at 9", Wish(days=1, hour=9)),
        ("remind me at 9 tomorrow", Wish(days=1, hour=9)),
        ("can you remind me next Monday?", Wish(weekday=0)),
        ("remind me to call the doctor tomorrow", Wish(days=1)),
        ("remind me tomorrow morning to take the bins out", Wish(days=1, hour=9)),
        ("remind me at 6 pm", Wish(days=0, hour=18)),
        ("remind me to ring Jim at 6.15 p.m.", Wish(days=0, hour=18, minute=15)),
        ("remind me on friday at 6 pm to ring Jim", Wish(weekday=4, hour=18)),
        ("remind me tonight", Wish(days=0, hour=20)),
        ("remind me in an hour", Wish(minutes=60)),
        ("remind me in 20 mins", Wish(minutes=20)),
        ("remind me in 3 days", Wish(days=3)),
        ("remind me in 2 weeks", Wish(days=14)),
        ("Ask me again tomorrow.", Wish(days=1)),
        ("please check in with me every day at 7pm", Wish("daily", hour=19)),
        ("check in on me every day at 12 am", Wish("daily", hour=0)),
        ("remind me every evening", Wish("daily", hour=19)),
        ("ping me daily 8.30", Wish("daily", hour=8, minute=30)),
        ("check in on me every friday at 18:30", Wish("weekly", weekday=4, hour=18, minute=30)),
        ("text me on Fridays", Wish("weekly", weekday=4)),
        ("check in with me once a week", Wish("weekly")),
        ("remind me tomorrow at 7", Wish(days=1, hour=19)),  # nobody who says seven means before eight: the night
        ("remind me tomorrow at 7 am", Wish(days=1, hour=7)),
        ("remind me tomorrow at 07:00", Wish(days=1, hour=7)),
    ],
)
def test_a_request_is_understood_from_its_first_word_to_its_last(text, wish):
    assert wished_time(text) == wish


@pytest.mark.parametrize(
    "text",
    [
        "", "remind me", "remind me what you said", "remind me of my dad", "dont text me tomorrow",
        "remind me to get up", "tomorrow", "every day is the same", "remind me to live, tomorrow is another day",
        "my wife had to remind me tomorrow is her birthday", "remind me tomorrow at 25", "remind me tomorrow at 13 pm",
        "remind me tomorrow at 9:75", "I said remind me tomorrow", "remind me tomorrow " + "x" * 300,
    ],
)  # fmt: skip
def test_what_only_sounds_like_one_goes_to_the_dialogue(text):
    assert wished_time(text) is None


def test_no_text_takes_long_to_tell():
    started = time.process_time()
    for text in ("remind me to " + "tomorrow to " * 24, "please " * 42, "remind me to " + "at 9 " * 55 + "x"):
        wished_time(text)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("tomorrow", date(2026, 11, 23)),
        ("Friday", date(2026, 11, 27)),
        ("sunday", date(2026, 11, 29)),  # the coming one, not today
        ("10 days", date(2026, 12, 2)),
        ("a week", date(2026, 11, 29)),
        ("2 weeks", date(2026, 12, 6)),
        ("12 March", date(2027, 3, 12)),
        ("Dec 1st", date(2026, 12, 1)),
        ("2026-12-24", date(2026, 12, 24)),
        ("2025-01-01", None),
        ("2026-11-22", None),  # today is no day to wait for
        ("30 February", None),
        ("0 days", None),
        ("may", None),
        ("whenever", None),
        ("", None),
    ],
)
def test_a_named_day_is_a_coming_one(text, day):
    assert named_day(text, SUNDAY) == day


@pytest.mark.parametrize(
    ("hour", "minute", "twelve", "twenty_four"),
    [(19, 0, "7 pm", "19:00"), (0, 5, "12:05 am", "00:05"), (12, 0, "12 pm", "12:00"), (8, 30, "8:30 am", "08:30")],
)
def test_a_time_is_written_as_his_region_writes_it(hour, minute, twelve, twenty_four):
    assert clock_time(hour, minute, twelve_hours=True) == twelve
    assert clock_time(hour, minute, twelve_hours=False) == twenty_four
