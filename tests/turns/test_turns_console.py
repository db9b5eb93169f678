"""A stranger at the terminal, as an outside check plays him: he agrees by label or word and is then answered."""

from __future__ import annotations

import pytest

from bot.console.talk import Talk

pytestmark = pytest.mark.asyncio


def texts(heard):
    return [bubble.text for bubble in heard.replies]


@pytest.fixture
def talk(path):
    return Talk(path.database, path.settings, path.dialogue, clock=path.clock)


@pytest.mark.parametrize("presses", [True, False], ids=["pressed", "typed"])
async def test_what_he_wrote_first_and_what_he_writes_next_are_answered(path, talk, presses):
    heard = await talk.say("my wife does not believe me")
    assert texts(heard)[:-1] == path.wording("intro")
    heard = await (talk.press("I'm 18+, keep it") if presses else talk.say("yes"))
    first, answer, question = texts(heard)
    assert [first] == path.wording("consent_yes_waiting")
    assert answer == "re: my wife does not believe me"
    assert [question] == path.wording("first_region_later")
    assert texts(await talk.say("she thinks I am lazy")) == ["re: she thinks I am lazy"]
    assert texts(await talk.press("UK")) == path.wording("first_tone", "uk")  # it waited, and blocked nothing
    assert texts(await talk.say("dry")) == path.wording("first_done", "uk")
    assert texts(await talk.say("and the kids")) == ["re: and the kids"]


async def test_who_begins_behind_the_first_questions_is_asked_none_of_them(path, talk):
    talk.consent()
    assert texts(await talk.say("hello")) == ["re: hello"]
    assert texts(await talk.say("more")) == ["re: more"]
