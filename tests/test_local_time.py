"""His clock: quiet hours, and times that stay the same on the wall through summer and winter."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from bot.clock import next_at, out_of_quiet
from bot.turns import his_time

NEW_YORK, BERLIN, DELHI = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
NIGHT = (21, 8)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("at", "zone", "quiet", "expected"),
    [
        ("2026-11-22T15:00", NEW_YORK, NIGHT, "2026-11-22T15:00"),  # ten in the morning
        ("2026-11-22T13:00", NEW_YORK, NIGHT, "2026-11-22T13:00"),  # eight sharp: the night is over
        ("2026-11-22T12:59", NEW_YORK, NIGHT, "2026-11-22T13:00"),
        ("2026-11-23T01:59", NEW_YORK, NIGHT, "2026-11-23T01:59"),  # one minute to nine
        ("2026-11-23T02:00", NEW_YORK, NIGHT, "2026-11-23T13:00"),
        ("2026-11-23T07:30", NEW_YORK, NIGHT, "2026-11-23T13:00"),
        ("2026-11-23T07:30", NEW_YORK, None, "2026-11-23T07:30"),
        ("2026-11-23T18:00", NEW_YORK, (8, 16), "2026-11-23T21:00"),  # he works nights: thirteen is his night
        ("2026-11-23T21:00", NEW_YORK, (8, 16), "2026-11-23T21:00"),
        ("2026-11-22T20:15", DELHI, NIGHT, "2026-11-23T02:30"),
        ("2026-03-29T00:30", BERLIN, NIGHT, "2026-03-29T06:00"),  # the night in which the clock goes forward
        ("2026-10-25T00:30", BERLIN, NIGHT, "2026-10-25T07:00"),  # and back
    ],
)
def test_what_falls_in_his_quiet_hours_waits_for_their_end(at, zone, quiet, expected):
    assert out_of_quiet(utc(at), zone, quiet) == utc(expected)


@pytest.mark.parametrize(
    ("after", "zone", "hour", "weekday", "expected"),
    [
        ("2026-11-22T21:30", NEW_YORK, 19, None, "2026-11-23T00:00"),
        ("2026-11-23T00:00", NEW_YORK, 19, None, "2026-11-24T00:00"),  # not twice the same moment
        ("2026-11-22T21:30", NEW_YORK, 19, 3, "2026-11-27T00:00"),  # Thursday there, Friday in UTC
        ("2026-11-27T00:00", NEW_YORK, 19, 3, "2026-12-04T00:00"),
        ("2026-03-07T12:00", NEW_YORK, 19, None, "2026-03-08T00:00"),  # still winter time
        ("2026-03-08T00:00", NEW_YORK, 19, None, "2026-03-08T23:00"),  # the next evening: summer time
        ("2026-10-31T12:00", NEW_YORK, 19, None, "2026-10-31T23:00"),
        ("2026-10-31T23:00", NEW_YORK, 19, None, "2026-11-02T00:00"),
        ("2026-03-08T00:00", NEW_YORK, 2, None, "2026-03-08T07:00"),  # 2:00 does not exist that night: 3:00 it is
        ("2026-03-28T12:00", BERLIN, 2, None, "2026-03-29T01:00"),
        ("2026-10-24T12:00", BERLIN, 2, None, "2026-10-25T00:00"),  # 2:00 comes twice: the first
        ("2026-10-25T00:00", BERLIN, 2, None, "2026-10-26T01:00"),  # and not an hour later again
        ("2026-11-22T00:00", DELHI, 9, None, "2026-11-22T03:30"),
    ],
)
def test_a_time_on_his_wall_stays_that_time_all_year(after, zone, hour, weekday, expected):
    assert next_at(utc(after), zone, hour, weekday=weekday) == utc(expected)


def test_a_year_of_evenings_has_as_many_evenings_as_days_and_each_is_at_seven():
    at, seen = utc("2026-01-01T12:00"), []
    for _ in range(365):
        at = next_at(at, BERLIN, 19, 30)
        seen.append(at.astimezone(BERLIN))
    assert {(moment.hour, moment.minute) for moment in seen} == {(19, 30)}
    days = [moment.date() for moment in seen]
    assert days == [days[0] + timedelta(days=number) for number in range(365)]


def test_a_machine_without_the_tz_database_goes_by_utc_and_says_so(monkeypatch, caplog):
    def missing(name):
        raise ZoneInfoNotFoundError(name)

    assert his_time.zone_of({"region": "uk"}) == ZoneInfo("Europe/London")
    monkeypatch.setattr(his_time, "ZoneInfo", missing)
    assert his_time.zone_of({"region": "uk"}) is timezone.utc
    assert [record.message for record in caplog.records] == ["time.no_zones"]


def test_who_lives_where_several_clocks_are_has_none_until_he_says_which():
    assert his_time.zone_of({"region": "us"}) is None
    assert his_time.zone_of({"region": "us", "zone": "America/Denver"}) == ZoneInfo("America/Denver")
    assert his_time.zone_of({"region": "us", "zone": "../../etc/passwd"}) is None
    night = utc("2026-11-23T06:00")
    assert his_time.awake_from({"region": "us"}, night) == night  # not known to be his night
    assert his_time.awake_from({"region": "us-miami"}, night) == utc("2026-11-23T13:00")
