"""Logging that cannot carry what a man wrote.

One handler on the root logger. Its formatter prints Ballast's own events (a name, ids, counts, durations) and, of
everybody else's records, only where they came from: messages, arguments and exception texts of libraries are dropped,
because Rasa, python-telegram-bot and httpx print messages, slots and the bot's token there.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import traceback
import warnings
from collections.abc import Mapping
from datetime import datetime, timezone
from types import TracebackType
from typing import Any, TextIO

_SAFE = re.compile(r"[A-Za-z0-9_.:/-]{1,80}")
_FIELDS = "ballast_fields"


def log_event(logger: logging.Logger, event: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Log one event by name.

    Args:
        logger: The caller's logger.
        event: A dotted name such as ``outbox.sent``.
        level: A level of :mod:`logging`.
        fields: Ids, counts, durations, class names. Text that is not a short token is replaced by its length.
    """
    logger.log(level, event, extra={_FIELDS: {key: _clean(value) for key, value in fields.items()}})


def _clean(value: object) -> object:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = str(value)
    return text if _SAFE.fullmatch(text) else f"<{len(text)} chars>"


class SilentFormatter(logging.Formatter):
    """Render a record as one JSON line without content."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for this record."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname,
        }
        fields: Mapping[str, object] | None = getattr(record, _FIELDS, None)
        if fields is None:
            line |= {"third_party": record.name, "line": f"{record.module}:{record.lineno}"}
        else:
            line |= {"event": record.msg, **fields}
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            line["where"] = _frames(record.exc_info[2])
        return json.dumps(line)


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """Let our events through, and of libraries what is at least a warning: without its text the rest says nothing."""
    return hasattr(record, _FIELDS) or record.levelno >= logging.WARNING


def _frames(trace: TracebackType | None) -> list[str]:
    return [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(trace)[-4:]]


def install(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Make the silent handler the only one, also for libraries that brought their own, and for crashes.

    Safe to call again, e.g. after a library has configured logging behind our back.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(SilentFormatter())
    handler.addFilter(_is_worth_a_line)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    sys.excepthook = _log_crash
    threading.excepthook = sys.unraisablehook = _log_crash_elsewhere
    logging.raiseExceptions = False  # a line that cannot be written would be printed with its arguments
    warnings.showwarning = _log_warning
    logging.lastResort = handler


def _log_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, (KeyboardInterrupt, SystemExit)):
        return
    logging.getLogger("ballast").critical(
        "crash", exc_info=(kind, error, trace), extra={_FIELDS: {"error": kind.__name__}}
    )


def _log_crash_elsewhere(crash: Any) -> None:
    """Log what ended a thread, or failed where nobody could catch it."""
    _log_crash(crash.exc_type, crash.exc_value, crash.exc_traceback)


def _log_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    del message, filename, file, line
    log_event(logging.getLogger("ballast"), "warning", level=logging.DEBUG, kind=category.__name__, lineno=lineno)
