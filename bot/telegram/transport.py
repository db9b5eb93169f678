"""Hand bubbles to Telegram, and say precisely what is known when it goes wrong."""

from __future__ import annotations

import re
from datetime import timedelta

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from telegram.constants import ChatAction, MessageLimit
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.errors import NotSentError, SlowDownError, UncertainSendError, UnreachableError
from bot.turns.messages import cut

_NEVER_LEFT = ("ConnectError", "ConnectTimeout", "PoolTimeout")
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)  # a preview would show on his screen where he was sent
_NUMBER = re.compile(r"\d{3}|https?:|www\.|\.(?:org|com|de|uk|net)\b")  # of a line or a place to turn to
_GONE = ("chat not found", "user is deactivated", "bot was blocked")


class TelegramTransport:
    """The messenger behind the outbox.

    Args:
        bot: python-telegram-bot's client.
    """

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def send(self, chat_id: str, text: str, buttons: tuple[tuple[str, str], ...]) -> int | None:
        """Send one bubble; see ``bot.turns.sender.Transport``."""
        keyboard = InlineKeyboardMarkup(_rows(buttons)) if buttons else None
        try:
            message = await self._bot.send_message(
                int(chat_id),
                text,
                reply_markup=keyboard,
                link_preview_options=NO_PREVIEW,
                protect_content=is_about_him(text, has_choices=bool(buttons)),
            )
        except TelegramError as error:
            raise _translated(error) from error
        return message.message_id

    async def send_file(self, chat_id: str, text: str, name: str, content: bytes) -> int | None:
        """Send one file; see ``bot.turns.sender.Transport``."""
        try:
            message = await self._bot.send_document(int(chat_id), content, caption=text, filename=name)
        except TelegramError as error:
            raise _translated(error) from error
        return message.message_id

    async def send_picture(self, chat_id: str, text: str, picture: bytes, alt: str) -> int | None:
        """Send one picture; Telegram takes no words for a screen reader, so they stand in the caption."""
        try:
            message = await self._bot.send_photo(int(chat_id), picture, caption=_caption(text, alt))
        except TelegramError as error:
            raise _translated(error) from error
        return message.message_id

    async def typing(self, chat_id: str) -> None:
        """Show the typing sign; its failure is nobody's concern."""
        try:
            await self._bot.send_chat_action(int(chat_id), ChatAction.TYPING)
        except TelegramError:
            return


def is_about_him(text: str, *, has_choices: bool) -> bool:
    """Return whether a bubble must not be forwarded or saved by a slip of the thumb.

    A question with choices ends up with his answer written below it. A number to call stays free to be copied or sent
    on, whatever else stands in the bubble; so do his own files, which he asked for to have them.
    """
    return has_choices and _NUMBER.search(text) is None


def _caption(text: str, alt: str) -> str:
    return cut(f"{text}\n\n{alt}".strip(), MessageLimit.CAPTION_LENGTH)[0]


def _rows(buttons: tuple[tuple[str, str], ...]) -> list[list[InlineKeyboardButton]]:
    """Long labels get a row each; short ones such as numbers stand side by side, six to a row."""
    keys = [InlineKeyboardButton(label, callback_data=token) for label, token in buttons]
    width = 6 if all(len(label) <= 2 for label, _ in buttons) else 1
    return [keys[start : start + width] for start in range(0, len(keys), width)]


def _translated(error: TelegramError) -> Exception:
    if isinstance(error, RetryAfter):
        wait = error.retry_after
        return SlowDownError(wait.total_seconds() if isinstance(wait, timedelta) else float(wait))
    if isinstance(error, Forbidden) or any(sign in str(error).lower() for sign in _GONE):
        return UnreachableError("Telegram says that this chat cannot be reached.")
    if isinstance(error, TimedOut) and type(error.__cause__).__name__ not in _NEVER_LEFT:
        return UncertainSendError("Telegram did not answer in time.")
    if isinstance(error, BadRequest):
        return NotSentError("Telegram refused this message.", is_refused=True)
    if isinstance(error, NetworkError) and _was_cut_off(error):
        return UncertainSendError("The connection to Telegram broke.")
    return NotSentError(f"Telegram did not take the message ({type(error).__name__}).")


def _was_cut_off(error: NetworkError) -> bool:
    """Return whether the request had left: anything but an answer of Telegram's or a refused connection."""
    return type(error.__cause__).__name__ not in (*_NEVER_LEFT, "NoneType")
