"""Check-backs on the path: from the crisis to the inbox, the dialogue and his phone, through kills and bad days."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from bot.content import say
from bot.errors import StorageError, UnreachableError
from bot.escalation import follow_ups
from bot.storage.models import Flag, FollowUp, InboxMessage, OutboxMessage, Turn
from bot.turns import Kind

pytestmark = pytest.mark.asyncio
CRISIS = "I want to kill myself"
OTHER = "I'm worried my brother is going to kill himself"
CHECK_BACK = 're: /check_back{"kind": "%s"}'


def follow_up_states(path):
    return {row.kind: row.state for row in path.rows(FollowUp)}


def says_he_is_safe(path, chat="4711"):
    with path.database.write() as session:
        follow_ups.answer(session, path.person(chat).id, is_safe=True, at=path.clock())


async def after(path, **span):
    """Let time pass, do what is due, and return what came."""
    before = len(path.messenger.sent)
    path.clock.forward(**span)
    await path.work()
    return [text for _, text, _ in path.messenger.sent[before:]]


async def test_crisis_owes_check_backs_in_the_gates_own_transaction(path):
    commits = []
    event.listen(path.database.engine, "commit", lambda connection: commits.append(1))
    path.receive(CRISIS)
    assert len(commits) == 1
    assert follow_up_states(path) == {"silence": "pending", "day": "pending", "week": "pending"}
    assert {row.flag_id for row in path.rows(FollowUp)} == {path.rows(Flag)[0].id}


@pytest.mark.parametrize("text", [OTHER, "work was long", "I'm going to kill my boss tonight"])
async def test_what_is_not_about_his_own_life_owes_none(path, text):
    path.receive(text)
    assert path.rows(FollowUp) == []


async def test_silence_a_day_and_a_week_each_get_their_turn(path):
    path.consent()
    await path.says(CRISIS)
    assert await after(path, minutes=30) == [CHECK_BACK % "silence"]
    assert await after(path, hours=23, minutes=30) == [CHECK_BACK % "day"]
    assert await after(path, days=6) == [CHECK_BACK % "week"]
    assert path.dialogue.asked[-1].metadata["level"] == "none"
    assert set(path.inbox_states()) == {"done"}


async def test_the_running_bot_looks_once_a_minute(path):
    path.consent()
    await path.says(CRISIS)
    path.conductor._sweep()
    path.clock.forward(minutes=30)
    path.conductor._sweep()
    assert follow_up_states(path)["silence"] == "asked"
    assert path.inbox_states()[-1] == "pending"


async def test_a_day_is_waited_for_his_answer_and_then_staff_are_told(path):
    path.consent()
    await path.says(CRISIS)
    says_he_is_safe(path)
    await after(path, hours=24)
    await after(path, hours=23)
    assert len(path.reasons()) == 1
    await after(path, hours=1)
    assert path.reasons()[-1] == "did not answer the check-back a day after the crisis"


async def test_a_man_who_keeps_no_log_is_asked_all_the_same(path):
    path.consent(keeps=False)
    await path.says(CRISIS)
    path.clock.forward(hours=1)
    path.conductor._sweep()
    says_he_is_safe(path)
    assert await after(path, hours=24) == [CHECK_BACK % "day"]
    assert all(row.reading_sealed is None for row in path.rows(Turn))


async def test_a_stranger_in_crisis_is_asked_before_any_form(path):
    await path.says(CRISIS)
    assert await after(path, minutes=30) == [CHECK_BACK % "silence"]
    assert await path.says("no") == ["re: no"]  # his answer reaches the dialogue
    says_he_is_safe(path)
    assert (await path.says("thanks"))[:-1] == path.wording("intro")


async def test_a_check_back_is_no_reading_of_his(path):
    path.consent()
    await path.says(CRISIS)
    await after(path, minutes=30)
    by_id = {row.id: row for row in path.rows(InboxMessage)}
    read = {by_id[turn.id].kind: turn.reading_sealed is not None for turn in path.rows(Turn)}
    assert read == {"text": True, "follow_up": False}


async def test_a_man_who_blocks_the_bot_when_asked_is_told_to_staff(path):
    path.consent()
    await path.says(CRISIS)
    says_he_is_safe(path)
    path.messenger.failures.append(UnreachableError("The man has blocked the bot."))
    assert await after(path, hours=24) == []
    assert any("blocked the bot" in reason for reason in path.reasons())
    assert await after(path, days=6) == []
    assert "could not be asked" in path.reasons()[-1]
    assert await path.says("back again") == ["re: back again"]


async def test_an_erased_man_hears_nothing_more(path):
    path.consent()
    await path.says(CRISIS)
    says_he_is_safe(path)
    await path.says("/forget")
    await path.presses("Wipe it")
    assert path.rows(FollowUp) == []
    assert await after(path, days=8) == []


@pytest.mark.parametrize("kind", ["silence", "day", "week"])
async def test_with_rasa_away_words_ask_instead_of_silence(path, kind):
    path.consent()
    await path.says(CRISIS)
    path.dialogue.is_down = True
    if kind != "silence":
        says_he_is_safe(path)
    span = {"silence": {"minutes": 30}, "day": {"hours": 24}, "week": {"days": 7}}[kind]
    said = await after(path, **span)
    assert said == say(f"check_back_{kind}", "us-miami")
    assert "988" in said[0]
    assert await after(path, minutes=5) == []  # once


async def test_rasa_asks_when_it_is_back_unless_he_has_answered_meanwhile(path):
    path.consent()
    await path.says(CRISIS)
    path.dialogue.is_down = True
    await after(path, minutes=30)
    path.dialogue.is_down = False
    assert await after(path, minutes=2) == [CHECK_BACK % "silence"]
    path.dialogue.is_down = True
    says_he_is_safe(path)
    await after(path, hours=24)
    says_he_is_safe(path)
    path.dialogue.is_down = False
    assert await after(path, minutes=5) == []
    assert set(path.inbox_states()) == {"done"}


async def test_a_restart_neither_loses_nor_doubles_a_check_back(path):
    path.consent()
    await path.says(CRISIS)
    path.clock.forward(minutes=30)
    path.conductor._sweep()  # marked as asked and put into the inbox; then the process dies
    path.restart()
    await path.work()
    path.restart()
    await path.work()
    assert path.heard().count(CHECK_BACK % "silence") == 1


async def test_what_fails_on_the_way_to_the_inbox_is_owed_still(path):
    path.consent()
    await path.says(CRISIS)

    def refuse(mapper, connection, row):
        if row.kind == Kind.FOLLOW_UP:
            raise StorageError("The disk is full.")

    path.clock.forward(minutes=30)
    event.listen(InboxMessage, "before_insert", refuse)
    try:
        with pytest.raises(StorageError):
            path.conductor._sweep()
    finally:
        event.remove(InboxMessage, "before_insert", refuse)
    assert follow_up_states(path)["silence"] == "pending"
    assert await after(path) == [CHECK_BACK % "silence"]


async def test_a_bot_that_was_off_for_a_week_asks_once(path):
    path.consent()
    await path.says(CRISIS)
    path.restart()
    assert await after(path, days=8) == [CHECK_BACK % "week"]


@pytest.mark.parametrize("command", ["/help", "/research", "/region", "/person", "/forget"])
async def test_a_command_during_the_open_question_is_answered_and_the_question_put_again(path, command):
    path.consent()
    plain = await path.says(command)
    await path.says(CRISIS)
    said = await path.says(command)
    assert said[:-1] == plain
    again = [say("question_again", "us-miami", turn=turn)[0] for turn in range(3)]
    assert said[-1] in again
    assert (await path.says(command))[-1] in set(again) - {said[-1]}
    assert await path.presses("No, I'm safe right now") == ["re: /safety_no"]
    says_he_is_safe(path)
    assert await path.says(command) == plain


async def test_a_picture_during_the_open_question_is_answered_with_the_question(path):
    path.consent()
    await path.says(CRISIS)
    said = await path.says(None, kind=Kind.MEDIA)
    assert said[:-1] == path.wording("cannot_see")
    assert "?" in said[-1]


async def test_the_question_goes_to_the_dialogue_with_its_own_buttons(path):
    path.consent()
    await path.says(CRISIS)
    await path.says("/help")
    buttons = [label for label, _ in path.messenger.sent[-1][2]]
    assert buttons == ["Yes", "Not sure", "No, I'm safe right now"]
    assert path.rows(OutboxMessage)[-1].lane == "turn"
