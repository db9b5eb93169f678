"""Read ``codebook.yml``: the codes, their themes and how often the study quotes each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Code:
    """One code: what a man may be talking about.

    Attributes:
        id: Fixed name, used in training data, exports and outside checks.
        theme: Id of the theme it belongs to.
        quotations: Number of quotations in the study's Table 3, or None where it is not in the table.
        definition: What it means, in a line.
    """

    id: str
    theme: str
    quotations: int | None
    definition: str


@cache
def themes() -> dict[str, str]:
    """Return the title of each theme by its id, in the codebook's order."""
    return dict(_book()["themes"])


@cache
def codes() -> tuple[Code, ...]:
    """Return all codes in the codebook's order."""
    return tuple(Code(row["id"], row["theme"], row["n"], row["is"]) for row in _book()["codes"])


@cache
def code_ids() -> frozenset[str]:
    """Return the ids of all codes."""
    return frozenset(code.id for code in codes())


@cache
def _book() -> dict[str, Any]:
    book: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("codebook.yml").read_text(encoding="utf-8"))
    return book
