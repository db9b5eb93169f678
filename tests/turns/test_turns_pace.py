"""The soft limit: all is screened, all is answered in order, and safety never waits."""

from __future__ import annotations

import pytest

from bot.storage.models import InboxMessage
from bot.turns import Gate, Kind

pytestmark = pytest.mark.asyncio
MOST = 5


@pytest.fixture
def fast(path):
    """A man behind the first questions, at a gate that answers five messages a minute at once."""
    path.consent()
    path.gate = Gate(path.database, path.settings, path.clock, most_a_minute=MOST)
    return path


def answers(path):
    return [text for text in path.heard() if text.startswith("re: ")]


async def minutes_pass(path, count):
    for _ in range(count):
        path.clock.forward(seconds=61)
        await path.work()


async def test_up_to_the_limit_all_is_answered_at_once(fast):
    for number in range(MOST):
        fast.receive(f"line {number}")
    await fast.work()
    assert len(answers(fast)) == MOST
    assert fast.wording("too_many")[0] not in fast.heard()


async def test_above_it_he_is_told_once_and_gets_every_answer_in_order(fast):
    for number in range(3 * MOST + 1):
        fast.receive(f"line {number}")
        await fast.work()
        fast.clock.forward(seconds=1)
    assert answers(fast) == [f"re: line {number}" for number in range(MOST)]
    assert fast.heard().count(fast.wording("too_many")[0]) == 1
    await minutes_pass(fast, 1)
    assert len(answers(fast)) == 2 * MOST
    await minutes_pass(fast, 2)
    assert answers(fast) == [f"re: line {number}" for number in range(3 * MOST + 1)]
    assert set(fast.inbox_states()) == {"done"}


async def test_all_of_it_is_screened_and_a_cry_for_help_lets_everything_through(fast):
    for number in range(2 * MOST):
        fast.receive(f"line {number}")
    await fast.work()
    assert len(answers(fast)) == MOST
    said = await fast.says("I want to kill myself")
    assert "988" in said[0]
    assert answers(fast)[-1] == "re: I want to kill myself"
    assert len(answers(fast)) == 2 * MOST + 1
    for number in range(2 * MOST):  # as long as the direct question is open
        assert f"re: more {number}" in await fast.says(f"more {number}")


async def test_another_man_waits_for_nobody(fast):
    fast.consent("2")
    for number in range(3 * MOST):
        fast.receive(f"line {number}")
    await fast.work()
    assert await fast.says("hello there", chat="2") == ["re: hello there"]


async def test_presses_are_not_counted(fast):
    for _ in range(3 * MOST):
        fast.receive(kind=Kind.BUTTON, button="unknown")
    assert {row.retry_at for row in fast.rows(InboxMessage)} == {None}


async def test_who_is_put_off_is_not_told_that_something_is_down(fast):
    for number in range(MOST + 3):
        fast.receive(f"line {number}")
    await fast.work()
    assert fast.heard() == [*fast.wording("too_many"), *(f"re: line {number}" for number in range(MOST))]


async def test_while_rasa_is_away_its_pauses_do_not_push_him_further_back(fast):
    fast.dialogue.is_down = True
    for number in range(MOST):
        fast.receive(f"line {number}")
    await fast.work()
    fast.dialogue.is_down = False
    fast.clock.forward(seconds=61)
    fast.receive("a minute later")
    await minutes_pass(fast, 1)
    assert answers(fast)[-1] == "re: a minute later"
