"""What an answer to the direct question says, when the words alone would say nothing ("yes, sometimes")."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import yaml

from bot.crisis.findings import Finding, Kind, Level
from bot.crisis.lexicon import read_lexicon
from bot.crisis.normalise import characters

FOLDER = Path(__file__).parent / "lexicon"
FAMILY = "answer"
_SIGNS = str.maketrans({"👍": " yes ", "👎": " no "})
_WORD = re.compile(r"[^\W_]+")
MOST_WORDS = 8  # of an answer that opens with a time or a "maybe"; a longer one is about something else
REASON = "answered yes to the question whether he thinks of ending his life"
UNSURE_REASON = "did not say no to the question whether he thinks of ending his life"


def find(text: str) -> list[Finding]:
    """Read a message as the answer to whether he thinks of ending his life.

    A yes, however faint, is high; an answer that leaves it open is a concern; a no, or another subject, is nothing
    here. A no with a "but" leaves it open.
    """
    said = _plain(text)
    level = _level(_without_fillers(said))
    if level is Level.NONE:
        return []
    reason = REASON if level is Level.HIGH else UNSURE_REASON
    return [Finding(level, Kind.SELF, reason, said[:200].strip(), FAMILY)]


def is_calm(text: str) -> bool:
    """Return whether the whole message is one of the plain sentences that say he is safe or wants no fuss."""
    said = _without_fillers(_plain(text))
    return bool(said) and said in _answers()["calm"]


def _plain(text: str) -> str:
    """His words in lower case without marks, each with a blank behind it."""
    signed = text.translate(_SIGNS)
    return "".join(f"{word} " for word in _WORD.findall(characters(signed, read_lexicon().spelling).replace("'", "")))


def _without_fillers(said: str) -> str:
    fillers = _answers()["fillers"]
    while filler := next((filler for filler in fillers if said.startswith(filler)), None):
        said = said.removeprefix(filler)
    return said


def _level(said: str) -> Level:
    answers = _answers()
    sorts = ("yes", "short_yes", "open", "no") if len(said.split()) <= MOST_WORDS else ("yes", "open", "no")
    openings = [(len(phrase), sort) for sort in sorts for phrase in answers[sort] if said.startswith(phrase)]
    sort = max(openings, default=(0, ""))[1]
    admits = any(f" {phrase}" in f" {said}" for phrase in answers["yes_anywhere"])
    if sort == "no":
        turns = admits or any(f" {phrase}" in f" {said}" for phrase in answers["but"])
        return Level.CONCERN if turns else Level.NONE
    if sort in ("yes", "short_yes") or admits:
        return Level.HIGH
    return Level.CONCERN if sort == "open" else Level.NONE


@cache
def _answers() -> dict[str, tuple[str, ...]]:
    """Return the phrases of each sort in every language, normalised as his words are, each with a blank behind it."""
    joined: dict[str, tuple[str, ...]] = {}
    for path in sorted(FOLDER.glob("*/answers.yml")):
        for sort, phrases in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            joined[sort] = joined.get(sort, ()) + tuple(_plain(phrase) for phrase in phrases)
    return joined
