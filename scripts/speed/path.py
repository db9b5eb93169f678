"""The whole path: a man writes at a fake Telegram, and his answer is handed over there."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Sequence

from sqlalchemy import func, select

from bot.storage import Database
from bot.storage.models import InboxMessage, OutboxMessage, Person
from scripts.speed import load, ours
from tests.fakes.bot_api import FakeBotApi, Sent
from tests.path_fixtures import Bot, House, Running, free_port

REST_WITHIN_SECONDS = 900


class Path:
    """A running house and the men who write to it: when each wrote, and when he had his first bubble.

    Args:
        database: The house's.
        api: A fake Telegram whose ``on_sent`` is this path's ``note``; set when it is there.
    """

    api: FakeBotApi

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wrote: dict[int, float] = {}
        self.times_ms: list[float] = []
        self._last = 0.0

    def note(self, sent: Sent) -> None:
        """Take down what was handed over."""
        if sent.method == "sendMessage":
            self._last = sent.at
            began = self._wrote.pop(sent.chat_id, None)
            if began is not None:
                self.times_ms.append(1_000 * (sent.at - began))

    def say(self, chat: int, text: str) -> None:
        """Let a man write; the time runs from the first message that waits for an answer."""
        self._wrote.setdefault(chat, time.monotonic())
        self.api.say(chat, text)

    async def first_words(self, chat: int) -> float:
        """Let a man write before the bot is there, and return the seconds until he has his safety reply.

        Raises:
            TimeoutError: It did not come.
        """
        self.times_ms = []
        self.say(chat, "I want to kill myself")
        deadline = time.monotonic() + REST_WITHIN_SECONDS
        while not self.times_ms:
            if time.monotonic() > deadline:
                raise TimeoutError("The bot did not come.")
            await asyncio.sleep(0.02)
        return self.times_ms[0] / 1_000

    async def drain(self, chats: Sequence[int], texts: Sequence[str], processes: Sequence[int]) -> load.Block:
        """Let four messages of each man wait at Telegram, and time until everything is answered."""
        lines = itertools.cycle(texts)
        started = self._begin(processes)
        for chat in [*chats] * 4:
            self.say(chat, next(lines))
        return await self._end(4 * len(chats), processes, *started)

    async def steady(
        self, chats: Sequence[int], texts: Sequence[str], a_second: float, seconds: float, processes: Sequence[int]
    ) -> load.Block:
        """Let messages come at random moments at a rate, each of another man."""
        chance, lines, men = random.Random(5), itertools.cycle(texts), itertools.cycle(chats)  # noqa: S311 - repeatable
        used, began = self._begin(processes)
        due, count = 0.0, 0
        while (due := due + chance.expovariate(a_second)) < seconds:
            await asyncio.sleep(max(0.0, began + due - time.monotonic()))
            self.say(next(men), next(lines))
            count += 1
        return await self._end(count, processes, used, began)

    def _begin(self, processes: Sequence[int]) -> tuple[float, float]:
        self._wrote, self.times_ms = {}, []
        return load.cpu_seconds(processes), time.monotonic()

    async def _end(self, count: int, processes: Sequence[int], used: float, began: float) -> load.Block:
        await self.rest()
        spent = load.cpu_seconds(processes) - used
        return load.Block(count / (self._last - began), 1_000 * spent / count, tuple(sorted(self.times_ms)))

    async def rest(self) -> None:
        """Wait until everything is taken, answered and handed over.

        Raises:
            TimeoutError: It is not after a quarter of an hour.
        """
        deadline = time.monotonic() + REST_WITHIN_SECONDS
        while self.api.pending or owed(self._database):
            if time.monotonic() > deadline:
                raise TimeoutError("Not everything was answered.")
            await asyncio.sleep(0.1)


def beside(house: House) -> list[Running]:
    """Start the staff app and the worker, as ``make run`` does."""
    environment = house.environment(STAFF_PORT=str(free_port()), METRICS_PORT="0")
    return [Running(house, name, ["bot", name], environment) for name in ("staff", "worker")]


def newborn(house: House, api: FakeBotApi, rasa_url: str, **more: str) -> Bot:
    """Start the Telegram process as ``make run`` does."""
    return Bot(house, api, rasa_url, **more)


def owed(database: Database) -> int:
    """Return how many messages wait for an answer or to be handed over."""
    with database.read() as session:
        waiting = select(func.count()).where(InboxMessage.state == "pending", InboxMessage.door == "telegram")
        unsent = select(func.count(OutboxMessage.id)).where(OutboxMessage.state.in_(("pending", "sending")))
        unsent = unsent.join(Person, Person.id == OutboxMessage.person_id).where(Person.door == "telegram")
        return sum(int(session.execute(query).scalar()) for query in (waiting, unsent))


def men(database: Database, first: int, count: int) -> list[int]:
    """Make men who have agreed and return their chats."""
    chats = list(range(first, first + count))
    ours.men(database, chats, door="telegram")
    return chats
