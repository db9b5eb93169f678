"""The guides: short tools of a few steps, read from ``data/guides``; what is said lies in ``data/nlu`` beside.

A step says one response, may run a hook before it, and goes on by a pick, by his own words, or by itself. Targets are
``step`` (of the same guide), ``guide.step``, or ``/intent`` (of another flow).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from bot.config import PROJECT

FOLDER = PROJECT / "data" / "guides"
FIRST = "begin"


@dataclass(frozen=True)
class Pick:
    """One choice: what the button says, where it leads, and what it sets on the way (``name:value``)."""

    label: str
    target: str
    sets: str = ""


@dataclass(frozen=True)
class Step:
    """One step of a guide.

    Attributes:
        at: ``guide.step``.
        say: Name of the response; empty where a hook does the talking.
        picks: Choices below it.
        ask: Under which name his own words are kept; empty where none are asked for.
        most: How many words may answer, so that what he suddenly has to say is heard as that; 0 for any number.
        then: Where his words, or a step without picks, lead.
        do: Name of the hook that runs first.
        if_yes: Where a typed yes leads, if anywhere.
        if_no: Where a typed no leads.
    """

    at: str
    say: str
    picks: tuple[Pick, ...] = ()
    ask: str = ""
    most: int = 0
    then: str = ""
    do: str = ""
    if_yes: str = ""
    if_no: str = ""

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for him."""
        return bool(self.picks or self.ask)


@dataclass(frozen=True)
class Guide:
    """One tool.

    Attributes:
        title: What a button that leads to it says.
        opens: The step at which an intent opens it.
        words: Short phrases that a hook puts together, by name.
    """

    name: str
    title: str
    opens: Mapping[str, str]
    steps: Mapping[str, Step]
    words: Mapping[str, str]


@cache
def guides() -> Mapping[str, Guide]:
    """Return all guides by name."""
    rows = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.yml")))
    return {row["guide"]: _guide(row) for row in rows}


@cache
def opened_by() -> Mapping[str, str]:
    """Return the place (``guide.step``) that each intent opens."""
    return {intent: place(step, name) for name, guide in guides().items() for intent, step in guide.opens.items()}


def step_at(at: str) -> Step | None:
    """Return the step at a place; None where there is none any more."""
    name, _, step = at.partition(".")
    guide = guides().get(name)
    return guide.steps.get(step or FIRST) if guide else None


def place(target: str, guide: str) -> str:
    """Return a target of a step in this guide as ``guide.step``; another flow's as it is."""
    return target if "." in target or target.startswith("/") else f"{guide}.{target}"


def _guide(row: Mapping[str, Any]) -> Guide:
    name = row["guide"]
    steps = {key: _step(name, key, value or {}) for key, value in row["steps"].items()}
    return Guide(name, row["title"], row.get("opens") or {}, steps, row.get("words") or {})


def _step(guide: str, key: str, row: Mapping[str, Any]) -> Step:
    leads: dict[str, Any] = {name: place(row[name], guide) for name in ("then", "if_yes", "if_no") if row.get(name)}
    picks = tuple(Pick(label, place(target, guide), *sets) for label, target, *sets in row.get("pick") or ())
    plain: dict[str, Any] = {name: row[name] for name in ("ask", "do", "most") if row.get(name)}
    return Step(f"{guide}.{key}", row.get("say", f"utter_{guide}_{key}"), picks, **plain, **leads)
