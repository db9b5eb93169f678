"""What a man wrote must not reach a log, whoever logs it and however it fails."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import threading
import warnings

import pytest

from bot import logs
from bot.config import PROJECT
from bot.logs import log_event

CANARY = "canary nothing left in the tank"


@pytest.fixture
def log():
    """Install the silent handler on a stream of the test, and put everything back afterwards."""
    root, known = logging.getLogger(), list(logging.root.manager.loggerDict)
    handlers = {name: list(logging.getLogger(name).handlers) for name in known}
    propagates = {name: logging.getLogger(name).propagate for name in known}
    before = (list(root.handlers), root.level, logging.lastResort, logging.raiseExceptions)
    hooks = (sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning)
    stream = Stream()
    logs.install("DEBUG", stream)
    yield stream
    root.handlers[:], level, logging.lastResort, logging.raiseExceptions = before
    root.setLevel(level)
    sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning = hooks
    for name in known:
        logging.getLogger(name).handlers[:] = handlers[name]
        logging.getLogger(name).propagate = propagates[name]


class Stream(io.StringIO):
    def lines(self):
        return [json.loads(line) for line in self.getvalue().splitlines()]


def fail():
    raise ValueError(CANARY)


def test_our_events_appear_with_their_ids_counts_and_durations(log):
    log_event(logging.getLogger("ballast.test"), "outbox.sent", message="e6c1a4b0", attempts=2, took=0.25, ok=True)
    (line,) = log.lines()
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "event": "outbox.sent",
        "message": "e6c1a4b0",
        "attempts": 2,
        "took": 0.25,
        "ok": True,
    }


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (CANARY, f"<{len(CANARY)} chars>"),
        (["canary"], "<10 chars>"),
        ({"text": "canary"}, "<18 chars>"),
        (b"canary", "<9 chars>"),
        (ValueError("canary words"), "<12 chars>"),
        ("x" * 81, "<81 chars>"),
        ("line\nbreak", "<10 chars>"),
        ("", "<0 chars>"),
        ("müde", "<4 chars>"),
        ("http://127.0.0.1:5005/x", "http://127.0.0.1:5005/x"),
        (None, None),
        (7, 7),
    ],
)
def test_a_field_that_is_no_short_token_is_replaced_by_its_length(log, value, shown):
    log_event(logging.getLogger("ballast.test"), "test.event", field=value)
    assert log.lines()[0]["field"] == shown
    assert "canary" not in log.getvalue()


def test_an_error_of_ours_shows_its_class_and_place_only(log):
    try:
        fail()
    except ValueError:
        logging.getLogger("ballast.test").error("x", exc_info=True, extra={"ballast_fields": {}})
    (line,) = log.lines()
    assert line["error"] == "ValueError"
    assert line["where"][-1].startswith("fail:")
    assert "canary" not in log.getvalue()


@pytest.mark.parametrize("name", ["httpx", "rasa.core.processor", "telegram.ext", "sqlalchemy.engine.Engine"])
def test_what_a_library_logs_loses_its_words(log, name):
    logger = logging.getLogger(name)
    logger.warning(CANARY)
    logger.error("said %s", CANARY, stack_info=True)
    logger.critical("%(text)s", {"text": CANARY}, extra={"text": CANARY})
    try:
        fail()
    except ValueError:
        logger.exception(CANARY)
    lines = log.lines()
    assert [line["level"] for line in lines] == ["WARNING", "ERROR", "CRITICAL", "ERROR"]
    assert {line["third_party"] for line in lines} == {name}
    assert lines[-1]["error"] == "ValueError"
    assert "canary" not in log.getvalue()


def test_a_library_below_a_warning_says_nothing(log):
    logging.getLogger("httpx").info(CANARY)
    logging.getLogger("httpx").debug(CANARY)
    log_event(logging.getLogger("ballast.test"), "test.event", level=logging.DEBUG)
    assert [line["event"] for line in log.lines()] == ["test.event"]


def test_a_library_that_brings_its_own_handler_loses_it(log):
    own, logger = io.StringIO(), logging.getLogger("library.with.handler")
    logger.addHandler(logging.StreamHandler(own))
    logger.propagate = False
    logger.error(CANARY)
    assert "canary" in own.getvalue()
    own.truncate(0)
    logs.install("DEBUG", log)
    logger.error(CANARY)
    assert own.getvalue() == ""
    assert log.lines()[-1]["third_party"] == "library.with.handler"
    assert "canary" not in log.getvalue()


def test_a_message_with_broken_arguments_is_not_printed_instead(log, capsys):
    logging.getLogger("library").error("%d", CANARY)
    assert log.lines()[0]["third_party"] == "library"
    assert "canary" not in "".join(capsys.readouterr())


def test_a_log_that_cannot_be_written_does_not_print_the_message_instead(log, capsys, monkeypatch):
    def refuse(text):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(log, "write", refuse)
    logging.getLogger("library").error(CANARY)
    assert "canary" not in "".join(capsys.readouterr())


def test_a_warning_shows_its_class_only(log):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = logs._log_warning
        warnings.warn(CANARY, UserWarning, stacklevel=1)
    (line,) = log.lines()
    assert (line["event"], line["kind"]) == ("warning", "UserWarning")
    assert "canary" not in log.getvalue()


def test_every_line_is_one_line_of_json(log):
    logging.getLogger("library").error("one\ntwo\x00three")
    log_event(logging.getLogger("ballast.test"), "test.event", field="one\ntwo")
    assert len(log.lines()) == len(log.getvalue().splitlines()) == 2


ENDS = {
    "the main thread": "raise ValueError(CANARY)",
    "another thread": "t = threading.Thread(target=fail); t.start(); t.join()",
    "a finaliser": "Bad()",
    "a task that nobody awaits": "asyncio.run(forget())",
    "a chain of causes": "\ntry:\n  fail()\nexcept ValueError as e:\n  raise KeyError(CANARY) from e",
    "a warning": "warnings.simplefilter('always'); warnings.warn(CANARY)",
    "an exit": "sys.exit(3)",
}
PROGRAM = """
import asyncio, gc, sys, threading, warnings
from bot import logs
logs.install(%r)
CANARY = " ".join(["canary", "words"])
def fail(): raise ValueError(CANARY)
class Bad:
    def __del__(self): fail()
async def failing(): fail()
async def forget():
    task = asyncio.ensure_future(failing())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    gc.collect()
"""


@pytest.mark.parametrize(("how", "code"), ENDS.items(), ids=ENDS)
def test_a_crash_shows_no_words(how, code):
    # A process of its own: pytest has hooks of its own on all of these.
    program = (PROGRAM % "DEBUG") + code
    ended = subprocess.run(  # noqa: S603 - our own interpreter with the program above
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=PROJECT, check=False
    )
    assert "canary" not in ended.stdout + ended.stderr
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    crashes = [line for line in lines if line["level"] in ("CRITICAL", "ERROR", "DEBUG")]
    assert len(crashes) == (how != "an exit")
    assert ended.returncode == {"the main thread": 1, "a chain of causes": 1, "an exit": 3}.get(how, 0)
