"""Ten thousand men through a day in ten minutes, with its evening, against a fake Bot API: ``make soak``.

A real Telegram process and a real Rasa. Prints how long answers took, whether each man's messages were answered once
and in order, what went wrong, and how memory grew after the warm-up. Ends with 1 where an answer is missing or astray.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from sqlalchemy import func, select  # noqa: E402 - may be started from anywhere

from bot.storage import Database  # noqa: E402
from bot.storage.models import InboxMessage, OutboxMessage  # noqa: E402
from scripts.speed import load, path  # noqa: E402
from scripts.speed.cost import SAID  # noqa: E402
from scripts.speed.servers import Ours  # noqa: E402
from tests.fakes.bot_api import TEST_BOT, FakeBotApi  # noqa: E402

# How a day's messages fall on its hours, from midnight: an assumption, with the evening three times the mean.
HOURS = (3, 2, 1, 1, 1, 1, 2, 3, 4, 4, 4, 4, 5, 4, 4, 4, 5, 6, 8, 11, 13, 12, 9, 6)
FIRST = 500_000
WARM_SHARE, SAMPLE_SECONDS = 0.25, 2.0
AIM_P99_MS, AIM_GROWTH = 1_000, 5.0
_WRONG = ("worker.error", "turn.error", "turn.failed", "storage_error", "unreadable", "unstorable", "Traceback")


async def live(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Play the day and return what was found."""
    side = Ours(folder)
    await side.start()
    way = path.Path(side.database)
    try:
        async with FakeBotApi(TEST_BOT, on_sent=way.note) as way.api:
            bot = path.newborn(side.house, way.api, side.dialogue.url)
            try:
                chats = path.men(side.database, FIRST, options.men)
                working = [*side.processes, *load.children_of(bot.process.pid)]
                sampling = asyncio.create_task(sample(working))
                written = await write(way, chats, options.seconds, options.rate)
                await way.rest()
                sampling.cancel()
                found = {"written": written, "times": sorted(way.times_ms), "memory": MEMORY, "working": working}
            finally:
                bot.kill()
        logs = bot.log.read_text() + side.dialogue.log.read_text()
        return {**found, "wrong": {sign: logs.count(sign) for sign in _WRONG if sign in logs}, **check(side.database)}
    finally:
        await side.stop()


MEMORY: list[tuple[float, float]] = []


async def sample(processes: list[int]) -> None:
    """Note the processes' memory every two seconds."""
    while True:
        MEMORY.append((time.monotonic(), load.memory_mb(processes)))
        await asyncio.sleep(SAMPLE_SECONDS)


async def write(way: path.Path, chats: list[int], seconds: float, a_second: float) -> int:
    """Let men write at random moments, more of them in the evening; return how many messages there were."""
    chance, began, at, count = random.Random(8), time.monotonic(), 0.0, 0  # noqa: S311 - repeatable
    while at < seconds:
        hour = HOURS[int(at / seconds * len(HOURS))]
        at += chance.expovariate(a_second * hour * len(HOURS) / sum(HOURS))
        await asyncio.sleep(max(0.0, began + at - time.monotonic()))
        way.say(chance.choice(chats), chance.choice(SAID))
        count += 1
    return count


def check(database: Database) -> dict[str, Any]:
    """Return how every message ended, and how many men had an answer out of order or none."""
    with database.read() as session:
        states = session.execute(select(InboxMessage.state, func.count()).group_by(InboxMessage.state)).all()
        sent = session.execute(select(OutboxMessage.state, func.count()).group_by(OutboxMessage.state)).all()
        inbox = session.execute(
            select(InboxMessage.person_id, InboxMessage.id).filter_by(door="telegram").order_by(InboxMessage.seq)
        ).all()
        outbox = session.execute(
            select(OutboxMessage.turn_id, OutboxMessage.delivery_ref)
            .where(OutboxMessage.turn_id.is_not(None), OutboxMessage.delivery_ref.is_not(None))
            .order_by(OutboxMessage.seq)
        ).all()
    answered: dict[str, list[int]] = {}
    for row in outbox:
        answered.setdefault(row.turn_id, []).append(row.delivery_ref)
    last: Counter[str] = Counter()
    astray = set()
    for person, message in inbox:
        refs = answered.get(message, [])
        if not refs or refs != sorted(refs) or refs[0] <= last[person]:
            astray.add(person)
        last[person] = refs[-1] if refs else last[person]
    return {"inbox": dict(map(tuple, states)), "outbox": dict(map(tuple, sent)), "astray": len(astray)}


def growth(samples: list[tuple[float, float]]) -> float:
    """Return by how many per cent memory grew from behind the warm-up to the end."""
    values = [value for _, value in samples][int(len(samples) * WARM_SHARE) :]
    few = max(1, len(values) // 10)
    return 100 * (median(values[-few:]) / median(values[:few]) - 1)


def main() -> None:
    """Print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--men", type=int, default=10_000, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=600, help="that stand for a day; default: %(default)s")
    parser.add_argument("--rate", type=float, default=3, help="messages a second at the mean; default: %(default)s")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ballast-men-") as folder:
        found = asyncio.run(live(Path(folder), options))
    at = load.Block(0, 0, tuple(found["times"])).at
    sys.stdout.write(
        f"{options.men:,} men, {found['written']:,} messages in {options.seconds:g} s ({options.rate:g} a second, "
        f"{options.rate * max(HOURS) * len(HOURS) / sum(HOURS):.1f} at the peak)\n"
        f"first words: median {at(0.5):.0f} ms, p95 {at(0.95):.0f} ms, p99 {at(0.99):.0f} ms "
        f"(aim {AIM_P99_MS}, ratio {at(0.99) / AIM_P99_MS:.2f})\n"
        f"messages: {found['inbox']}; bubbles: {found['outbox']}; out of order or unanswered: {found['astray']} men\n"
        f"memory after the warm-up: {growth(found['memory']):+.1f} % (aim {AIM_GROWTH:g} %)\n"
        f"errors in the logs: {found['wrong'] or 'none'}\n"
    )
    sys.exit(1 if found["astray"] or set(found["inbox"]) - {"done"} else 0)


if __name__ == "__main__":
    main()
