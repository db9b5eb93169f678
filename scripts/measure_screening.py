"""Measure the screening on phrases that nobody trained on: ``python scripts/measure_screening.py``.

Prints the confusion with 95 % Wilson intervals for the rules, the classifier and both, and what typing it otherwise
does to the level. Writes ``docs/screening.json``. It prints no held-out phrase: whoever reads them could no longer
measure on them.
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT), str(PROJECT / "tests" / "crisis")]

from mutations import MUTATIONS, split_in_two  # noqa: E402

from bot.crisis import Level, Screening, classifier, load, rules, screen  # noqa: E402 - may be started from anywhere
from bot.crisis.screening import judge  # noqa: E402

_HELD_OUT = PROJECT / "tests" / "heldout" / "crisis.yml"
_Z = 1.96  # two-sided 95 %
_LEVELS = [str(level) for level in Level]
_READERS: dict[str, Callable[[str], Screening]] = {
    "rules alone": lambda text: judge(rules.find(text)),
    "classifier alone": lambda text: judge(classifier.find(text)),
    "both": screen,
}


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927)."""
    share, z = hits / count, _Z
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return max(0.0, middle - half), min(1.0, middle + half)


def shown(hits: int, count: int) -> str:
    """Return a share as ``97.1 % (93 to 99)``."""
    low, high = wilson(hits, count)
    return f"{100 * hits / count:.1f} % ({100 * low:.0f} to {100 * high:.0f})"


def figures(rows: Sequence[dict[str, Any]], read: Callable[[str], Screening]) -> dict[str, Any]:
    """Return the confusion and the five figures of one reader."""
    seen = [(Level(row["level"]), read(row["text"]).level) for row in rows]
    confusion = Counter((str(true), str(found)) for true, found in seen)

    def share(true: str, holds: Callable[[Level], bool]) -> str:
        found = [level for level_true, level in seen if level_true == true]
        return shown(sum(map(holds, found)), len(found))

    return {
        "confusion": [[confusion[(true, found)] for found in _LEVELS] for true in _LEVELS],
        "imminent found as high or imminent": share("imminent", lambda level: level >= Level.HIGH),
        "high found as high or imminent": share("high", lambda level: level >= Level.HIGH),
        "concern found as concern or above": share("concern", lambda level: level >= Level.CONCERN),
        "none given none or concern": share("none", lambda level: level <= Level.CONCERN),
        "none given none": share("none", lambda level: level is Level.NONE),
    }


def robustness(rows: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Return, for each way to type it otherwise, how many positives keep their level or a higher one."""
    positive = [row["text"] for row in rows if Level(row["level"]) >= Level.HIGH]
    before = {text: screen(text).level for text in positive}
    found = {}
    for name, change in MUTATIONS.items():
        found[name] = shown(sum(screen(change(text)).level >= before[text] for text in positive), len(positive))
    halves = [(text, *split_in_two(text)) for text in positive if len(text.split()) > 3]
    reached = [max(screen(one).level, screen(two, earlier=[one]).level) >= before[text] for text, one, two in halves]
    return {**found, "split over two messages": shown(sum(reached), len(reached))}


def main() -> None:
    """Measure and write."""
    fault = load()
    if fault:
        sys.exit(fault)
    rows = yaml.safe_load(_HELD_OUT.read_text(encoding="utf-8"))
    result = {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "lines": dict(Counter(row["level"] for row in rows)),
        "readers": {name: figures(rows, read) for name, read in _READERS.items()},
        "mutations": robustness(rows),
    }
    (PROJECT / "docs" / "screening.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
