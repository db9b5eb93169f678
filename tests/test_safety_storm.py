"""Two hundred random messages and buttons thrown at an open crisis: no silence, no echo, the number is there."""

from __future__ import annotations

import random

import pytest

from bot.content import region_words
from tests.path_fixtures import shared_rasa
from tests.safety_fixtures import man

pytestmark = pytest.mark.asyncio
__all__ = ["shared_rasa"]
TURNS, SEED = 200, 20261122
WORDS = [
    "yes", "no", "maybe", "idk", "thanks", "lol", "jk", "no lol", "rather not say", "hello?", "ok", "k", "why",
    "who answers there", "will the police come", "does my wife get told", "is it recorded", "what does it cost",
    "i won't call", "they were busy", "nobody cares", "you're just a bot", "leave me alone", "dont tell anyone",
    "you misunderstood", "the match was rubbish", "my boss thinks im lazy", "i hide it from everyone at work",
    "i see no point in anything", "i want to kill myself", "i'm worried about my brother, he wants to die",
    "my mate killed himself", "i hit my wife", "scared of my own anger", "my wife hits me", "i'm safe",
    "it's in the garage", "tonight", "my brother is here with me", "i left the room", "/checkin", "/doctor",
    "/find", "/whoreads", "/stop", "/help", "/person", "asdfgh", "🙂", "3", "not at all",
    "i'm going to do it tonight", "i've done something stupid this morning", "what should i do", "bye",
    "fuck off", "i need a therapist", "can't sleep",
]  # fmt: skip


async def test_two_hundred_random_turns_never_fall_silent_echo_or_lose_the_number(shared_rasa):
    dice = random.Random(SEED)  # noqa: S311 - a fixed storm, not a secret
    emergency = region_words("us-miami")["emergency"]
    steps = set()
    async with man(shared_rasa, "storm") as he:
        await he.say("i want to kill myself")
        before = he.turns[-1].texts[-1]
        for number in range(TURNS):
            buttons = [label for label in he.turns[-1].buttons if label not in ("The nine questions", "Wipe it")]
            was_imminent = he.step in ("imminent", "imminent_check")
            presses = bool(buttons) and dice.random() < 0.4
            given = dice.choice(buttons) if presses else dice.choice(WORDS)
            turn = await (he.press(given) if presses else he.say(given))
            steps.add(he.step)
            assert all(text.strip() for text in turn.texts), (number, given)
            for text in turn.texts:
                assert text != before, (number, given, text)
                before = text
            is_imminent = he.step in ("imminent", "imminent_check")
            answered_by_gate = given in ("/help", "/person")
            if is_imminent and (was_imminent or turn.said) and not answered_by_gate:
                assert emergency in " ".join(turn.texts), (number, given, turn.texts)
        assert {"asked", "asked_twice", "how", "imminent", "changed", "told", "passed"} <= steps
        assert "screening" in he.flags()
