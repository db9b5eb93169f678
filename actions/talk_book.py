"""The book of the talk: for each theme its title, its kin and what men usually answer, read from ``data/nlu``.

A file ``*_talk.yml`` holds under ``themes`` one entry a code:

    title      how the theme is named to a man, on a button or in a sentence
    near       themes in which he would see no difference: words about them are an answer, not a new theme
    people     the intent that leads to people who fit
    answers    kinds of answer to the opening question: the button's label, how men say it, and, where the theme's own
               steps do not fit the kind, other steps

and under ``questions`` what is asked in every theme, in the same form, and under ``plain`` what holds without a model.
The replies stand beside them as responses: ``utter_<code>_question``, ``utter_<code>_answer_<kind>``,
``utter_<code>_step_<n>``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from bot.config import PROJECT

STEPS = 3  # of each theme's own


@dataclass(frozen=True)
class Kind:
    """One usual answer.

    Attributes:
        id: Its name within the question.
        label: What the button says; empty where there is none.
        words: How men say it.
        steps: Steps that fit it better than the theme's own.
    """

    id: str
    label: str
    words: tuple[str, ...]
    steps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Theme:
    """What belongs to one code."""

    code: str
    title: str
    near: frozenset[str]
    people: str

    def steps(self, kind: Kind | None) -> tuple[str, ...]:
        """Return the steps that may be offered, the best fitting first."""
        return (*(kind.steps if kind else ()), *(f"{self.code}_step_{number + 1}" for number in range(STEPS)))


@cache
def _book() -> dict[str, Any]:
    book: dict[str, Any] = {"themes": {}, "questions": {}, "titles": {}, "plain": {}}
    for path in sorted((PROJECT / "data" / "nlu").glob("*_talk.yml")):
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name, part in book.items():
            part.update(found.get(name) or {})
    return book


@cache
def themes() -> Mapping[str, Theme]:
    """Return the themes by code."""
    return {
        code: Theme(code, row["title"], frozenset(row["near"]), row["people"])
        for code, row in _book()["themes"].items()
    }


@cache
def questions() -> Mapping[str, Mapping[str, Kind]]:
    """Return the kinds of answer by question; a theme's opening question has the theme's name."""
    rows = {**_book()["themes"], **_book()["questions"]}
    return {name: {key: _kind(key, kind) for key, kind in row["answers"].items()} for name, row in rows.items()}


def _kind(key: str, row: Mapping[str, Any]) -> Kind:
    return Kind(key, row.get("label", ""), tuple(str(one) for one in row["words"]), tuple(row.get("steps", ())))


def plain(name: str) -> tuple[str, ...]:
    """Return the short phrases that hold without a model, by what they say."""
    return tuple(str(one) for one in _book()["plain"][name])


def title(intent: str) -> str | None:
    """Return how an intent is named to a man; None for what is never offered as a guess."""
    theme = themes().get(intent)
    found: str | None = theme.title if theme else _book()["titles"].get(intent)
    return found


def are_near(one: str, other: str) -> bool:
    """Return whether a man would see no difference between two themes."""
    known = themes()
    return one == other or other in known[one].near or one in known[other].near
