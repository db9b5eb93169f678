"""The same message as another thumb would type it."""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Sequence

from phrases import PROJECT

sys.path.insert(0, str(PROJECT))

from bot.crisis.slips import BESIDE

_ENDS = ("😂", "😔", "🙃", "💀", "😞", "👍", "🤷", "lol", "haha", ":)", "...", "xx", "mate", "ffs")


def typed(text: str, harmless: Sequence[str], chance: random.Random, share: float) -> str:
    """Return the message with the slips of a thumb; unchanged in the other cases than ``share``."""
    if chance.random() > share:
        return text
    if chance.random() < 0.3:
        text = text.lower()
    elif chance.random() < 0.05:
        text = text.upper()
    if chance.random() < 0.25:
        text = re.sub("['’]", "", text)
    if chance.random() < 0.4:
        text = re.sub("[.,!?;]", "", text)
    for _ in range(chance.choice([0, 0, 1, 1, 2])):
        text = _slip(text, chance)
    if chance.random() < 0.1:
        text = f"{text} {chance.choice(_ENDS)}"
    if chance.random() < 0.2:
        other, mark = chance.choice(harmless), chance.choice([". ", " ", ", ", " and ", "\n"])
        text = text + mark + other if chance.random() < 0.5 else other + mark + text
    return text


def _slip(text: str, chance: random.Random) -> str:
    places = [at for at, letter in enumerate(text) if letter.isalpha()]
    if len(places) < 4:
        return text
    at, sort = chance.choice(places), chance.random()
    if sort < 0.25:
        return text[:at] + text[at + 1 :]
    if sort < 0.5:
        return text[:at] + text[at] + text[at:]
    if sort < 0.75 and at + 1 < len(text):
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + chance.choice(BESIDE.get(text[at].lower(), text[at])) + text[at + 1 :]
