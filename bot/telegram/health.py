"""What ``ballast doctor`` says about Telegram: the token, how updates are delivered, and the clock."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from bot.clock import Clock, utc_now
from bot.config import Settings

WITHIN_SECONDS = 10.0
MOST_SKEW_SECONDS = 30.0  # one step of a staff member's one-time code
MOST_PENDING = 1_000
_OLD_ERROR_SECONDS = 3_600
Found = list[tuple[str, bool, str]]


def look_at_telegram(settings: Settings, clock: Clock = utc_now) -> Found:
    """Return (part, is it well, sentence) for ``token``, ``webhook`` and ``clock``; no sentence holds the token."""
    if settings.telegram_token is None:
        return [("token", True, "none is set, so there is no bot; everything else runs.")]
    address = f"{settings.telegram_base_url}{settings.telegram_token}"
    try:
        with httpx.Client(timeout=WITHIN_SECONDS) as client:
            me = client.get(f"{address}/getMe")
            hook = client.get(f"{address}/getWebhookInfo")
            bot, info = me.json(), hook.json()
    except (httpx.HTTPError, ValueError) as error:
        return [("token", False, f"Telegram cannot be asked ({type(error).__name__}). Is the network there?")]
    if not bot.get("ok"):
        return [("token", False, "Telegram does not know it. Copy it from @BotFather again into TELEGRAM_TOKEN.")]
    told_at = me.headers.get("date")
    return [
        ("token", True, f"of @{bot['result'].get('username')}."),
        _webhook(settings, info.get("result") or {}, clock()),
        _clock(told_at, clock()),
    ]


def _webhook(settings: Settings, info: dict[str, Any], now: datetime) -> tuple[str, bool, str]:
    wanted, told = settings.telegram_webhook_url, info.get("url") or ""
    pending = int(info.get("pending_update_count") or 0)
    if told != wanted:
        return ("webhook", False, "Telegram was told another address than TELEGRAM_WEBHOOK_URL. Start the bot anew.")
    if now.timestamp() - int(info.get("last_error_date") or 0) < _OLD_ERROR_SECONDS:
        return ("webhook", False, f"Telegram could not deliver in the last hour; {pending} updates wait.")
    how = "Telegram delivers" if wanted else "none, the bot polls"
    return ("webhook", pending < MOST_PENDING, f"{how}; {pending} updates wait.")


def _clock(told_at: str | None, now: datetime) -> tuple[str, bool, str]:
    try:
        skew = abs((now - parsedate_to_datetime(told_at or "")).total_seconds())
    except (TypeError, ValueError):
        return ("clock", False, "Telegram did not say what time it is.")
    remedy = "" if skew <= MOST_SKEW_SECONDS else " Set it by NTP: clocks of flags and one-time codes need it."
    return ("clock", skew <= MOST_SKEW_SECONDS, f"{skew:.0f} s away from Telegram's.{remedy}")
