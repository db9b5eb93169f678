"""What the doctor learns from Telegram, over real HTTP."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta

import pytest
import pytest_asyncio

from bot.clock import utc_now
from bot.config import Settings
from bot.telegram.health import look_at_telegram
from tests.fakes.bot_api import FakeBotApi

pytestmark = pytest.mark.asyncio
HOOK = "https://bot.example/telegram"


@pytest_asyncio.fixture
async def api():
    async with FakeBotApi() as fake:
        yield fake


@pytest.fixture
def settings(api, tmp_path):
    return Settings.from_environment(
        {"BALLAST_HOME": str(tmp_path), "TELEGRAM_TOKEN": api.token, "TELEGRAM_BASE_URL": api.base_url}
    )


async def look(settings, clock=utc_now):
    found = await asyncio.get_running_loop().run_in_executor(None, look_at_telegram, settings, clock)
    assert not any((settings.telegram_token or "-") in sentence for _, _, sentence in found)
    return {part: (is_well, sentence) for part, is_well, sentence in found}


async def test_bot_that_polls_is_well(settings):
    found = await look(settings)
    assert {part: is_well for part, (is_well, _) in found.items()} == {"token": True, "webhook": True, "clock": True}
    assert found["token"][1] == "of @ballast_bot."
    assert "polls" in found["webhook"][1]


async def test_no_token_is_well_and_nobody_is_asked(settings):
    found = await look(dataclasses.replace(settings, telegram_token=None, telegram_base_url="http://127.0.0.1:9/bot"))
    assert list(found) == ["token"]
    assert found["token"][0]


@pytest.mark.parametrize("change", [{"telegram_token": "1:guessed"}, {"telegram_base_url": "http://127.0.0.1:9/bot"}])
async def test_wrong_token_and_absent_telegram_are_told(settings, change):
    found = await look(dataclasses.replace(settings, **change))
    assert [(part, is_well) for part, (is_well, _) in found.items()] == [("token", False)]


@pytest.mark.parametrize(
    ("told", "wanted", "is_well"), [(HOOK, HOOK, True), (HOOK, "", False), ("", HOOK, False), (HOOK, HOOK + "2", False)]
)
async def test_address_that_telegram_was_told_must_be_ours(api, settings, told, wanted, is_well):
    api._webhook_url = told
    found = await look(dataclasses.replace(settings, telegram_webhook_url=wanted))
    assert found["webhook"][0] is is_well


@pytest.mark.parametrize(("seconds", "is_well"), [(0, True), (20, True), (40, False), (-40, False)])
async def test_clock_is_held_against_telegrams(settings, seconds, is_well):
    found = await look(settings, lambda: utc_now() + timedelta(seconds=seconds))
    assert found["clock"][0] is is_well
