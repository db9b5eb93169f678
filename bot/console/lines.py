"""JSON lines in, JSON lines out; a bad line is said so and the next one is read."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from typing import Any, TextIO

from bot.errors import InputLineError

Handler = Callable[[dict[str, Any]], dict[str, Any]]


def run_lines(source: Iterable[str], handle: Handler, out: TextIO, err: TextIO) -> int:
    """Apply ``handle`` to each line's object and write its answer as one line.

    Returns:
        0, or 1 when any line was refused.
    """
    refused = 0
    for number, line in enumerate(source, start=1):
        if not line.strip():
            continue
        try:
            answer = handle(parse(line))
        except InputLineError as error:
            err.write(f"line {number}: {error}\n")
            err.flush()
            refused = 1
            continue
        write_line(answer, out)
    return refused


def use_utf8() -> None:
    """Read and write UTF-8 whatever the locale says; bytes that are none reach ``parse``, which refuses them."""
    sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]


def write_line(answer: dict[str, Any], out: TextIO) -> None:
    """Write one answer, at once; half a surrogate pair in it (an id may hold one) goes out escaped, as it came in."""
    line = json.dumps(answer, ensure_ascii=False)
    try:
        line.encode()
    except UnicodeEncodeError:
        line = json.dumps(answer)
    out.write(line + "\n")
    out.flush()


def parse(line: str) -> dict[str, Any]:
    """Return the object in a line.

    Raises:
        InputLineError: It is not a JSON object.
    """
    try:
        line.encode()
        found = json.loads(line)
    except UnicodeEncodeError:
        raise InputLineError("not UTF-8") from None
    except (ValueError, RecursionError):  # the latter from brackets nested thousands deep
        raise InputLineError("not JSON") from None
    if not isinstance(found, dict):
        raise InputLineError("not a JSON object")
    return found


def text_of(row: dict[str, Any]) -> str:
    """Return the object's text.

    Raises:
        InputLineError: There is none.
    """
    text = row.get("text")
    if not isinstance(text, str):
        raise InputLineError('no "text"')
    return text
