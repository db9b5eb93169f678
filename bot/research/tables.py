"""The flat formats: JSONL, CSV, Parquet and Excel. Each streams; each is private to who exports."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from bot.research.fields import FIELDS
from bot.research.lines import Line, Man

COLUMNS = ("id", "dialogue", "turn", "day", "speaker", "text", "start", "end", "intent", "model")
CODE_COLUMNS = ("turn_id", "code", "score")
MEN_COLUMNS = ("dialogue", *FIELDS)
ROWS_IN_A_GROUP = 2_000  # of Parquet: what is held in memory, some 2 MB of text
ROWS_ON_A_SHEET = 1_000_000  # Excel has room for 1,048,576
LONGEST_CELL = 32_000  # Excel has room for 32,767 characters
CUT = " [cut here; the other formats have all of it]"
_FORMULA = ("=", "+", "-", "@", "\t")  # what makes a spreadsheet calculate a cell (OWASP, "CSV injection")
_NO_TIME = datetime(2000, 1, 1)  # noqa: DTZ001 - what Excel files carry as their date, so that it tells nothing

_MEN = pyarrow.schema([(name, pyarrow.string()) for name in MEN_COLUMNS])
_PARQUET = pyarrow.schema(
    [
        ("id", pyarrow.string()),
        ("dialogue", pyarrow.string()),
        ("turn", pyarrow.int32()),
        ("day", pyarrow.int32()),
        ("speaker", pyarrow.string()),
        ("text", pyarrow.string()),
        ("start", pyarrow.int64()),
        ("end", pyarrow.int64()),
        ("intent", pyarrow.string()),
        ("codes", pyarrow.list_(pyarrow.struct([("id", pyarrow.string()), ("score", pyarrow.float64())]))),
        ("model", pyarrow.string()),
    ]
)


class JsonLines:
    """``turns.jsonl`` and ``men.jsonl``: one JSON object a turn, and one a man."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = (folder / "turns.jsonl").open("w", encoding="utf-8", newline="\n")

    def write(self, line: Line) -> None:
        """Take the next line."""
        self._file.write(json.dumps(asdict(line), ensure_ascii=False, separators=(",", ":")) + "\n")

    def end_dialogue(self, last: Line) -> None:
        """Nothing stands between dialogues."""

    def add_men(self, men: Sequence[Man]) -> None:
        """Write ``men.jsonl``."""
        rows = (json.dumps(man.row, ensure_ascii=False, separators=(",", ":")) + "\n" for man in men)
        (self._folder / "men.jsonl").write_text("".join(rows), encoding="utf-8")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class CsvTables:
    """``turns.csv``, ``codes.csv`` and ``men.csv``, RFC 4180 in UTF-8."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = [(folder / name).open("w", encoding="utf-8", newline="") for name in ("turns.csv", "codes.csv")]
        self._turns, self._codes = (csv.writer(file) for file in self._files)
        self._turns.writerow(COLUMNS)
        self._codes.writerow(CODE_COLUMNS)

    def write(self, line: Line) -> None:
        """Take the next line."""
        self._turns.writerow([as_text(getattr(line, name)) for name in COLUMNS])
        self._codes.writerows([line.id, code["id"], code["score"]] for code in line.codes)

    def end_dialogue(self, last: Line) -> None:
        """Nothing stands between dialogues."""

    def add_men(self, men: Sequence[Man]) -> None:
        """Write ``men.csv``."""
        with (self._folder / "men.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(MEN_COLUMNS)
            writer.writerows([as_text(value) for value in man.row.values()] for man in men)

    def close(self) -> None:
        """Close both files."""
        for file in self._files:
            file.close()


class ParquetTable:
    """``turns.parquet``, with the codes as a list in their row, and ``men.parquet``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer = pyarrow.parquet.ParquetWriter(str(folder / "turns.parquet"), _PARQUET, compression="zstd")
        self._rows: list[dict[str, Any]] = []

    def write(self, line: Line) -> None:
        """Take the next line."""
        self._rows.append(asdict(line))
        if len(self._rows) >= ROWS_IN_A_GROUP:
            self._flush()

    def end_dialogue(self, last: Line) -> None:
        """Nothing stands between dialogues."""

    def add_men(self, men: Sequence[Man]) -> None:
        """Write ``men.parquet``."""
        table = pyarrow.Table.from_pylist([man.row for man in men], schema=_MEN)
        pyarrow.parquet.write_table(table, str(self._folder / "men.parquet"), compression="zstd")

    def close(self) -> None:
        """Write the last group and the footer."""
        try:
            self._flush()
        finally:
            self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(pyarrow.Table.from_pylist(self._rows, schema=_PARQUET))
            self._rows = []


class ExcelBook:
    """``turns.xlsx``: the sheets turns, codes and men, and more where one is full. No cell is ever a formula."""

    def __init__(self, folder: Path) -> None:
        options = {"constant_memory": True, "tmpdir": str(folder)}
        self._book = xlsxwriter.Workbook(str(folder / "turns.xlsx"), options)
        self._book.set_properties({"created": _NO_TIME})
        self._turns = _Sheets(self._book, "turns", COLUMNS)
        self._codes = _Sheets(self._book, "codes", CODE_COLUMNS)

    def write(self, line: Line) -> None:
        """Take the next line."""
        self._turns.add([getattr(line, name) for name in COLUMNS])
        for code in line.codes:
            self._codes.add([line.id, code["id"], code["score"]])

    def end_dialogue(self, last: Line) -> None:
        """Nothing stands between dialogues."""

    def add_men(self, men: Sequence[Man]) -> None:
        """Write the sheet men."""
        sheet = _Sheets(self._book, "men", MEN_COLUMNS)
        for man in men:
            sheet.add(list(man.row.values()))

    def close(self) -> None:
        """Pack the file."""
        try:
            self._book.close()
        except FileCreateError as error:
            raise OSError(*error.args) from error


class _Sheets:
    def __init__(self, book: Any, name: str, heads: tuple[str, ...]) -> None:
        self._book, self._name, self._heads = book, name, heads
        self._number, self._row = 0, 0
        self._turn_over()

    def add(self, values: list[Any]) -> None:
        if self._row > ROWS_ON_A_SHEET:
            self._turn_over()
        for column, value in enumerate(values):
            if isinstance(value, str):
                self._sheet.write_string(self._row, column, _fitting(value))
            elif value is not None:
                self._sheet.write_number(self._row, column, value)
        self._row += 1

    def _turn_over(self) -> None:
        self._number += 1
        self._sheet = self._book.add_worksheet(self._name if self._number == 1 else f"{self._name} {self._number}")
        self._row = 0
        self.add(list(self._heads))


def as_text(value: Any) -> Any:
    """Return a value as a CSV cell; what a spreadsheet would calculate gets an apostrophe in front."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _fitting(text: str) -> str:
    return text if len(text) <= LONGEST_CELL else text[:LONGEST_CELL] + CUT
