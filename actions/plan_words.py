"""How the plan reads, and what a man may type instead of pressing a button of it."""

from __future__ import annotations

import re

from bot.content import region_words, say
from bot.records.safety_plan import PARTS, SHORT, Plan

_STOP = frozenset(("stop", "enough", "enough for now", "later", "not now", "pause", "quit", "cancel", "stop for now"))
_SKIP = frozenset(("skip", "skip it", "skip this", "skip this one", "next", "next one", "pass", "no", "nope", "nah"))
_NOTHING = frozenset(
    ("nothing", "none", "no idea", "dunno", "idk", "don't know", "dont know", "i don't know", "i dont know", "nobody",
     "no one", "nowhere", "not sure", "yes", "yeah", "ok", "okay")
)  # fmt: skip
_NUMBER = re.compile(r"\b(?:part|number|no\.?|section|bit)\s*([1-6])\b")
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "last": 6}
_ORDINAL = re.compile(rf"\b({'|'.join(_ORDINALS)})\s+(?:part|section|bit)\b")
_CLEAR = re.compile(r"\b(clear|delete|wipe|scrap|bin|erase|get rid of|throw away|start over)\b")


def shown(plan: Plan, region: str) -> list[str]:
    """Return the whole plan in two bubbles, with the region's lines below it."""
    parts = [_part(number, name, plan) for number, name in enumerate(PARTS, start=1)]
    lines = say("plan_lines", region)[0]
    return ["\n\n".join(parts[:3]), "\n\n".join([*parts[3:], lines])]


def shown_short(plan: Plan, region: str) -> str:
    """Return what a man in crisis can take in: what he can do alone, who can come, what makes it safer."""
    return "\n\n".join(f"{say(f'plan_{name}', region)[0]}\n{plan[name]}" for name in SHORT if plan.get(name))


def lines_of(region: str) -> str:
    """Return the region's lines as the words of a part."""
    return region_words(region)["crisis"]


def part_named(text: str) -> str | None:
    """Return which part he names by its number, or None."""
    said = text.lower()
    if found := _NUMBER.search(said):
        return PARTS[int(found.group(1)) - 1]
    if ordinal := _ORDINAL.search(said):
        return PARTS[_ORDINALS[ordinal.group(1)] - 1]
    return None


def wants_it_cleared(text: str) -> bool:
    """Return whether he asks to have his plan cleared."""
    return _CLEAR.search(text.lower()) is not None


def is_stop(text: str) -> bool:
    """Return whether he stops in so many words."""
    return _bare(text) in _STOP


def is_skip(text: str) -> bool:
    """Return whether he leaves a part out in so many words."""
    return _bare(text) in _SKIP


def is_nothing(text: str) -> bool:
    """Return whether he says that nothing comes to his mind."""
    return _bare(text) in _NOTHING


def _part(number: int, name: str, plan: Plan) -> str:
    words = plan.get(name) or say("plan_empty_part", "elsewhere")[0]
    return f"{number}. {say(f'plan_{name}', 'elsewhere')[0]}\n{words}"


def _bare(text: str) -> str:
    return text.strip().strip(".!,").lower().replace("\u2019", "'")
