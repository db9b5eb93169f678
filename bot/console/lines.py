"""JSON lines in, JSON lines out; a bad line is said so and the next one is read."""

from __future__ import annotations

import json
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
        out.write(json.dumps(answer, ensure_ascii=False) + "\n")
        out.flush()
    return refused


def parse(line: str) -> dict[str, Any]:
    """Return the object in a line.

    Raises:
        InputLineError: It is not a JSON object.
    """
    try:
        found = json.loads(line)
    except ValueError:
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
