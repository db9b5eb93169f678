"""Signs of life that only the Telegram process has: its loop turns, and how much waits at Telegram."""

from __future__ import annotations

import asyncio
import time

from telegram import Bot
from telegram.error import TelegramError

from bot import measures

STUCK_AFTER_SECONDS = 15.0  # far above the five seconds that a locked database may hold the loop
PENDING_EVERY_SECONDS = 60.0
_BEAT_SECONDS = 1.0


class Pulse:
    """Beats as long as the event loop turns."""

    def __init__(self) -> None:
        self._beaten_at = time.monotonic()

    async def run(self) -> None:
        """Beat for ever."""
        while True:
            self._beaten_at = time.monotonic()
            await asyncio.sleep(_BEAT_SECONDS)

    def fault(self) -> str | None:
        """Return what is wrong when the loop has stood still for too long."""
        still = time.monotonic() - self._beaten_at
        return f"it has stood still for {still:.0f} s" if still > STUCK_AFTER_SECONDS else None


async def watch_pending(bot: Bot) -> None:
    """Ask Telegram once a minute how many updates wait there."""
    while True:
        await asyncio.sleep(PENDING_EVERY_SECONDS)
        try:
            info = await bot.get_webhook_info()
            measures.pending_updates.put(info.pending_update_count)
        except TelegramError:
            measures.pending_updates.put(float("nan"))
