"""Turn Telegram updates into what the gate takes. Private chats only; nothing is downloaded."""

from __future__ import annotations

from telegram import CallbackQuery, Message, Update
from telegram.constants import ChatType

from bot.clock import utc_now
from bot.turns import Incoming, Kind

DOOR = "telegram"
ALLOWED_UPDATES = ["message", "edited_message", "callback_query", "my_chat_member"]


def incoming_of(update: Update) -> Incoming | None:
    """Return the update for the gate, or None for what concerns no man in private."""
    if update.callback_query is not None:
        return _pressed(update.update_id, update.callback_query)
    message = update.message or update.edited_message
    if message is None or message.chat.type != ChatType.PRIVATE:
        return None
    if message.from_user is None or message.from_user.is_bot or _is_service(message):
        return None
    kind = Kind.EDIT if update.edited_message else Kind.TEXT if message.text is not None else Kind.MEDIA
    return Incoming(
        door=DOOR,
        update_id=update.update_id,
        chat_id=str(message.chat.id),
        kind=kind,
        at=utc_now(),
        text=message.text if message.text is not None else message.caption,
        language=message.from_user.language_code or "en",
    )


def _pressed(update_id: int, query: CallbackQuery) -> Incoming | None:
    message = query.message
    if message is None or message.chat.type != ChatType.PRIVATE:
        return None
    language = query.from_user.language_code or "en"
    return Incoming(DOOR, update_id, str(message.chat.id), Kind.BUTTON, utc_now(), None, query.data, language=language)


def _is_service(message: Message) -> bool:
    """Return whether Telegram itself speaks here (pinned, timer set, ...) rather than the man."""
    service = (
        message.pinned_message,
        message.message_auto_delete_timer_changed,
        message.new_chat_members,
        message.left_chat_member,
        message.successful_payment,
        message.users_shared,
        message.chat_shared,
        message.write_access_allowed,
        message.chat_background_set,
    )
    return any(service)


def group_of(update: Update) -> int | None:
    """Return the id of the group or channel that the update comes from; the bot leaves those."""
    chat = update.effective_chat
    return chat.id if chat is not None and chat.type != ChatType.PRIVATE else None


def chosen_label(query: CallbackQuery) -> str | None:
    """Return what the pressed button says, from the keyboard that came with the press."""
    message = query.message
    if not isinstance(message, Message) or message.reply_markup is None:
        return None
    buttons = [button for row in message.reply_markup.inline_keyboard for button in row]
    return next((button.text for button in buttons if button.callback_data == query.data), None)
