"""Odd updates without end: the examples of every kind with other words, other shapes, parts missing or of a wrong type.

The same seed gives the same updates, so that what failed can be run again.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

from tests.telegram.kinds import EVERY, MAN, PRIVATE, message

CANARY = "canaryword"
PIECES = (
    *("cannot sleep", "I want to kill myself", "/start", "/forget", "/me", "/phq9", "/nonsense", "/", "//affirm"),
    *("yes", "no", "3", "", " ", "\n", "\u00a0", "\u200b", "\u202e", "\x00", "\x1f", "\ud83d", "\U0001f642", "👍🏽"),
    *("{crisis}", "%s", "<b>", "'; DROP TABLE inbox;--", '{"a": 1}', "\\", "не могу спать", "もう疲れた", "זה"),
    *("ﷺ", "e\u0301" * 30, "x" * 4096, "\U0001f642" * 2048, "a\n" * 500, "https://example.org/?a=b#c", "@somebody"),
)
WRONG = (None, True, 0, -1, 2**70, 1.5, "", "text", [], {}, [None], [[]], {"id": None})


def updates(seed: int, count: int) -> Iterator[tuple[dict[str, Any], bool]]:
    """Yield updates, each with whether it is a text of a man's in private that must be answered."""
    chance = random.Random(seed)  # noqa: S311 - for variety, not for secrets
    makers = (_text, _text, _text, _example, _example, _broken)
    for number in range(1, count + 1):
        raw, must_answer = chance.choice(makers)(chance)
        yield {"update_id": number, **raw}, must_answer


def _words(chance: random.Random) -> str:
    pieces = [chance.choice((*PIECES, CANARY)) for _ in range(chance.randint(1, 4))]
    return chance.choice(("", " ", "\n")).join(pieces)[:4096]


def _man(chance: random.Random) -> dict[str, Any]:
    return {**MAN, "id": chance.randint(1, 50), "language_code": chance.choice(("en", "de", "", "xx-YY", "zh-hans"))}


def _text(chance: random.Random) -> tuple[dict[str, Any], bool]:
    man = _man(chance)
    fields = {"from": man, "chat": {**PRIVATE, "id": man["id"]}, "message_id": chance.randint(1, 2**31)}
    text = _words(chance)
    return {"message": message(text=text, **fields)}, True


def _example(chance: random.Random) -> tuple[dict[str, Any], bool]:
    raw = copy.deepcopy(chance.choice(list(EVERY.values()))[0])
    for part in raw.values():
        if isinstance(part, dict):
            for name in ("text", "caption"):
                if name in part:
                    part[name] = _words(chance)
            if part.get("chat", {}).get("type") == "private" and chance.random() < 0.9:
                man = _man(chance)
                part["chat"]["id"], part["from"] = man["id"], part.get("from") and {**part["from"], "id": man["id"]}
    return raw, False


def _broken(chance: random.Random) -> tuple[dict[str, Any], bool]:
    raw, _ = chance.choice((_text, _example))(chance)
    for _ in range(chance.randint(1, 3)):
        place: Any = raw
        while isinstance(place, dict) and place:
            name = chance.choice(list(place))
            if isinstance(place[name], dict) and place[name] and chance.random() < 0.8:
                place = place[name]
                continue
            if chance.random() < 0.3:
                del place[name]
            else:
                place[name] = chance.choice(WRONG)
            break
    return raw, False
