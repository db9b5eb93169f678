"""``ballast ready``: wait until everything that was started can be trusted, and say where it is.

``ballast ready --turn`` waits for nothing: it has the dialogue run a turn of nobody, for health checks.
"""

from __future__ import annotations

import asyncio
import sys

from bot.config import Settings
from bot.crypto import KeyRing
from bot.crypto.sources import key_source
from bot.errors import DialogueUnavailableError, SettingError
from bot.storage import open_database
from bot.turns import DialogueClient

WITHIN_SECONDS = 180


def main(arguments: list[str], settings: Settings) -> int:
    """Wait for Rasa and print a line for each part; or only see whether it answers now.

    Raises:
        DialogueUnavailableError: With ``--turn``: it does not.
        SettingError: Rasa's channel did not report the sealed tracker store in time, or an argument is not known.
    """
    if arguments not in ([], ["--turn"]):
        raise SettingError("ballast ready takes --turn or nothing.")
    if arguments:
        token = KeyRing.read_from(key_source(settings)).channel_token
        asyncio.run(_rehearse(DialogueClient(settings.rasa_url, token, 10)))
        sys.stdout.write("The dialogue answers.\n")
        return 0
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


async def _rehearse(dialogue: DialogueClient) -> None:
    try:
        await dialogue.health(with_turn=True)
    finally:
        await dialogue.close()


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
