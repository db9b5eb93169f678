"""/pause and /settings: what comes unasked, and how, is in his hands; what a crisis owes him is asked about apart."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from bot.config import REGIONS
from bot.escalation import follow_ups
from bot.storage.models import FollowUp, Person
from bot.turns.his_time import ZONES
from bot.turns.people import settings_of
from bot.turns.preferences import QUIET

pytestmark = pytest.mark.asyncio  # the clock begins on Sunday 2026-11-22 at 16:30 in Miami
CRISIS = "I want to kill myself"


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def settings(path):
    with path.database.read() as session:
        return settings_of(session.get(Person, path.person().id))


async def at(path, text):
    before = len(path.messenger.sent)
    path.clock.now = utc(text)
    await path.work()
    return [text for _, text, _ in path.messenger.sent[before:]]


@pytest.fixture
def daily(path):
    """A man who is asked each evening at seven."""
    path.consent()
    return path


async def begin(path):
    await path.says("check in with me every day at 7 pm")


def says_he_is_safe(path):
    with path.database.write() as session:
        follow_ups.answer(session, path.person().id, is_safe=True, at=path.clock())


async def test_a_pause_till_he_writes_ends_with_his_next_word_and_not_with_a_press_or_the_command(daily):
    await begin(daily)
    await daily.says("/pause")
    assert await daily.presses("Till I write") == daily.wording("pause_till_he_writes")
    assert await at(daily, "2026-11-23T00:00") == []
    await daily.says("/pause")
    assert settings(daily)["paused_until"] == "writes"
    assert await at(daily, "2026-11-24T00:00") == []
    await daily.says("hello")
    assert "paused_until" not in settings(daily)
    assert len(await at(daily, "2026-11-25T00:00")) == 1


async def test_a_pause_till_a_day_holds_also_when_he_writes(daily):
    await begin(daily)
    assert await daily.says("/pause Wednesday") == daily.wording("pause_till_day", day="Wednesday")
    await daily.says("hello")
    for evening in ("2026-11-23T00:00", "2026-11-24T00:00", "2026-11-25T00:00"):
        assert await at(daily, evening) == []
    assert len(await at(daily, "2026-11-26T00:00")) == 1


async def test_a_reminder_that_falls_into_the_pause_comes_after_it_or_not_at_all(daily):
    await daily.says("remind me tomorrow")
    await daily.says("/pause 3 days")
    assert await at(daily, "2026-11-23T14:00") == []
    assert len(await at(daily, "2026-11-25T13:00")) == 1  # eight in the morning of the day on which the pause ends
    await daily.says("remind me tomorrow")
    await daily.says("/pause")
    await daily.presses("Till I write")
    assert await at(daily, "2026-11-26T14:00") == []
    await daily.says("hello")
    assert await at(daily, "2026-11-27T20:00") == []


async def test_whoever_sets_a_check_in_or_ends_the_pause_has_none(daily):
    await daily.says("/pause 30 days")
    await begin(daily)
    assert "paused_until" not in settings(daily)
    await daily.says("/pause a week")
    await daily.says("/pause")
    assert await daily.presses("End the pause") == daily.wording("pause_over")
    assert len(await at(daily, "2026-11-23T00:00")) == 1


async def test_a_day_that_is_none_is_said_so_and_asked_for(daily):
    assert await daily.says("/pause whenever") == daily.wording("pause_not_a_day")
    assert await daily.presses("A week") == daily.wording("pause_till_day", day="2026-11-29")


async def test_check_backs_come_through_a_pause_unless_he_drops_them_when_asked(daily):
    await daily.says(CRISIS)
    says_he_is_safe(daily)
    told = await daily.says("/pause 30 days")
    assert told[-1:] == daily.wording("pause_check_backs")
    assert await daily.presses("Keep it") == daily.wording("left_alone")
    assert await at(daily, "2026-11-23T21:30") == ['re: /check_back{"kind": "day"}']
    says_he_is_safe(daily)
    await daily.says("/pause 30 days")
    assert await daily.presses("Drop it") == daily.wording("check_backs_dropped")
    assert await at(daily, "2026-11-30T13:00") == []
    assert {row.state for row in daily.rows(FollowUp, kind="week")} == {"declined"}


async def test_an_answer_to_neither_leaves_the_check_backs(daily):
    await daily.says(CRISIS)
    says_he_is_safe(daily)
    await daily.says("/pause")
    await daily.presses("Till I write")
    assert await at(daily, "2026-11-23T21:30") == ['re: /check_back{"kind": "day"}']


async def test_the_watch_over_an_open_question_knows_no_pause(daily):
    await daily.says(CRISIS)
    await daily.says("/pause 30 days")
    assert await at(daily, "2026-11-22T22:01") == ['re: /check_back{"kind": "silence"}']


async def test_settings_show_what_is_set_and_lead_to_all_of_it(daily):
    await begin(daily)
    await daily.says("/pause Friday")
    (now,) = await daily.says("/settings")
    for part in ("Miami", "Plain", "each day at 7 pm", "New York (Eastern)", "9 pm to 8 am", "till Friday"):
        assert part in now
    for label, name in (
        ("How I talk", "tone_question"),
        ("Check-ins", "check_in_question"),
        ("Your clock", "zone_question"),
        ("Quiet hours", "quiet_question"),
        ("Pause", "pause_question"),
        ("Where I am", "region_question"),
        ("Researchers", "research_question"),
    ):
        await daily.says("/settings")
        assert await daily.presses(label) == daily.wording(name)


async def test_tone_and_quiet_hours_are_kept_sealed_and_shown_in_his_export(daily):
    await daily.says("/settings")
    await daily.presses("How I talk")
    assert await daily.presses("Dry") == daily.wording("tone_dry_done")
    await daily.says("/settings")
    await daily.presses("Quiet hours")
    assert await daily.presses("8 am to 4 pm") == daily.wording("quiet_done", quiet="8 am to 4 pm")
    assert (settings(daily)["tone"], settings(daily)["quiet"]) == ("dry", [8, 16])
    await daily.says("/export")
    await daily.presses("Send them")
    assert b'"tone": "dry"' in daily.messenger.files["ballast.json"]


async def test_the_labels_of_a_press_may_be_typed(daily):
    await daily.says("/settings")
    assert await daily.says("how i talk") == daily.wording("tone_question")
    assert await daily.says("Straight.") == daily.wording("tone_done")
    assert settings(daily)["tone"] == "straight"
    assert await daily.says("straight") == ["re: straight"]  # the button is used up: a word like any other


@pytest.mark.parametrize("region", REGIONS)
async def test_every_region_has_a_clock_and_every_clock_exists(region):
    from zoneinfo import ZoneInfo

    from bot.content import label

    for name in ZONES[region]:
        assert ZoneInfo(name).key == name
        assert label(name)


async def test_no_quiet_hours_are_longer_than_half_a_day():
    """A check-back waits for their end."""
    spans = [(ends - begins) % 24 for begins, ends in filter(None, QUIET.values())]
    assert max(spans) <= 12
