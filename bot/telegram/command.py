"""``ballast telegram``: run the bot."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from importlib.util import find_spec

from bot import health, logs, measures
from bot.config import Settings
from bot.errors import DialogueUnavailableError
from bot.logs import log_event
from bot.storage import Sole, open_database
from bot.telegram.door import TelegramDoor, make_bot
from bot.telegram.pulse import Pulse, watch_pending
from bot.telegram.updates import DOOR
from bot.turns import DialogueClient

ADVICE = """No Telegram token is set, so the bot is not started; everything else runs.
Write to @BotFather on Telegram, send /newbot, choose a name, and copy the token that it gives you.
Then put TELEGRAM_TOKEN=<token> into .env and run this again.
"""
_log = logging.getLogger("ballast.telegram")


def main(settings: Settings) -> int:
    """Serve until SIGTERM or Ctrl-C; 0 at once, with advice, where there is no token."""
    logs.install(settings.log_level)
    if settings.telegram_token is None:
        sys.stderr.write(ADVICE)
        return 0
    asyncio.run(_serve(settings))
    return 0


def mark_absent(module: str = "sniffio") -> None:
    """Have an import that fails fail at once: httpcore tries this one some thirty times a message, over all folders."""
    if find_spec(module) is None:
        sys.modules[module] = None  # type: ignore[assignment]  # Python's own sign for "there is none"


async def _serve(settings: Settings) -> None:
    mark_absent()
    database = open_database(settings)
    sole = Sole(database, DOOR)
    token = database.vault.keyring.channel_token
    dialogue = DialogueClient(settings.rasa_url, token, settings.dialogue_timeout_seconds)
    bot, pulse = make_bot(settings), Pulse()
    door = TelegramDoor(database, settings, bot, dialogue)
    listening = health.serve(settings, database, "telegram", {"loop": pulse.fault}, screens=True)
    serving = asyncio.ensure_future(door.run())
    watching = [asyncio.ensure_future(work) for work in (_watch_rasa(dialogue), pulse.run(), watch_pending(bot))]
    for stop in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(stop, serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        log_event(_log, "telegram.stopped")
    finally:
        for watch in watching:
            watch.cancel()
        if listening is not None:
            listening.close()
        await dialogue.close()
        database.close()
        sole.close()


async def _watch_rasa(dialogue: DialogueClient) -> None:
    """Log when Rasa becomes ready or goes away; the bot serves either way."""
    was_ready: bool | None = None
    while True:
        try:
            facts = await dialogue.health()
            ready = True
        except DialogueUnavailableError:
            facts, ready = {}, False
        measures.rasa_ready.put(ready)
        if ready != was_ready:
            level = logging.INFO if ready else logging.WARNING
            log_event(_log, "rasa.ready" if ready else "rasa.away", level=level, **facts)
            was_ready = ready
        await asyncio.sleep(2)
