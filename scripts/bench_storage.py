"""Measure what sealing costs: ``make bench``. Medians of repeated runs; ratios to what they should be.

What is measured: seals and opens a second on one core, a man's history of 5,000 messages opened, and the share of a
turn's time that sealing and opening take (a turn through gate, Rasa and outbox when a model is trained).
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from bot import logs
from bot.clock import utc_now
from bot.config import Settings
from bot.console.server import own_server
from bot.console.talk import Talk
from bot.crypto import Context, KeyRing, PersonKeys, open_sealed, seal
from bot.crypto.key import Key
from bot.crypto.padding import pad
from bot.errors import BallastError
from bot.storage import open_database, sealed
from bot.storage.models import InboxMessage
from bot.turns.people import find_or_begin

REPEATS = 7
SEALS = 20_000
HISTORY = 5_000
SEALS_A_SECOND, HISTORY_SECONDS, SHARE_OF_TURN = 50_000, 0.2, 0.05
TEXT = pad(b'{"text":"cannot sleep, and the lads at work would laugh if I told them"}')
TALK = ("cannot sleep", "my wife left", "the lads at work would laugh", "I never told anybody", "what can I do", "ok")


def main() -> None:
    """Print one line a figure."""
    logs.install("ERROR")
    keys = PersonKeys("person", {1: Key(b"k" * 32)})
    context = Context("inbox", "body", "e6c1a4b0d7f24c0d9d5a3f6f2a6b0001", "0c6f6a1de28d4a5fa3d1fb8cb9a1a001", 1)
    blobs = [seal(TEXT, context=context, keys=keys) for _ in range(SEALS)]
    sealing = timed(lambda: [seal(TEXT, context=context, keys=keys) for _ in range(SEALS)])
    opening = timed(lambda: [open_sealed(blob, context=context, keys=keys) for blob in blobs])
    say("seals a second, one core", SEALS / sealing, SEALS_A_SECOND)
    say("opens a second, one core", SEALS / opening, SEALS_A_SECOND)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.from_environment({"BALLAST_HOME": folder, "KEY_FILE": f"{folder}/ballast.keys"})
        KeyRing.create(settings.key_file)
        history(settings)
        try:
            asyncio.run(turn(settings))
        except BallastError as error:
            sys.stdout.write(f"share of a turn: not measured ({error})\n")


def timed(work: Callable[[], Any]) -> float:
    """Return the median of seconds."""
    found = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return median(found)


def say(name: str, figure: float, at_least: float) -> None:
    """Print a figure of which more is better, with its ratio to the aim."""
    sys.stdout.write(f"{name}: {figure:,.0f} (aim {at_least:,.0f}, ratio {figure / at_least:.2f})\n")


def history(settings: Settings) -> None:
    """Open everything that a man has written."""
    database = open_database(settings)
    with database.write() as session:
        person = find_or_begin(session, "telegram", "1", region="us", language="en", at=utc_now())
        for number in range(HISTORY):
            row = InboxMessage(id=f"{number:032}", door="telegram", update_id=number, person_id=person.id, kind="text")
            row.received_at = utc_now()
            session.add(row)
            row.body = {"text": f"message {number}: cannot sleep, and the lads would laugh"}
        person_id = person.id

    def look() -> None:
        with database.read() as session:
            rows = session.query(InboxMessage).filter_by(person_id=person_id).all()
            assert len([row.body.reveal() for row in rows]) == HISTORY  # noqa: S101 - a bench that reads nothing lies

    taken = timed(look)
    database.close()
    ratio = taken / HISTORY_SECONDS
    sys.stdout.write(
        f"history of {HISTORY:,} messages opened: {taken:.3f} s (aim {HISTORY_SECONDS}, ratio {ratio:.2f})\n"
    )


async def turn(settings: Settings) -> None:
    """Talk for a while and compare the time in seals with the time of the turns.

    Rasa runs in a process of its own: its seals are counted from the database and priced with the figures above.
    """
    database = open_database(settings)
    async with own_server(settings, database.vault.keyring.channel_token) as dialogue:
        talk = Talk(database, settings, dialogue)
        talk.consent()
        for text in TALK:
            await talk.say(text)
        times, spent = [], []
        for text in TALK * 3:
            with counted() as seconds:
                started = time.perf_counter()
                await talk.say(text)
                times.append(time.perf_counter() - started)
            spent.append(sum(seconds))
    database.close()
    share = median(spent) / median(times)
    sys.stdout.write(
        f"sealing and opening in the gate's process: {1000 * median(spent):.2f} ms of a turn of "
        f"{1000 * median(times):.1f} ms, {100 * share:.1f} % (aim {100 * SHARE_OF_TURN:.0f} %)\n"
    )


@contextmanager
def counted() -> Any:
    """Yield a list that collects the seconds of every seal and open."""
    seconds: list[float] = []
    plain = sealed.seal, sealed.open_sealed

    def watch(work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            started = time.perf_counter()
            try:
                return work(*args, **kwargs)
            finally:
                seconds.append(time.perf_counter() - started)

        return run

    sealed.seal, sealed.open_sealed = watch(plain[0]), watch(plain[1])  # type: ignore[assignment]
    try:
        yield seconds
    finally:
        sealed.seal, sealed.open_sealed = plain


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    main()
