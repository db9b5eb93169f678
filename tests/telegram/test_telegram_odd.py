"""Odd updates: none stops the door, no private text stays without an answer, and no log holds a word of them.

The test takes what fits into a minute on a busy machine; ``make soak`` reads a million and takes 10,000 all the way.
"""

from __future__ import annotations

import io
import logging
import os

import pytest

from bot import logs
from bot.content import typed_choice, word_for_sign
from bot.storage.models import InboxMessage, OutboxMessage
from bot.telegram.feed import parse
from bot.telegram.updates import blocked_by, group_of, incoming_of
from bot.turns.commands import command_of
from bot.turns.messages import cut, without_slashes
from tests.telegram.odd import CANARY, updates

READ = int(os.environ.get("ODD_READ", "50000"))  # read only; 10 s
THROUGH = int(os.environ.get("ODD_THROUGH", "200"))  # all the way; 30 s, most of it the trained part of the screening
SEED = 20_261_122


@pytest.fixture
def log():
    """Everything at DEBUG into a stream of the test; put back afterwards."""
    root = logging.getLogger()
    before = list(root.handlers), root.level, logging.lastResort, logging.raiseExceptions
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.SilentFormatter())
    root.handlers[:] = [handler]
    root.setLevel("DEBUG")
    yield stream
    root.handlers[:], level, logging.lastResort, logging.raiseExceptions = before
    root.setLevel(level)


def test_odd_updates_are_read_without_a_fault_and_no_private_text_is_passed_over(log):
    passed_over = 0
    for raw, must_answer in updates(SEED, READ):
        update = parse(raw, None)
        taken = incoming_of(update) if update is not None else None
        if update is not None:
            group_of(update), blocked_by(update)
        passed_over += must_answer and (taken is None or not isinstance(taken.text, str))
        if taken is not None and taken.text:
            text, _ = cut(taken.text)
            command_of(text), typed_choice(text), word_for_sign(text), without_slashes(text)
    assert passed_over == 0
    assert CANARY not in log.getvalue()


@pytest.mark.asyncio
async def test_odd_updates_are_stored_and_answered_and_leave_no_word_in_the_log(line, log):
    texts = 0
    for raw, must_answer in updates(SEED, THROUGH):
        before = _owed(line)
        line.path.clock.forward(seconds=3)  # nobody writes faster than he is answered
        await line.take_raw(raw)
        if must_answer:
            texts += 1
            assert _owed(line) > before or _is_held(line, raw["update_id"]), raw["update_id"]
    assert texts > THROUGH / 4
    assert {row.state for row in line.path.rows(InboxMessage)} <= {"done", "held"}
    assert {row.state for row in line.path.rows(OutboxMessage)} <= {"sent", "undeliverable"}
    assert len(log.getvalue()) > THROUGH
    assert CANARY not in log.getvalue()
    assert "telegram.unstorable" not in log.getvalue()


def _owed(line):
    return len(line.path.messenger.sent)


def _is_held(line, update_id):
    return line.path.rows(InboxMessage, update_id=update_id)[0].state == "held"
