"""The line of an export: one turn as every format writes it, with its place in the dialogue's transcript."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bot.research.dialogues import DialogueTurn
from bot.research.fields import FIELDS


@dataclass(frozen=True)
class Line:
    """One turn of an export, the same in every format.

    Attributes:
        id: ``<dialogue>.<turn>``; stable within one export and nowhere else.
        dialogue: Pseudonym of the man in this export, 16 hexadecimal digits.
        turn: Number within the dialogue from 1; a withheld turn leaves a gap.
        day: Days since the dialogue's first day.
        speaker: ``man`` or ``ballast``.
        text: De-identified.
        start: Where the text begins in the dialogue's transcript, in Unicode code points.
        end: One past its last code point.
        intent: What the model read in it, or None.
        codes: ``{"id", "score"}``, best first.
        model: Hash of the model that read it, or None.
    """

    id: str
    dialogue: str
    turn: int
    day: int
    speaker: str
    text: str
    start: int
    end: int
    intent: str | None
    codes: list[dict[str, Any]]
    model: str | None

    @property
    def heading(self) -> str:
        """Return what stands above the text in the transcript."""
        return _heading(self.turn, self.speaker, self.day)


@dataclass(frozen=True)
class Man:
    """The structured fields of one man, as they may be released.

    Attributes:
        dialogue: His pseudonym in this export.
        values: One for each of ``bot.research.fields.FIELDS``.
    """

    dialogue: str
    values: tuple[str, ...]

    @property
    def row(self) -> dict[str, str]:
        """Return the fields by name, the pseudonym first."""
        return {"dialogue": self.dialogue, **dict(zip(FIELDS, self.values, strict=True))}


class Transcript:
    """Gives each turn of one dialogue its place: a heading, the text, an empty line."""

    def __init__(self, dialogue: str) -> None:
        self._dialogue = dialogue
        self.length = 0
        self.lines = 0

    def place(self, turn: DialogueTurn) -> Line:
        """Return the next line."""
        start = self.length + len(_heading(turn.turn, turn.speaker, turn.day))
        end = start + len(turn.text)
        self.length, self.lines = end + len(AFTER), self.lines + 1
        values = {name: getattr(turn, name) for name in ("turn", "day", "speaker", "text", "intent", "codes", "model")}
        return Line(id=f"{self._dialogue}.{turn.turn}", dialogue=self._dialogue, start=start, end=end, **values)


AFTER = "\n\n"  # what follows a text in the transcript


def _heading(turn: int, speaker: str, day: int) -> str:
    return f"[{turn}] {speaker}, day {day}\n"


class Writer(Protocol):
    """One format. Lines come in order, dialogue by dialogue; nothing but the present line is kept in memory."""

    def write(self, line: Line) -> None:
        """Take the next line."""

    def end_dialogue(self, last: Line) -> None:
        """Be told that the dialogue of this line is over."""

    def add_men(self, men: Sequence[Man]) -> None:
        """Take the fields of all men, in the order of their dialogues, once these are over."""

    def close(self) -> None:
        """Write what comes last, and let go of the files."""
