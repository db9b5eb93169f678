"""The environment that ``bot/__main__.py`` gives python-telegram-bot, and a door with all behind it but Rasa."""

from __future__ import annotations

import asyncio
import itertools
import os
from typing import Any

import pytest
import pytest_asyncio

os.environ.setdefault("PTB_TIMEDELTA", "true")  # RetryAfter cannot even be raised without it: it warns

from telegram import Bot

from bot.telegram.door import TelegramDoor
from bot.telegram.feed import parse
from tests.fakes.bot_api import FakeBotApi
from tests.turns.conftest import path

__all__ = ["path"]


class Line:
    """A door on a house: what Telegram delivers is taken, and answered by the house's own conductor and sender."""

    def __init__(self, path: Any, api: FakeBotApi, bot: Bot) -> None:
        self.path, self.api, self.bot = path, api, bot
        self.door = TelegramDoor(path.database, path.settings, bot, path.dialogue)
        self._updates = itertools.count(1)

    async def take(self, raw: dict[str, Any]) -> None:
        """Take one update and do all that follows from it."""
        if query := raw.get("callback_query"):
            self.api._pressed_by[query["id"]] = query["from"]["id"]  # so that the fake knows the press
        await self.take_raw({"update_id": next(self._updates), **raw})

    async def take_raw(self, raw: dict[str, Any]) -> None:
        """Take one update under its own number and do all that follows from it."""
        update = parse(raw, self.bot)
        if update is not None:
            await self.door.take(update)
        await asyncio.gather(*self.door._small_tasks)
        await self.path.work()


@pytest_asyncio.fixture
async def line(path, monkeypatch):
    monkeypatch.setattr("bot.telegram.updates.utc_now", path.clock)
    async with FakeBotApi() as api, Bot(api.token, base_url=api.base_url) as bot:
        line = Line(path, api, bot)
        yield line
        await line.door.close()
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def _timedelta(monkeypatch):
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
