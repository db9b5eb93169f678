"""Measure an export in every format: messages a second, and the memory it takes with ten times as many messages.

The smaller run comes first in a process of its own, then the larger; what memory grows by between them is what an
export keeps of what it has written. ``--turns N`` sets the size of the larger.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.clock import utc_now
from bot.config import REGIONS
from bot.consent import RESEARCH, record_answer
from bot.crypto import Context, KeyRing, PersonKeys, seal
from bot.crypto.padding import pad
from bot.research import export_dialogues, register_protocol
from bot.storage import Database
from bot.storage.columns import new_id
from bot.storage.models import InboxMessage, Person, Turn
from bot.storage.sealed import SealedBytes

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
    """Put men who agreed into a fresh database, each with as many messages; their rows go in past the tally."""
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
            person.settings = {"region": REGIONS[first // TURNS_OF_A_MAN % len(REGIONS)], "language": "en"}
            record_answer(session, person_id=person.id, kind=RESEARCH, given=True, at=now)
            keys = database.vault.keys_of(session, person.id)
            numbers = range(first, min(turns, first + TURNS_OF_A_MAN))
            messages, readings = zip(*(said(person.id, keys, number, now) for number in numbers), strict=True)
            session.connection().execute(InboxMessage.__table__.insert(), list(messages))
            session.connection().execute(Turn.__table__.insert(), list(readings))
    database.close()


def said(person_id: str, keys: PersonKeys, number: int, now: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the rows of one message and of its reading."""
    row_id, at = new_id(), now + timedelta(seconds=number)
    text = f"{SAID[number % len(SAID)]}, {number}"  # no two alike: what was read before is not read again
    body = sealed({"text": text}, Context("inbox", "body", row_id, person_id, 1), keys)
    reading = sealed(READING, Context("turns", "reading", row_id, person_id, 1), keys)
    message = {"id": row_id, "door": "telegram", "update_id": number, "person_id": person_id, "kind": "text"}
    message |= {"state": "done", "received_at": at, "attempts": 0, "revision": 1, "body_sealed": body}
    turn = {"id": row_id, "person_id": person_id, "at": at, "model": "bench", "revision": 1}
    return message, turn | {"reading_sealed": reading}


def sealed(value: Any, context: Context, keys: PersonKeys) -> SealedBytes:
    """Return a value as a sealed column holds it."""
    plaintext = pad(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    return SealedBytes(seal(plaintext, context=context, keys=keys))


if __name__ == "__main__":
    main()
