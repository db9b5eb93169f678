"""What the gate's own questions are made of: bubbles, and choices that carry what a press stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.content import label, say
from bot.turns.his_time import ZONES


@dataclass(frozen=True)
class Answer:
    """What is said back, and the choices below the last bubble as (label, what a press stands for)."""

    bubbles: list[str]
    choices: tuple[tuple[str, str], ...] = ()


def answer(his: dict[str, Any], name: str, choices: tuple[tuple[str, str], ...] = (), **words: str) -> Answer:
    """Return one of the gate's texts, filled in for a man with these settings, with choices below it."""
    return Answer(say(name, his["region"], words=words), choices)


def ask_zone(his: dict[str, Any], then: str = "") -> Answer:
    """Ask by which clock he goes; a press then goes on with the choice that needed to know it."""
    go_on = f">{then}" if then else ""
    return answer(his, "zone_question", tuple((label(name), f"zone:{name}{go_on}") for name in ZONES[his["region"]]))
