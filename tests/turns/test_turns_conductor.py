"""The conductor: one worker a person, in order, and what he is told when the dialogue fails."""

from __future__ import annotations

import asyncio
import statistics
import time
from contextlib import suppress

import pytest

from bot.errors import DialogueUnavailableError
from bot.storage.models import Flag, InboxMessage
from bot.turns.conductor import MOST_ANSWERED_FAILURES

pytestmark = pytest.mark.asyncio


async def heard(path, chat):
    async def poll():
        while not path.heard(chat):
            await asyncio.sleep(0.01)

    await asyncio.wait_for(poll(), 5)


async def later(path, seconds=61):
    path.clock.forward(seconds=seconds)
    await path.work()


async def test_while_rasa_is_down_he_is_told_once_and_his_message_stays(path):
    path.consent()
    path.dialogue.is_down = True
    told = await path.says("rough week")
    assert told == path.wording("failure")
    assert "988" in told[-1]
    await later(path)
    assert path.heard() == told
    assert path.inbox_states() == ["pending"]


async def test_messages_are_answered_in_order_once_rasa_is_back(path):
    path.consent()
    path.dialogue.is_down = True
    for text in ("first", "second", "third"):
        await path.says(text)
    path.dialogue.is_down = False
    before = len(path.heard())
    for _ in range(3):
        await later(path)
    assert path.heard()[before:] == ["re: first", "re: second", "re: third"]
    assert path.inbox_states() == ["done"] * 3


async def test_crisis_while_rasa_is_down_gets_numbers_and_a_direct_question(path):
    path.consent()
    path.dialogue.is_down = True
    said = await path.says("I want to kill myself")
    assert "988" in said[0]
    assert said[-2:] == path.wording("safety_static")
    assert "?" in said[-1]


async def test_while_rasa_is_down_an_open_crisis_is_never_answered_twice_alike(path):
    path.consent()
    path.dialogue.is_down = True
    first = await path.says("I want to kill myself")
    second = await path.says("yes")
    third = await path.says("are you there")
    assert [turn[-2:] for turn in (first, second, third)] == [
        path.wording("safety_static", turn=turn) for turn in range(3)
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("i hit my wife", "violence_static"),
        ("scared of my own anger", "violence_static"),
        ("i see no point in anything", "concern_static"),
        ("my brother wants to kill himself", "failure"),
        ("rough week", "failure"),
    ],
)
async def test_what_stands_in_for_the_dialogue_fits_what_he_wrote(path, text, name):
    path.consent()
    path.dialogue.is_down = True
    said = await path.says(text)
    assert said[-len(path.wording(name)) :] == path.wording(name)


async def test_crisis_behind_a_waiting_message_is_not_held_up(path):
    path.consent()
    path.dialogue.is_down = True
    await path.says("rough week")
    assert "988" in " ".join(await path.says("I want to kill myself"))


async def test_empty_reply_becomes_words_and_a_helpline(path):
    path.consent()
    path.dialogue.is_empty = True
    said = await path.says("hm well")
    assert said == path.wording("empty_reply")
    assert "988" in said[-1]


async def test_poison_message_does_not_block_him_for_ever(path):
    path.consent()
    path.dialogue.poison = "poison"
    await path.says("poison")
    await path.says("after it")
    for _ in range(MOST_ANSWERED_FAILURES + 1):
        await later(path)
    assert path.inbox_states() == ["failed", "done"]
    assert path.heard()[-1] == "re: after it"
    assert path.wording("empty_reply", turn=1)[0] in path.heard()  # the one behind it was told in words too


async def test_rasa_that_is_away_for_long_costs_no_message(path):
    path.consent()
    path.dialogue.is_down = True
    await path.says("rough week")
    for _ in range(3 * MOST_ANSWERED_FAILURES):
        await later(path)
    path.dialogue.is_down = False
    await later(path)
    assert path.heard()[-1] == "re: rough week"


async def test_one_mans_poison_does_not_touch_another(path):
    path.consent("1")
    path.consent("2")
    path.dialogue.poison = "poison"
    path.receive("poison", chat="1")
    path.receive("hello there", chat="2")
    await path.work()
    assert path.heard("2") == ["re: hello there"]


async def test_unexpected_error_in_one_turn_is_answered_and_costs_others_nothing(path):
    path.consent()
    turn = path.dialogue.turn

    async def stumble(request):
        if request.text == "stumble":
            raise RuntimeError("a fault of ours")
        await turn(request)

    path.dialogue.turn = stumble
    assert await path.says("stumble") == path.wording("failure")
    await path.says("after it")
    for _ in range(MOST_ANSWERED_FAILURES + 1):
        await later(path)
    assert path.heard()[-1] == "re: after it"
    assert path.inbox_states() == ["failed", "done"]


