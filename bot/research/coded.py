"""Turns with the codes that people and the model gave them, and what they say about each code."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from bot.codebook import code_ids, codes
from bot.research.agreement import Estimate, cohen_kappa, krippendorff_alpha, percent_agreement
from bot.research.codings import CodingsError
from bot.research.intervals import Share
from bot.research.refi import MODEL
from bot.research.returned import Turns

ALL = "all codes"
COLUMNS = (
    *("code", "turns", "given", "agreement", "agreement_low", "agreement_high"),
    *("kappa", "kappa_low", "kappa_high", "alpha", "alpha_low", "alpha_high"),
    *("disputed", "precision", "precision_low", "precision_high", "recall", "recall_low", "recall_high"),
)


@dataclass(frozen=True)
class CodedUnit:
    """One turn as it was coded.

    Attributes:
        id: The turn, as whoever reads the result knows it.
        people: The codes that each person gave; an empty set where he found that none applies.
        model: What the model gave, or None where it did not read the turn.
    """

    id: str
    people: Mapping[str, frozenset[str]]
    model: frozenset[str] | None


@dataclass(frozen=True)
class CodeAgreement:
    """What the coders and the model make of one code.

    Attributes:
        code: The code's id, or ``ALL`` for whole sets of codes, where a turn is alike only if all its codes are.
        turns: Turns that two people coded.
        given: How often a person gave it, over all turns and people.
        agreement: Percent agreement as a share.
        kappa: Cohen's.
        alpha: Krippendorff's.
        disputed: Turns left out of the next two, because people differ on this code there.
        precision: Of the turns that the model gave it, how many people gave it too; None for ``ALL``.
        recall: Of the turns that people gave it, how many the model did too; None for ``ALL``.
    """

    code: str
    turns: int
    given: int
    agreement: Estimate
    kappa: Estimate
    alpha: Estimate
    disputed: int
    precision: Share | None
    recall: Share | None


def agreement_of(units: Sequence[CodedUnit]) -> list[CodeAgreement]:
    """Return the agreement over whole sets of codes first, then over each code in the codebook's order."""
    whole = [dict(unit.people) for unit in units]
    given = sum(bool(codes_given) for unit in units for codes_given in unit.people.values())
    found = [CodeAgreement(ALL, _twice(units), given, *_figures(whole), _disputed(units, None), None, None)]
    return [*found, *(_of_code(units, code.id) for code in codes())]


def write_agreement(rows: Iterable[CodeAgreement], file: TextIO) -> None:
    """Write one row a code as CSV; a figure that is not defined is empty."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        numbers = [*_numbers(row.agreement), *_numbers(row.kappa), *_numbers(row.alpha)]
        against = [*_shares(row.precision), *_shares(row.recall)]
        writer.writerow([row.code, row.turns, row.given, *numbers, row.disputed, *against])


def units_of_export(folder: Path, tables: Iterable[Path]) -> list[CodedUnit]:
    """Return a man's turns of an export with the codes of ``ballast research codings``, one table or more.

    Whoever stands in a table counts as having read all turns of the dialogues in which he gave a code: what he left
    without one there, he found that none applies. The model's own codings in a project are left out.

    Raises:
        CodingsError: A table or the export cannot be read, or a code is not in the codebook.
    """
    given = given_in(tables)
    found = []
    for line in Turns(folder).lines():
        if line["speaker"] == "man":
            people = {name: by[line["id"]] for name, by in given.items() if line["dialogue"] in by.dialogues}
            model = None if line["model"] is None else frozenset(code["id"] for code in line["codes"])
            found.append(CodedUnit(line["id"], people, model))
    return [unit for unit in found if unit.people]


class Given:
    """What one person coded: the dialogues that he read, and the codes of each turn by its id."""

    def __init__(self) -> None:
        self.dialogues: set[str] = set()
        self._by_turn: dict[str, set[str]] = defaultdict(set)

    def add(self, turn: str, code: str) -> None:
        """Take one code."""
        self.dialogues.add(turn.partition(".")[0])
        self._by_turn[turn].add(code)

    def __getitem__(self, turn: str) -> frozenset[str]:
        return frozenset(self._by_turn.get(turn, ()))


def given_in(tables: Iterable[Path]) -> dict[str, Given]:
    """Return what each person coded, by his name, from tables of ``ballast research codings``.

    Raises:
        CodingsError: A table cannot be read, or a code is not in the codebook.
    """
    found: dict[str, Given] = defaultdict(Given)
    for path in tables:
        try:
            with path.open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    _add(found, row, path)
        except (OSError, UnicodeDecodeError, KeyError) as error:
            raise CodingsError(f"{path} is no table of `ballast research codings` ({type(error).__name__}).") from error
    return found


def _add(found: dict[str, Given], row: Mapping[str, str], path: Path) -> None:
    if row["code"] not in code_ids():
        raise CodingsError(f"{path.name} has a code that is not in the codebook: {row['code']}.")
    coder = row["coder"] or path.stem  # a project that names nobody was coded by whoever sent it
    if coder != MODEL:
        found[coder].add(row["turn_id"], row["code"])


def _of_code(units: Sequence[CodedUnit], code: str) -> CodeAgreement:
    has = [{coder: code in given for coder, given in unit.people.items()} for unit in units]
    given = sum(sum(unit.values()) for unit in has)
    agreed = [
        (all(answers.values()), code in unit.model)
        for unit, answers in zip(units, has, strict=True)
        if unit.model is not None and len(set(answers.values())) == 1
    ]
    both = sum(people and model for people, model in agreed)
    precision = Share(both, sum(model for _, model in agreed))
    recall = Share(both, sum(people for people, _ in agreed))
    return CodeAgreement(code, _twice(units), given, *_figures(has), _disputed(units, code), precision, recall)


def _figures(units: Sequence[Mapping[str, Any]]) -> tuple[Estimate, Estimate, Estimate]:
    return percent_agreement(units), cohen_kappa(units), krippendorff_alpha(units)


def _twice(units: Sequence[CodedUnit]) -> int:
    return sum(len(unit.people) > 1 for unit in units)


def _disputed(units: Sequence[CodedUnit], code: str | None) -> int:
    """Return on how many turns people differ, about one code or about all."""
    seen = [{given if code is None else code in given for given in unit.people.values()} for unit in units]
    return sum(len(values) > 1 for values in seen)


def _numbers(estimate: Estimate) -> list[str]:
    return ["" if value is None else f"{value:.4f}" for value in (estimate.value, estimate.low, estimate.high)]


def _shares(share: Share | None) -> list[str]:
    if share is None or share.value is None:
        return ["", "", ""]
    return [f"{value:.4f}" for value in (share.value, *share.interval)]
