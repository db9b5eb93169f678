"""A house of its own with real processes: key file, database, Rasa and the bot, each started and killed by a test.

Rasa is slow to start, so one server is shared by the whole session. A test file takes it by importing ``shared_rasa``.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from bot.config import PROJECT, Settings
from bot.console.server import _free_port as free_port
from bot.crypto import KeyRing
from bot.storage import Database, open_database
from bot.storage.models import Flag, InboxMessage, OutboxMessage, Person, Turn
from bot.turns.dialogue import HEALTH_PATH, TURN_PATH
from tests.fakes.bot_api import TEST_BOT, FakeBotApi

START_AT = datetime(2026, 11, 22, 21, 30, tzinfo=timezone.utc)
RASA_WITHIN_SECONDS = 300
POLL_SECONDS = 0.05
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "VIRTUAL_ENV")
_SHARED: pytest.StashKey[Rasa] = pytest.StashKey()


@dataclass(frozen=True)
class House:
    """A data folder with its keys and database; ``temp`` is the temporary folder of its processes.

    The database is a SQLite file in the folder unless an address is given.
    """

    home: Path
    database_url: str = ""

    @classmethod
    def build(cls, home: Path, database_url: str = "") -> House:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        house = cls(home, database_url)
        house.temp.mkdir()
        KeyRing.create(house.settings().key_file)
        open_database(house.settings()).close()
        return house

    @property
    def temp(self) -> Path:
        return self.home / "tmp"

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        places = {
            "BALLAST_HOME": str(self.home),
            "TMPDIR": str(self.temp),
            "REGION": "us-miami",
            "METRICS_PORT": "0",
            "MESSAGES_A_MINUTE": "0",
        }
        shared = {"DATABASE_URL": self.database_url} if self.database_url else {}
        return {**kept, **places, **shared, **more}

    def settings(self, **more: str) -> Settings:
        return Settings.from_environment(self.environment(**more))

    def open(self) -> Database:
        return open_database(self.settings())

    def is_intact(self) -> bool:
        with closing(sqlite3.connect(self.home / "ballast.db")) as connection:
            return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


class Running:
    """A process of ours whose output goes to a file in the house."""

    def __init__(self, house: House, name: str, arguments: list[str], environment: dict[str, str]) -> None:
        self.log = house.home / f"{name}.log"
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
                [sys.executable, "-m", *arguments],
                cwd=PROJECT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def kill(self) -> None:
        """Kill -9, as the kernel does when memory is short."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        self.process.terminate()
        try:
            return self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


class Rasa(Running):
    """A real Rasa server on a free port of loopback."""

    def __init__(self, house: House, port: int | None = None, **more: str) -> None:
        self.house, self.port = house, port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.token = KeyRing.load(house.settings().key_file).channel_token
        environment = house.environment(LOG_LEVEL="DEBUG", BALLAST_PARENT_PID=str(os.getpid()), **more)
        super().__init__(house, "rasa", ["bot.rasa.serve", str(self.port)], environment)

    def is_ready(self) -> bool:
        with suppress(httpx.HTTPError):
            return self._client().get(self.url + HEALTH_PATH).status_code == httpx.codes.OK
        return False

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + RASA_WITHIN_SECONDS
        while not self.is_ready():
            assert self.process.poll() is None, f"Rasa ended: {self.log.read_text()[-2000:]}"
            assert time.monotonic() < deadline, "Rasa was not ready in time."
            time.sleep(POLL_SECONDS)

    def turn(self, body: dict[str, Any], token: str | None = None) -> httpx.Response:
        """Ask for one turn as the gate does."""
        return self._client(token).post(self.url + TURN_PATH, json=body)

    def _client(self, token: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        return _OneCall(headers)


@dataclass(frozen=True)
class _OneCall:
    headers: dict[str, str]

    def get(self, url: str) -> httpx.Response:
        return httpx.get(url, headers=self.headers, timeout=30, trust_env=False)

    def post(self, url: str, json: dict[str, Any]) -> httpx.Response:
        return httpx.post(url, headers=self.headers, json=json, timeout=30, trust_env=False)


class Bot(Running):
    """The real Telegram process against a fake Bot API; its output goes to ``<name>.log``."""

    def __init__(self, house: House, api: FakeBotApi, rasa_url: str, name: str = "telegram", **more: str) -> None:
        environment = house.environment(
            TELEGRAM_TOKEN=api.token, TELEGRAM_BASE_URL=api.base_url, RASA_URL=rasa_url, **more
        )
        super().__init__(house, name, ["bot", "telegram"], environment)


@pytest.fixture(scope="session")
def shared_rasa(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rasa]:
    """One server for all test files: each imports this fixture, the first of them starts it."""
    stash = request.config.stash
    if _SHARED not in stash:
        stash[_SHARED] = Rasa(House.build(tmp_path_factory.mktemp("rasa") / "house"))
        stash[_SHARED].wait_until_ready()
    yield stash[_SHARED]
    if stash[_SHARED].process.poll() is None:
        stash[_SHARED].stop()


@asynccontextmanager
async def fake_telegram(first_update: int) -> AsyncIterator[FakeBotApi]:
    """Yield a fake Bot API whose updates are numbered from ``first_update``: files share one database."""
    async with FakeBotApi(TEST_BOT) as api:
        api.updates[first_update - 1] = {}
        yield api


class Switch:
    """A port that leads to Rasa while it is on, and to nothing while it is off, as when Rasa is not running."""

    def __init__(self, target_port: int) -> None:
        self.target_port, self.port = target_port, free_port()
        self._server: asyncio.AbstractServer | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def on(self) -> None:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", self.port)

    async def off(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self._open):
                writer.transport.abort()
            await self._server.wait_closed()
            self._server = None

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        self._open |= {writer, far_writer}
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await reader.read(65536):
                writer.write(chunk)
                await writer.drain()
        writer.close()
        self._open.discard(writer)


async def until(holds: Any, within: float = 60, what: str = "it") -> Any:
    """Poll until ``holds()`` is true and return what it gave."""
    deadline = time.monotonic() + within
    while not (found := holds()):
        assert time.monotonic() < deadline, f"{what} did not come true within {within} s"
        await asyncio.sleep(POLL_SECONDS)
    return found


@dataclass(frozen=True)
class Ledger:
    """What lies in a house's database, looked at from outside the processes."""

    database: Database

    def person_id(self, chat: int, door: str = "telegram") -> str | None:
        index = self.database.vault.keyring.chat_index(door, str(chat))
        with self.database.read() as session:
            found: str | None = session.execute(select(Person.id).filter_by(chat_index=index)).scalar()
            return found

    def inbox(self, chat: int) -> list[InboxMessage]:
        return self._rows(InboxMessage, chat)

    def outbox(self, chat: int) -> list[OutboxMessage]:
        return self._rows(OutboxMessage, chat)

    def flags(self, chat: int) -> list[Flag]:
        return self._rows(Flag, chat)

    def turns(self, chat: int) -> list[Turn]:
        return self._rows(Turn, chat)

    def _rows(self, model: Any, chat: int) -> list[Any]:
        order = model.seq if hasattr(model, "seq") else model.id
        query = select(model).filter_by(person_id=self.person_id(chat)).order_by(order)
        with self.database.read() as session:
            found = list(session.execute(query).scalars().all())
            session.expunge_all()  # stays readable after the transaction
            return found
