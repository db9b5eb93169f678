"""``ballast ready``: wait until everything that was started can be trusted, and say where it is."""

from __future__ import annotations

import asyncio
import sys

from bot.config import Settings
from bot.errors import DialogueUnavailableError, SettingError
from bot.storage import open_database
from bot.turns import DialogueClient

WITHIN_SECONDS = 180


def main(settings: Settings) -> int:
    """Wait for Rasa and print a line for each part.

    Raises:
        SettingError: Rasa's channel did not report the sealed tracker store in time.
    """
    database = open_database(settings)
    token = database.vault.keyring.channel_token
    database.close()
    facts = asyncio.run(_wait(DialogueClient(settings.rasa_url, token, 5)))
    bot = "running" if settings.telegram_token else "not started, no TELEGRAM_TOKEN"
    sys.stdout.write(
        f"Ready. Rasa: {settings.rasa_url} ({facts['tracker_store']}). Telegram: {bot}. "
        f"Staff app: http://{settings.staff_host}:{settings.staff_port}\n"
    )
    return 0


async def _wait(dialogue: DialogueClient) -> dict[str, str]:
    try:
        for _ in range(WITHIN_SECONDS * 2):
            try:
                return await dialogue.health()
            except DialogueUnavailableError:
                await asyncio.sleep(0.5)
    finally:
        await dialogue.close()
    raise SettingError("Rasa's channel did not report the sealed tracker store in time. Look at its lines above.")