async def test_unreadable_message_is_set_aside_and_the_next_is_answered(path):
    path.consent()
    path.receive("damaged")
    path.receive("whole")
    damage = path.rows(InboxMessage)[0]
    with path.database.write() as session:
        table = InboxMessage.__table__
        other = path.rows(InboxMessage)[1].body_sealed
        session.connection().exec_driver_sql(
            f"UPDATE {table.name} SET body_sealed = ? WHERE id = ?",  # noqa: S608 - our own table's name
            (bytes(other), damage.id),
        )
    await path.work()
    assert path.inbox_states() == ["unreadable", "done"]
    assert path.heard() == [*path.wording("unreadable"), "re: whole"]
    assert [(flag.kind, flag.level) for flag in path.rows(Flag)] == [("unreadable", "orange")]


async def test_answer_lost_on_the_wire_is_not_told_as_a_failure(path):
    path.consent()
    turn = path.dialogue.turn

    async def commits_and_breaks(request):
        await turn(request)
        raise DialogueUnavailableError("Rasa cannot be reached (ReadTimeout).")

    path.dialogue.turn = commits_and_breaks
    assert await path.says("hello you") == ["re: hello you"]
    assert path.inbox_states() == ["done"]


async def test_slow_turn_of_one_man_does_not_keep_another_waiting(path):
    path.consent("1")
    path.consent("2")
    turn, released = path.dialogue.turn, asyncio.Event()

    async def slow_for_one(request):
        if request.text == "slow":
            await released.wait()
        await turn(request)

    path.dialogue.turn = slow_for_one
    path.receive("slow", chat="1")
    path.receive("quick", chat="2")
    running = [asyncio.ensure_future(path.conductor.run()), asyncio.ensure_future(path.sender.run())]
    try:
        await heard(path, "2")
        assert path.heard("1") == []
        released.set()
        await heard(path, "1")
    finally:
        for task in running:
            task.cancel()
        await asyncio.wait_for(asyncio.gather(*running, return_exceptions=True), 5)


async def test_waiting_messages_do_not_keep_the_conductor_spinning(path, monkeypatch):
    path.consent()
    path.dialogue.is_down = True
    await path.says("first")
    await path.says("second")
    looks = []
    due = path.conductor._due_persons
    monkeypatch.setattr(path.conductor, "_due_persons", lambda: looks.append(1) or due())
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(path.conductor.run(), 0.3)
    assert len(looks) <= 3


async def test_emoji_only_is_answered_and_a_thumb_means_yes(path):
    path.consent()
    assert await path.says("😶‍🌫️🌧️") == path.wording("empty_text")
    assert await path.says("👍🏽") == ["re: yes"]


@pytest.mark.parametrize("text", ["не могу больше так жить с работой", "もう疲れた", "لا أستطيع النوم"])
async def test_other_scripts_get_a_turn(path, text):
    path.consent()
    assert (await path.says(text))[-1] == f"re: {text}"


async def answer_times(path, men, round_number):
    """Let every man write at once; return the seconds until each has his answer, sorted."""
    started = {}
    for man in men:
        started[man] = time.perf_counter()
        path.receive(f"round {round_number}", chat=man)
    path.conductor.wake()
    ended = {}
    while len(ended) < len(men):
        await asyncio.sleep(0.001)
        for man in men:
            if man not in ended and f"re: round {round_number}" in path.heard(man):
                ended[man] = time.perf_counter() - started[man]
    return sorted(ended.values())


async def test_one_slow_turn_costs_the_others_no_time_to_speak_of(path):
    men = [str(number) for number in range(1, 11)]
    for man in (*men, "slow"):
        path.consent(man)
    turn, released = path.dialogue.turn, asyncio.Event()

    async def slow_for_one(request):
        if request.text == "slow":
            await released.wait()
        await turn(request)

    path.dialogue.turn = slow_for_one
    path.conductor._on_queued = path.sender.wake
    running = [asyncio.ensure_future(path.conductor.run()), asyncio.ensure_future(path.sender.run())]
    try:
        alone, beside = [], []
        for number in range(3):
            alone += await asyncio.wait_for(answer_times(path, men, number), 120)
        path.receive("slow", chat="slow")
        path.conductor.wake()
        for number in range(3, 6):
            beside += await asyncio.wait_for(answer_times(path, men, number), 120)
        assert path.heard("slow") == []
        assert statistics.median(beside) < 3 * statistics.median(alone)
        released.set()
        await heard(path, "slow")
    finally:
        for task in running:
            task.cancel()
        await asyncio.wait_for(asyncio.gather(*running, return_exceptions=True), 30)


async def test_answer_that_was_never_committed_is_not_asked_for_in_a_circle(path):
    path.consent()
    asked = []

    async def lies(request):
        asked.append(request.message_id)

    path.dialogue.turn = lies
    assert await path.says("hello you") == path.wording("failure")
    assert len(asked) == 1
    for _ in range(MOST_ANSWERED_FAILURES + 1):
        await later(path)
    assert path.inbox_states() == ["failed"]
    assert path.heard()[-1] == path.wording("empty_reply", turn=0)[-1]
