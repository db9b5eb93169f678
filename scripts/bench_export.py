"""Measure an export in every format: messages a second, and the memory it takes with ten times as many messages.

The smaller run comes first in a process of its own, then the larger; what memory grows by between them is what an
export keeps of what it has written. ``--turns N`` sets the size of the larger.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.clock import utc_now
from bot.consent import RESEARCH, record_answer
from bot.crypto import KeyRing
from bot.research import export_dialogues, register_protocol
from bot.storage import Database
from bot.storage.models import InboxMessage, Person, Turn

TURNS = 20_000
TURNS_OF_A_MAN = 500
SAID = (
    "cannot sleep, my wife Karen says i should see dr patel in leeds but the lads at work would laugh",
    "i smile all day then sit in the car outside lidl \U0001f614 ring me on 07700 900123",
    "nobody at work knows. not even my brother dave",
    "it is what it is",
)
READING = {"intent": "hiding_it", "confidence": 0.8, "codes": [{"id": "hiding_it", "score": 0.8}]}


def main() -> None:
    """Print one line a run, and what the memory grew by."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=TURNS)
    turns = parser.parse_args().turns
    peaks = [measured(count) for count in (turns // 10, turns)]
    grown = (peaks[1] - peaks[0]) * 1024 / (turns - turns // 10)
    sys.stdout.write(f"memory grew by {grown:.0f} bytes a message\n")


def measured(turns: int) -> float:
    """Return the peak of memory in KiB of one export in a fresh process, and say how fast it was."""
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), turns)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            seconds, before, peak = pool.apply(export, (folder,))
    told = (
        f"{turns} messages: {turns / seconds:.0f} a second, {peak / 1024:.0f} MB at most ({before / 1024:.0f} before)"
    )
    sys.stdout.write(f"{told}\n")
    return peak


def export(folder: str) -> tuple[float, float, float]:
    """Export everything; return seconds, and the memory before and at its peak in KiB."""
    database = opened(Path(folder))
    reasons = {"staff": "bench", "purpose": "bench", "protocol": "bench"}
    before, start = memory(), time.perf_counter()
    export_dialogues(database, Path(folder) / "out", **reasons, clock=utc_now)
    return time.perf_counter() - start, before, memory()


def memory() -> float:
    """Return this process's peak so far in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def opened(folder: Path) -> Database:
    """Return the database in a folder."""
    keys = folder / "ballast.keys"
    return Database(f"sqlite:///{folder / 'ballast.db'}", KeyRing.load(keys) if keys.exists() else KeyRing.create(keys))


def fill(folder: Path, turns: int) -> None:
    """Put men who agreed into a fresh database, each with as many messages."""
    database, now = opened(folder), utc_now()
    database.prepare()
    with database.write() as session:
        register_protocol(session, "bench", purpose="bench", expires_at=now + timedelta(days=1), by="bench", at=now)
    for first in range(0, turns, TURNS_OF_A_MAN):
        with database.write() as session:
            person = Person(door="telegram", chat_index=first.to_bytes(32, "big"), created_at=now)
            session.add(person)
            session.flush()
            database.vault.make_key(session, person.id)
            record_answer(session, person_id=person.id, kind=RESEARCH, given=True, at=now)
            for number in range(first, min(turns, first + TURNS_OF_A_MAN)):
                say(session, person.id, number, now + timedelta(seconds=number))
    database.close()


def say(session: Any, person_id: str, number: int, at: Any) -> None:
    """Add one message with its reading."""
    row = InboxMessage(
        door="telegram", update_id=number, person_id=person_id, kind="text", state="done", received_at=at
    )
    session.add(row)
    session.flush()
    row.body = {"text": SAID[number % len(SAID)]}
    turn = Turn(id=row.id, person_id=person_id, at=at, model="bench")
    session.add(turn)
    turn.reading = READING


if __name__ == "__main__":
    main()
