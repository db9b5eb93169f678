"""Measure what the screening costs on one core: ``make bench``.

Prints the time of a message (half, nearly all, worst long one), the time to load, and the memory, each beside its aim.
The messages are those of the validation list; nothing is remembered between them.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when numpy is imported

import resource
import statistics
import sys
import time
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from bot.crisis import classifier, load, screen  # noqa: E402 - may be started from anywhere

_LINES = PROJECT / "tests" / "crisis" / "validation.yml"
_LONGEST = ("word " * 820, "i want to " * 410, "a" * 4096, "😀 " * 2048, "kill?! " * 585, "toinght " * 512)
_REPEATS = 3


def speed() -> dict[str, float]:
    """Return milliseconds: a message at the median and at p99, and the worst of 4,096 characters."""
    rows = yaml.safe_load(_LINES.read_text(encoding="utf-8"))
    lines = [line for row in rows for line in row["lines"].splitlines()]
    times = sorted(min(_timed(line) for _ in range(_REPEATS)) for line in lines)
    return {
        "median": statistics.median(times),
        "p99": times[int(len(times) * 0.99)],
        "4,096 characters": max(_timed(text[:4096]) for text in _LONGEST),
    }


def _timed(text: str) -> float:
    classifier.forget_readings()
    start = time.perf_counter()
    screen(text)
    return 1_000 * (time.perf_counter() - start)


def main() -> None:
    """Print one line a figure."""
    start = time.perf_counter()
    fault = load()
    seconds = time.perf_counter() - start
    if fault:
        sys.exit(fault)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = speed()
    for name, value, aim, unit in (
        ("screening a message, median", found["median"], None, "ms"),
        ("screening a message, p99", found["p99"], 10, "ms"),
        ("screening 4,096 characters, the worst", found["4,096 characters"], 50, "ms"),
        ("loading", seconds, 2, "s"),
        ("memory", megabytes, 250, "MB"),
    ):
        wanted = f" (aim {aim}, ratio {value / aim:.2f})" if aim else ""
        sys.stdout.write(f"{name}: {value:.1f} {unit}{wanted}\n")


if __name__ == "__main__":
    main()
