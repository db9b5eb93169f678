"""Measure the safety reply under load: many men write, Rasa hangs, and some of them are in danger. ``make bench``.

A real Telegram process and a real Rasa that is stopped for ten seconds (SIGSTOP: it takes connections and answers
none), against a fake Bot API. Prints the time from a dangerous message to its safety reply at Telegram, measured from
when it lay there and from when it was committed, and whether everybody had one.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from sqlalchemy import select  # noqa: E402 - may be started from anywhere

from bot.storage import Database  # noqa: E402
from bot.storage.models import OutboxMessage  # noqa: E402
from bot.turns import outbox  # noqa: E402
from scripts.speed import load, path  # noqa: E402
from scripts.speed.cost import SAID  # noqa: E402
from scripts.speed.servers import Ours  # noqa: E402
from tests.fakes.bot_api import TEST_BOT, FakeBotApi, Sent  # noqa: E402

CRISIS = "I want to kill myself"
HUNG_SECONDS, AROUND_SECONDS = 10.0, 3.0
AIM_MS = 100
ANSWERED_WITHIN_SECONDS = 300
_EVERY = 20  # one message in so many is dangerous


class Crises:
    """When men in danger wrote, and when each had his first bubble."""

    def __init__(self) -> None:
        self.wrote: dict[int, float] = {}
        self.times_ms: list[float] = []

    def note(self, sent: Sent) -> None:
        """Take down what was handed over."""
        began = self.wrote.pop(sent.chat_id, None) if sent.method == "sendMessage" else None
        if began is not None:
            self.times_ms.append(1_000 * (sent.at - began))


async def measure(folder: Path, a_second: float, men: int) -> tuple[list[float], list[float], int]:
    """Return the sorted times from Telegram and from the commit, in ms, and how many men had no safety reply."""
    side = Ours(folder)
    await side.start()
    crises, way = Crises(), path.Path(side.database)
    try:
        async with FakeBotApi(TEST_BOT, on_sent=crises.note) as api:
            way.api = api
            bot = path.newborn(side.house, api, side.dialogue.url, DIALOGUE_TIMEOUT_SECONDS="15")
            try:
                await way_is_open(api)
                chats = path.men(side.database, 500_000, men)
                await write(api, crises, chats, a_second, side.dialogue.process.pid)
                await answered(crises)
            finally:
                bot.kill()
        return sorted(crises.times_ms), from_commit(side.database), len(crises.wrote)
    finally:
        await side.stop()


async def way_is_open(api: FakeBotApi) -> None:
    """Wait until the bot polls."""
    while not api.polls:
        await asyncio.sleep(0.05)


async def answered(crises: Crises) -> None:
    """Wait until nobody in danger waits, for a few minutes."""
    deadline = time.monotonic() + ANSWERED_WITHIN_SECONDS
    while crises.wrote and time.monotonic() < deadline:
        await asyncio.sleep(0.1)


async def write(api: FakeBotApi, crises: Crises, chats: list[int], a_second: float, rasa: int) -> None:
    """Let men write at random moments, each of those in danger once, and have Rasa hang in the middle of it."""
    chance, began, due, number = random.Random(3), time.monotonic(), 0.0, 0  # noqa: S311 - repeatable
    hangs = [(AROUND_SECONDS, signal.SIGSTOP), (AROUND_SECONDS + HUNG_SECONDS, signal.SIGCONT)]
    in_danger = chats[:: max(1, len(chats) // int(a_second * (HUNG_SECONDS + 2 * AROUND_SECONDS) / _EVERY))]
    others = [chat for chat in chats if chat not in set(in_danger)]
    while (due := due + chance.expovariate(a_second)) < HUNG_SECONDS + 2 * AROUND_SECONDS:
        await asyncio.sleep(max(0.0, began + due - time.monotonic()))
        while hangs and time.monotonic() - began >= hangs[0][0]:
            os.kill(rasa, hangs.pop(0)[1])
        number += 1
        if number % _EVERY == 0 and in_danger:
            chat = in_danger.pop()
            crises.wrote[chat] = time.monotonic()
            api.say(chat, CRISIS)
        else:
            api.say(chance.choice(others), chance.choice(SAID))
    os.kill(rasa, signal.SIGCONT)


def from_commit(database: Database) -> list[float]:
    """Return the milliseconds from the commit of each first safety bubble to Telegram's answer for it."""
    query = select(OutboxMessage).filter_by(lane=outbox.CRISIS).where(OutboxMessage.sent_at.is_not(None))
    first: dict[str, float] = {}
    with database.read() as session:
        for row in session.execute(query.order_by(OutboxMessage.seq)).scalars():
            first.setdefault(row.person_id, 1_000 * (row.sent_at - row.created_at).total_seconds())
    return sorted(first.values())


def say(name: str, times: list[float]) -> None:
    """Print median, p95 and p99 with the ratio to the aim."""
    at = load.Block(0, 0, tuple(times)).at
    sys.stdout.write(
        f"{name}, {len(times)} men: median {at(0.5):.0f} ms, p95 {at(0.95):.0f} ms, p99 {at(0.99):.0f} ms "
        f"(aim {AIM_MS}, ratio {at(0.99) / AIM_MS:.1f})\n"
    )


def main() -> None:
    """Print the figures; ends with 1 where a man had no safety reply."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rates", default="10,100", help="messages a second in all; default: %(default)s")
    parser.add_argument("--men", type=int, default=500, help="default: %(default)s")
    options = parser.parse_args()
    for rate in map(float, options.rates.split(",")):
        with tempfile.TemporaryDirectory(prefix="ballast-crisis-") as folder:
            waited, committed, without = asyncio.run(measure(Path(folder), rate, options.men))
        say(f"{rate:g} a second, Rasa hung for {HUNG_SECONDS:g} s, from Telegram to Telegram", waited)
        say(f"{rate:g} a second, from commit to Telegram", committed)
        if without:
            sys.exit(f"{without} men had no safety reply.")


if __name__ == "__main__":
    main()
