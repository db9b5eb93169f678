"""``ballast scorecard``: how well it does on the repository's own test sets, on a dated page with its history.

The sets under ``tests`` are read by program; nothing of them is printed or written but counts.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from bot.clock import utc_now
from bot.config import PROJECT
from bot.console import scored
from bot.errors import BallastError
from bot.research.intervals import Share

Figures = Iterable[tuple[str, int, int]]  # a figure's name, hits, count
MOST_RUNS_SHOWN = 8


class ScorecardError(BallastError):
    """A test set is not there, or the page cannot be written."""


@dataclass(frozen=True)
class Area:
    """What is measured together.

    Attributes:
        name: Its heading.
        what: On what it is measured, in a sentence.
        measure: Yields the figures, or raises :class:`scored.NotMeasuredError` with the reason.
    """

    name: str
    what: str
    measure: Callable[[], Figures]


AREAS = (
    Area("Screening", "Rules and classifier together, on phrases that neither was made from.", scored.screening),
    Area("Codes", "The trained model, on phrases that nobody trained on.", scored.codes),
    Area("De-identification", "Identifiers planted in invented messages.", scored.deidentification),
    Area("PHQ-9", "Every possible questionnaire, scored against the published sum and bands.", scored.phq9),
    Area("Language", "Every bubble that he can be sent, in each region, without the names of lines.", scored.language),
)


def main(arguments: list[str]) -> int:
    """Measure everything, write the page and its history, and return the exit status.

    Args:
        arguments: What follows ``ballast scorecard``.
    """
    parser = argparse.ArgumentParser(prog="ballast scorecard", description="Measure on the repository's own test sets.")
    parser.add_argument("--out", type=Path, default=PROJECT / "docs", metavar="FOLDER", help="where the page goes")
    options = parser.parse_args(arguments)
    if not (PROJECT / "tests" / "heldout").is_dir():
        raise ScorecardError("The test sets are not here: run this in a checkout of Ballast.")
    today = utc_now().date()
    run = {"date": today.isoformat(), "areas": [measured(area) for area in AREAS]}
    try:
        history = write(options.out, run)
    except OSError as error:
        raise ScorecardError(f"{options.out} cannot be written ({error.strerror}).") from error
    print(page(history), end="")
    return 0


def measured(area: Area) -> dict[str, Any]:
    """Return one area's figures, or why there are none."""
    sys.stderr.write(f"measuring: {area.name}\n")
    try:
        figures = [{"figure": name, "hits": hits, "count": count} for name, hits, count in area.measure()]
    except scored.NotMeasuredError as error:
        return {"area": area.name, "not_measured": str(error)}
    return {"area": area.name, "figures": figures}


def write(folder: Path, run: dict[str, Any]) -> list[dict[str, Any]]:
    """Add a run to ``scorecard.json``, in place of one of the same day, write ``scorecard.md``; return all runs."""
    kept = folder / "scorecard.json"
    history = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else []
    history = [*(each for each in history if each["date"] != run["date"]), run]
    for path, text in ((kept, json.dumps(history, indent=1) + "\n"), (folder / "scorecard.md", page(history))):
        aside = path.with_name(f".{path.name}.part")
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    return history


def page(history: Sequence[dict[str, Any]]) -> str:
    """Return the page: the newest run with its intervals, and what earlier runs gave."""
    newest = history[-1]
    day = date.fromisoformat(newest["date"])
    lines = [
        "# Safety scorecard",
        "",
        f"Measured on {day} by `ballast scorecard` on the test sets of this repository; per cent, with the 95 % Wilson",
        "interval. The sets were written by the same people as the program: figures on other men's words are lower.",
        "They say how well it reads, not whether it helps. The runs are in [scorecard.json](scorecard.json).",
    ]
    for area in AREAS:
        lines += ["", f"## {area.name}", "", area.what, "", *_lines_of(area.name, history)]
    return "\n".join(lines) + "\n"


def _lines_of(name: str, history: Sequence[dict[str, Any]]) -> list[str]:
    newest = _area(history[-1], name)
    if "figures" not in newest:
        return [f"**Not measured this time:** {newest.get('not_measured', 'it was not part of this run.')}"]
    rows = ["| figure | hits of | now | before |", "|---|---|---|---|"]
    for figure in newest["figures"]:
        share = Share(figure["hits"], figure["count"])
        earlier = [_earlier(run, name, figure["figure"]) for run in history[:-1][-MOST_RUNS_SHOWN:]]
        before = ", ".join(told for told in earlier if told) or "-"
        rows.append(f"| {figure['figure']} | {share.hits} of {share.count} | {share} | {before} |")
    return rows


def _earlier(run: dict[str, Any], name: str, figure: str) -> str:
    found = [one for one in _area(run, name).get("figures", ()) if one["figure"] == figure]
    value = Share(found[0]["hits"], found[0]["count"]).value if found else None
    return "" if value is None else f"{run['date']}: {100 * value:.1f} %"


def _area(run: dict[str, Any], name: str) -> dict[str, Any]:
    return next((area for area in run["areas"] if area["area"] == name), {})
