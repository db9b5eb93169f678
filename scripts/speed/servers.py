"""Both sides as running processes with one way to ask them: what is measured of one is measured of the other."""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp

from bot.crypto import KeyRing
from bot.storage import Database
from bot.turns.dialogue import TURN_PATH
from scripts.speed import load, ours, stock
from tests.path_fixtures import House, free_port

START_WITHIN_SECONDS = 600
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "VIRTUAL_ENV")
QUIET = {"RASA_TELEMETRY_ENABLED": "false", "SQLALCHEMY_SILENCE_UBER_WARNING": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}


class Stock:
    """The stock server and its action server.

    Args:
        folder: A trained project, see ``stock.derive``.
        database_url: PostgreSQL, or empty for SQLite in the folder.
    """

    name = "stock"

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self.folder = folder
        self._port, self._actions_port = free_port(), free_port()
        stock.place_endpoints(folder, actions_port=self._actions_port, database_url=database_url)
        url = f"http://127.0.0.1:{self._port}/webhooks/rest/webhook"
        self.ask = load.Asker(url, "", lambda answer: bool(answer and answer[0].get("text")))
        self._started: list[subprocess.Popen[bytes]] = []

    async def start(self) -> float:
        """Start both and return the seconds until the first answer."""
        began = time.perf_counter()
        actions = ["-m", "rasa_sdk", "--actions", "actions", "-p", str(self._actions_port)]
        model = str(self.folder / "models" / "stock.tar.gz")
        run = ["-m", "rasa", "run", "--model", model, "-i", "127.0.0.1", "-p", str(self._port)]
        self._started = [self._run(actions), self._run(run)]
        await first_answer(self.ask, {"sender": "first", "message": "hello"})
        return time.perf_counter() - began

    def _run(self, arguments: list[str]) -> subprocess.Popen[bytes]:
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | QUIET
        with (self.folder / "server.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own interpreter
                [sys.executable, *arguments], cwd=self.folder, env=environment, stdout=log, stderr=log
            )

    @property
    def processes(self) -> list[int]:
        """Return the ids of its processes."""
        return [process for one in self._started for process in load.children_of(one.pid)]

    def talks(self, men: Sequence[str], texts: Sequence[Sequence[str]]) -> list[list[dict[str, Any]]]:
        """Return what each man is asked with."""
        return [[{"sender": man, "message": text} for text in own] for man, own in zip(men, texts, strict=True)]

    def men(self, count: int) -> list[str]:
        """Return names of men who have not spoken yet."""
        return [f"{number}-{time.monotonic_ns()}" for number in range(count)]

    async def end(self) -> None:
        """End both servers; they may be started again."""
        for process in self._started:
            process.kill()
            process.wait()

    async def stop(self) -> None:
        """End everything."""
        await self.ask.close()
        await self.end()


class Ours:
    """Our Rasa process at its channel, with a house of its own.

    Args:
        folder: An empty folder.
        database_url: PostgreSQL, or empty for SQLite in the folder.
    """

    name = "ours"

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self.house = House.build(folder / "house", database_url)
        self.database: Database = self.house.open()
        self._chats, self._updates = itertools.count(1), itertools.count(1)
        self.dialogue: Any = None

    async def start(self) -> float:
        """Start it and return the seconds until the first answer."""
        (man,) = self.men(1)
        first = self.talks([man], [["hello"]])[0][0]
        began = time.perf_counter()
        self.dialogue = ours.Dialogue(self.house, **QUIET)
        token = KeyRing.load(self.house.settings().key_file).channel_token
        self.ask = load.Asker(self.dialogue.url + TURN_PATH, token, lambda answer: answer.get("committed") is True)
        await first_answer(self.ask, first)
        return time.perf_counter() - began

    @property
    def processes(self) -> list[int]:
        """Return the ids of its processes."""
        return load.children_of(self.dialogue.process.pid)

    def men(self, count: int) -> list[str]:
        """Make men who have agreed."""
        return ours.men(self.database, [next(self._chats) for _ in range(count)])

    def talks(self, men: Sequence[str], texts: Sequence[Sequence[str]]) -> list[list[dict[str, Any]]]:
        """Write what each man says into the inbox and return what the channel is asked with."""
        found = []
        for man, own in zip(men, texts, strict=True):
            first = next(self._updates) * 1_000_000
            found.append(ours.messages(self.database, [man] * len(own), own, first))
        return found

    async def end(self) -> None:
        """End the server; it may be started again."""
        await self.ask.close()
        self.dialogue.kill()

    async def stop(self) -> None:
        """End everything."""
        await self.end()
        self.database.close()


async def first_answer(ask: load.Asker, body: dict[str, Any]) -> None:
    """Ask until there is an answer.

    Raises:
        TimeoutError: There was none in ten minutes.
    """
    deadline = time.monotonic() + START_WITHIN_SECONDS
    while time.monotonic() < deadline:
        with suppress(aiohttp.ClientError, ValueError):
            await ask(body)
            return
        await asyncio.sleep(0.05)
    raise TimeoutError("The server did not answer. Its log lies beside it.")
