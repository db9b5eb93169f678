"""Check-ins and reminders: at his hour, out of his night, one at a time, behind a crisis, and over by themselves."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from bot.content import say
from bot.errors import UnreachableError
from bot.escalation import follow_ups
from bot.storage.models import Flag, FollowUp, InboxMessage, Person
from bot.turns import Kind
from bot.turns.people import settings_of
from bot.turns.reminders import KINDS

pytestmark = pytest.mark.asyncio  # the clock begins on Sunday 2026-11-22 at 16:30 in Miami
CRISIS = "I want to kill myself"
CHECK_INS = {say("check_in", "us-miami", turn=turn)[0] for turn in range(3)}
REMINDERS = {say("reminder", "us-miami", turn=turn)[0] for turn in range(3)}


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def due(path, *kinds):
    rows = path.rows(FollowUp, state="pending")
    return sorted(row.due_at for row in rows if row.kind in (kinds or KINDS))


def settings(path):
    with path.database.read() as session:
        return settings_of(session.get(Person, path.person().id))


async def at(path, text):
    """Let the clock stand at a moment, do what is due, and return what came."""
    before = len(path.messenger.sent)
    path.clock.now = utc(text)
    await path.work()
    return [text for _, text, _ in path.messenger.sent[before:]]


async def daily_at_seven(path):
    path.consent()
    await path.says("check in with me every day at 7 pm")
    assert due(path) == [utc("2026-11-23T00:00")]


async def test_a_daily_check_in_is_set_with_three_presses_and_comes_each_evening(path):
    path.consent()
    await path.says("/remind")
    await path.presses("Every day")
    assert await path.presses("7 pm") == path.wording("check_in_done", when="each day at 7 pm")
    assert await at(path, "2026-11-22T23:59") == []
    (said,) = await at(path, "2026-11-23T00:00")
    assert said in CHECK_INS
    assert await path.presses("4") == ['re: /mood_checkin{"mood": "4"}']
    (said,) = await at(path, "2026-11-24T00:01")
    assert said in CHECK_INS
    assert await path.says("6") == ['re: /mood_checkin{"mood": "6"}']  # typed is as good as pressed
    assert due(path) == [utc("2026-11-25T00:00")]


async def test_a_weekly_one_asks_for_the_day_and_where_several_clocks_are_for_the_clock(path):
    path.consent()
    await path.says("/region")
    await path.presses("elsewhere in the US")
    await path.says("/remind")
    await path.presses("Once a week")
    assert await path.presses("Thursday") == path.wording("zone_question", "us")
    assert await path.presses("Denver (Mountain)") == path.wording("check_in_hour", "us")
    assert await path.presses("8 am") == path.wording("check_in_done", "us", when="every Thursday at 8 am")
    assert due(path) == [utc("2026-11-26T15:00")]
    assert settings(path)["zone"] == "America/Denver"


async def test_a_time_in_his_quiet_hours_is_said_as_it_will_be(path):
    path.consent()
    assert await path.says("remind me every day at 11 pm") == path.wording("check_in_done", when="each day at 8 am")
    assert due(path) == [utc("2026-11-23T13:00")]
    await path.says("/settings")
    await path.presses("Quiet hours")
    assert await path.presses("No quiet hours") == path.wording("quiet_done", quiet="No quiet hours")
    assert due(path) == [utc("2026-11-23T04:00")]


async def test_a_new_clock_moves_the_check_in_and_a_new_region_forgets_the_clock(path):
    await daily_at_seven(path)
    await path.says("/region")
    await path.presses("UK")
    assert due(path) == [utc("2026-11-23T19:00")]
    await path.says("/region")
    await path.presses("somewhere else")
    await path.says("/settings")
    await path.presses("Your clock")
    await path.presses("Delhi")
    assert due(path) == [utc("2026-11-23T13:30")]
    await path.says("/region")
    await path.presses("Germany")
    assert "zone" not in settings(path)
    assert due(path) == [utc("2026-11-23T18:00")]


@pytest.mark.parametrize(
    ("text", "moment", "when"),
    [
        ("remind me tomorrow", "2026-11-23T14:00", "tomorrow at 9 am"),
        ("remind me to call the doctor on Friday at 6 pm", "2026-11-27T23:00", "on Friday at 6 pm"),
        ("remind me in 2 hours", "2026-11-22T23:30", "today at 6:30 pm"),
        ("remind me tonight", "2026-11-23T01:00", "today at 8 pm"),
        ("remind me in 8 hours", "2026-11-23T13:00", "tomorrow at 8 am"),  # half past midnight is his night
        ("remind me in 2 weeks", "2026-12-06T14:00", "on 2026-12-06 at 9 am"),
        ("/remind tomorrow at 10", "2026-11-23T15:00", "tomorrow at 10 am"),
    ],
)
async def test_one_reminder_in_his_own_words_comes_once_and_says_nothing_of_what(path, text, moment, when):
    path.consent()
    assert await path.says(text) == path.wording("reminder_done", when=when)
    assert due(path) == [utc(moment)]
    assert path.dialogue.asked == []
    (said,) = await at(path, moment)
    assert said in REMINDERS
    path.clock.forward(days=3)
    await path.work()
    assert len([heard for heard in path.heard() if heard in REMINDERS]) == 1


async def test_a_time_that_has_gone_by_and_too_many_are_said_so(path):
    path.consent()
    assert await path.says("remind me today at 9 am") == path.wording("reminder_late")
    for number in range(10):
        await path.says(f"remind me in {number + 2} days")
    await path.says("remind me in 2 days")  # the same again adds nothing
    assert len(due(path)) == 10
    assert await path.says("remind me in 20 days") == path.wording("reminder_full")


async def test_two_without_an_answer_end_it_with_a_kind_word(path):
    await daily_at_seven(path)
    heard = [await at(path, f"2026-11-{day}T00:00") for day in (23, 24, 25, 26, 27)]
    assert [len(said) for said in heard] == [1, 1, 1, 0, 0]
    assert heard[0][0] in CHECK_INS
    assert heard[1][0] in CHECK_INS
    assert heard[2] == path.wording("check_in_stop")
    assert "check_in" not in settings(path)
    assert path.rows(Flag) == []  # silence towards a check-in is nobody's business
    await path.says("still here")
    assert path.rows(FollowUp) == []


async def test_any_word_or_press_between_counts_as_an_answer(path):
    await daily_at_seven(path)
    for day in (23, 24, 25, 26):
        (said,) = await at(path, f"2026-11-{day}T00:00")
        assert said in CHECK_INS
        await (path.says("later") if day % 2 else path.presses("5"))


async def test_after_a_standstill_one_comes_and_not_as_many_as_were_missed(path):
    await daily_at_seven(path)
    path.restart()
    assert len(await at(path, "2026-11-30T17:00")) == 1  # noon in Miami, a week late
    assert due(path) == [utc("2026-12-02T00:00")]  # not the same evening again
    assert len(path.rows(FollowUp)) == 2


async def test_what_a_standstill_left_for_the_night_waits_for_the_day(path):
    path.consent()
    await path.says("check in with me every Monday at 7 pm")
    await path.says("remind me tomorrow at 6 pm")
    assert await at(path, "2026-11-24T06:00") == []  # one in the night
    assert due(path) == [utc("2026-11-24T13:00")] * 2
    assert len(await at(path, "2026-11-24T13:00")) == 2
    assert due(path) == [utc("2026-12-01T00:00")]


async def test_a_kill_between_asking_and_saying_neither_loses_nor_doubles_it(path):
    await daily_at_seven(path)
    path.clock.now = utc("2026-11-23T00:00")
    path.conductor._sweep()
    path.restart()
    await path.work()
    path.restart()
    await path.work()
    assert len([heard for heard in path.heard() if heard in CHECK_INS]) == 1


async def test_it_comes_also_while_rasa_is_down(path):
    await daily_at_seven(path)
    path.dialogue.is_down = True
    (said,) = await at(path, "2026-11-23T00:00")
    assert said in CHECK_INS


async def test_summer_time_moves_with_his_clock(path):
    path.clock.now = utc("2026-03-07T12:00")
    path.consent()
    await path.says("check in with me every day at 7 pm")
    assert due(path) == [utc("2026-03-08T00:00")]
    assert len(await at(path, "2026-03-08T00:00")) == 1
    assert due(path) == [utc("2026-03-08T23:00")]


async def test_a_crisis_comes_first_and_the_check_in_waits_till_he_has_answered(path):
    await daily_at_seven(path)
    path.clock.now = utc("2026-11-22T23:50")
    await path.says(CRISIS)
    assert await at(path, "2026-11-23T00:00") == []
    said = await at(path, "2026-11-23T00:20")
    assert said == ['re: /check_back{"kind": "silence"}']
    with path.database.write() as session:
        follow_ups.answer(session, path.person().id, is_safe=True, at=path.clock())
    (said,) = await at(path, "2026-11-23T01:00")
    assert said in CHECK_INS
    assert await at(path, "2026-11-23T23:50") == ['re: /check_back{"kind": "day"}']
    assert await at(path, "2026-11-24T00:00") == []  # asked ten minutes ago whether he is safe


async def test_a_check_in_right_before_a_check_back_waits(path):
    await daily_at_seven(path)
    await path.says(CRISIS)  # at half past four
    with path.database.write() as session:
        follow_ups.answer(session, path.person().id, is_safe=True, at=path.clock())
        session.query(FollowUp).filter_by(kind="day").one().due_at = utc("2026-11-23T01:30")
    assert await at(path, "2026-11-23T00:00") == []
    assert await at(path, "2026-11-23T01:30") == ['re: /check_back{"kind": "day"}']


async def test_the_day_after_does_not_wake_him_but_the_watch_does(path):
    path.consent()
    path.clock.now = utc("2026-11-23T06:00")  # one in the night
    await path.says(CRISIS)
    assert await at(path, "2026-11-23T06:30") == ['re: /check_back{"kind": "silence"}']
    with path.database.write() as session:
        follow_ups.answer(session, path.person().id, is_safe=True, at=path.clock())
    assert await at(path, "2026-11-24T06:00") == []
    assert await at(path, "2026-11-24T13:00") == ['re: /check_back{"kind": "day"}']


async def test_who_has_not_said_that_he_is_safe_is_asked_at_night_too(path):
    path.consent()
    path.clock.now = utc("2026-11-23T06:00")
    await path.says(CRISIS)
    await at(path, "2026-11-23T06:30")
    assert await at(path, "2026-11-24T06:00") == ['re: /check_back{"kind": "day"}']


async def test_who_blocked_the_bot_gets_nothing_and_goes_on_when_he_is_back(path):
    await daily_at_seven(path)
    await path.says("remind me tomorrow")
    path.messenger.failures.append(UnreachableError("The man has blocked the bot."))
    assert await at(path, "2026-11-23T00:00") == []
    assert await at(path, "2026-11-23T14:00") == []
    assert await at(path, "2026-11-24T00:00") == []
    assert await path.says("back") == ["re: back"]
    (said,) = await at(path, "2026-11-25T00:00")
    assert said in CHECK_INS


async def test_off_and_erasure_leave_nothing_due(path):
    await daily_at_seven(path)
    await path.says("/remind")
    assert await path.presses("No check-ins") == path.wording("check_in_off")
    assert due(path) == []
    await path.says("remind me tomorrow")
    await path.says("/forget")
    await path.presses("Wipe it")
    assert path.rows(FollowUp) == []


async def test_a_man_whose_settings_are_damaged_holds_nobody_up(path):
    await daily_at_seven(path)
    path.consent("8")
    await path.says("check in with me every day at 7 pm", chat="8")
    with path.database.engine.begin() as connection:
        mine = path.person().id
        connection.exec_driver_sql("UPDATE persons SET settings_sealed = zeroblob(300) WHERE id = ?", (mine,))
    (said,) = await at(path, "2026-11-23T00:00")
    assert said in CHECK_INS
    assert path.heard("8")[-1] == said


async def test_what_comes_unasked_stands_in_the_inbox_as_ours_and_is_no_word_of_his(path):
    await daily_at_seven(path)
    await at(path, "2026-11-23T00:00")
    row = path.rows(InboxMessage)[-1]
    assert (row.kind, row.state, row.update_id < 0) == (str(Kind.FOLLOW_UP), "done", True)


async def test_words_that_only_sound_like_a_request_and_a_crisis_in_one_go_to_the_dialogue(path):
    path.consent()
    assert await path.says("remind me what you said") == ["re: remind me what you said"]
    await path.says("remind me to kill myself tomorrow")
    assert due(path) == []
    assert path.rows(Flag)
