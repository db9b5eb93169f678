"""Fetch updates as Telegram sends them, so that one that the library cannot read never holds back the others."""

from __future__ import annotations

from typing import Any

import httpx
from telegram import Bot, Update
from telegram.error import NetworkError, TelegramError, TimedOut

from bot.telegram.soundness import is_sound
from bot.telegram.updates import ALLOWED_UPDATES

_KNOWN = frozenset({"message_id", "date", "edit_date", "chat", "from", "text", "caption", "entities", "reply_markup"})


class UpdateFeed:
    """Long polling with an offset that its caller keeps.

    Args:
        bot: Whose updates.
    """

    def __init__(self, bot: Bot) -> None:
        self._address = f"{bot.base_url}/getUpdates"
        self._client = httpx.AsyncClient()

    async def fetch(self, offset: int | None, timeout_seconds: int) -> list[dict[str, Any]]:
        """Return the updates from ``offset`` on, waiting up to ``timeout_seconds`` for the first.

        Raises:
            TelegramError: Telegram refused or could not be reached; nothing was fetched.
        """
        asked = {"timeout": timeout_seconds, "allowed_updates": ALLOWED_UPDATES}
        if offset is not None:
            asked["offset"] = offset
        try:
            response = await self._client.post(self._address, json=asked, timeout=timeout_seconds + 5)
            answer: dict[str, Any] = response.json()
        except httpx.TimeoutException as error:
            raise TimedOut from error
        except (httpx.HTTPError, ValueError) as error:
            raise NetworkError("Telegram could not be reached.") from error
        if not answer.get("ok"):
            raise TelegramError(f"Telegram refused getUpdates (status {response.status_code}).")
        updates: list[dict[str, Any]] = answer["result"]
        return updates

    async def close(self) -> None:
        """Close the connection."""
        await self._client.aclose()


def parse(raw: dict[str, Any], bot: Bot | None) -> Update | None:
    """Return the library's update.

    A message with parts that the library cannot read (a newer kind of poll, say) keeps its words, to be screened.
    None for what cannot be read at all.
    """
    for candidate in (raw, _bare(raw)):
        try:
            update = Update.de_json(candidate, bot)
            if is_sound(update):
                return update
        except (TypeError, KeyError, ValueError, AttributeError, OverflowError, OSError):  # the last two: odd dates
            continue
    return None


def _bare(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the update with nothing in its messages but who wrote what, where and when."""
    return {
        name: {key: part for key, part in value.items() if key in _KNOWN} if isinstance(value, dict) else value
        for name, value in raw.items()
        if "message" in name or name == "update_id"
    }
