"""Times in words."""

from datetime import datetime, timedelta, timezone

import pytest

from bot.staff import phrases

NOW = datetime(2026, 11, 2, 9, 5, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "under 1 min"),
        (0, "under 1 min"),
        (59, "under 1 min"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (3660, "1 h 1 min"),
        (86400, "1 day"),
        (2 * 86400 + 4 * 3600 + 59, "2 days 4 h"),
    ],
)
def test_duration_reads_as_people_say_it(seconds, words):
    assert phrases.duration(timedelta(seconds=seconds)) == words


def test_clock_turns_to_overdue_after_its_moment():
    assert phrases.clock_words(NOW, NOW - timedelta(minutes=3)) == "3 min left"
    assert phrases.clock_words(NOW, NOW) == "under 1 min left"
    assert phrases.clock_words(NOW, NOW + timedelta(hours=2)) == "overdue by 2 h"


def test_moment_names_its_zone():
    assert phrases.moment(NOW) == "2 Nov 2026, 09:05 UTC"


def test_words_exist_for_what_this_version_does_not_know():
    assert phrases.level_words("violet").word == "Violet"
    assert phrases.kind_words("checkback") == "Needs a look"
    assert phrases.step_words("flag.no_such_step") == "flag.no_such_step"
