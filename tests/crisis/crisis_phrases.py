"""Read the phrase tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Phrase:
    """One line of a table: the level it must reach, whether exactly, its kind if named, and the message."""

    level: str
    exact: bool
    kind: str
    text: str


def read_phrases(name: str) -> list[Phrase]:
    groups = yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
    return [phrase_of(line) for group in groups for line in group["lines"].splitlines()]


def phrase_of(line: str) -> Phrase:
    wanted, text = line.split(None, 1)
    level, _, kind = wanted.lstrip("=").partition(":")
    return Phrase(level, wanted.startswith("=") or level == "none", kind, text.strip())
