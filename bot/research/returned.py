"""Bring codings that people made in another program back to the turns of the export that they were made on."""

from __future__ import annotations

import csv
import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from bot.research.codings import Coding, CodingsError
from bot.research.tables import as_text


@dataclass(frozen=True)
class CodedTurn:
    """One code that somebody gave to one turn.

    Attributes:
        turn_id: The turn's ``id`` in the export.
        code: The code's name.
        coder: Who gave it, or None where the project does not say.
    """

    turn_id: str
    code: str
    coder: str | None


class Turns:
    """The turns of an export, dialogue by dialogue, read from its ``turns.jsonl``.

    Only where each dialogue begins is kept in memory, and the one that was asked for last.

    Args:
        folder: The export.

    Raises:
        CodingsError: There is no ``turns.jsonl`` in it.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "turns.jsonl"
        self._begins: dict[str, int] = {}
        self._last: tuple[str, list[dict[str, Any]]] | None = None
        if not self._path.is_file():
            raise CodingsError(f"There is no turns.jsonl in {folder}. Name the folder of an export with that format.")
        with self._path.open("rb") as file:
            place = 0
            for raw in file:
                self._begins.setdefault(json.loads(raw)["dialogue"], place)
                place += len(raw)

    def __contains__(self, dialogue: str) -> bool:
        return dialogue in self._begins

    def of(self, dialogue: str) -> list[dict[str, Any]]:
        """Return a dialogue's lines in order.

        Raises:
            CodingsError: It is not in this export.
        """
        if dialogue not in self._begins:
            raise CodingsError(f"The source {dialogue} is no dialogue of this export.")
        if self._last is None or self._last[0] != dialogue:
            self._last = dialogue, list(self._read(dialogue))
        return self._last[1]

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield all lines of the export."""
        with self._path.open("rb") as file:
            for raw in file:
                yield json.loads(raw)

    def _read(self, dialogue: str) -> Iterator[dict[str, Any]]:
        with self._path.open("rb") as file:
            file.seek(self._begins[dialogue])
            for raw in file:
                line: dict[str, Any] = json.loads(raw)
                if line["dialogue"] != dialogue:
                    return
                yield line


def coded_turns(codings: Iterable[Coding], turns: Turns) -> Iterator[CodedTurn]:
    """Yield each turn that a coding touches, also in part; a coding on headings alone touches none.

    Raises:
        CodingsError: A source is not of this export, or its text is no longer as it was exported.
    """
    for coding in codings:
        lines = turns.of(coding.source.removesuffix(".txt"))
        first = max(0, bisect_right(lines, coding.start, key=_start) - 1)
        for line in lines[first:]:
            if line["start"] >= coding.end:
                break
            if max(line["start"], coding.start) < min(line["end"], coding.end):
                _compare(coding, line)
                yield CodedTurn(line["id"], coding.code, coding.coder)


def write_coded_turns(rows: Iterable[CodedTurn], file: TextIO) -> int:
    """Write coded turns as CSV, each once, and return how many."""
    writer, seen = csv.writer(file, lineterminator="\n"), set()
    writer.writerow(("turn_id", "code", "coder"))
    for row in rows:
        if row not in seen:
            seen.add(row)
            writer.writerow([as_text(value) for value in (row.turn_id, row.code, row.coder)])
    return len(seen)


def _start(line: dict[str, Any]) -> int:
    return int(line["start"])


def _compare(coding: Coding, line: dict[str, Any]) -> None:
    start, end = max(line["start"], coding.start), min(line["end"], coding.end)
    ours = line["text"][start - line["start"] : end - line["start"]]
    if ours != coding.text[start - coding.start : end - coding.start]:
        raise CodingsError(f"The text of {coding.source} is no longer as it was exported, so its codings fit no turn.")
