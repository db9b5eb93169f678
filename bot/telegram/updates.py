"""Turn Telegram updates into what the gate takes. Private chats only; nothing is downloaded."""

from __future__ import annotations

from telegram import CallbackQuery, Message, Update
from telegram.constants import ChatMemberStatus, ChatType

from bot.clock import utc_now
from bot.telegram.kinds import content_of, is_service, words_of
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
    if message.from_user is None or message.from_user.is_bot or is_service(message):
        return None
    kind = Kind.EDIT if update.edited_message else Kind.TEXT if message.text is not None else Kind.MEDIA
    return Incoming(
        door=DOOR,
        update_id=update.update_id,
        chat_id=str(message.chat.id),
        kind=kind,
        at=utc_now(),
        text=words_of(message),
        language=message.from_user.language_code or "en",
        content="" if message.text is not None else content_of(message),
        message_id=message.message_id,
        place=_place_of(message),
    )


def _place_of(message: Message) -> tuple[float, float] | None:
    location = message.location or (message.venue.location if message.venue else None)
    return (location.latitude, location.longitude) if location else None


def _pressed(update_id: int, query: CallbackQuery) -> Incoming | None:
    message = query.message
    if message is None or message.chat.type != ChatType.PRIVATE:
        return None
    language = query.from_user.language_code or "en"
    return Incoming(DOOR, update_id, str(message.chat.id), Kind.BUTTON, utc_now(), None, query.data, language=language)


def group_of(update: Update) -> int | None:
    """Return the id of the group or channel that the update comes from; the bot leaves those."""
    chat = update.effective_chat
    return chat.id if chat is not None and chat.type != ChatType.PRIVATE else None


def blocked_by(update: Update) -> tuple[str, bool] | None:
    """Return the chat of a man who has just blocked (True) or unblocked (False) the bot; None for all else."""
    member = update.my_chat_member
    if member is None or member.chat.type != ChatType.PRIVATE:
        return None
    gone = member.new_chat_member.status in (ChatMemberStatus.BANNED, ChatMemberStatus.LEFT)
    return str(member.chat.id), gone


def chosen_label(query: CallbackQuery) -> str | None:
    """Return what the pressed button says, from the keyboard that came with the press."""
    message = query.message
    if not isinstance(message, Message) or message.reply_markup is None:
        return None
    buttons = [button for row in message.reply_markup.inline_keyboard for button in row]
    return next((button.text for button in buttons if button.callback_data == query.data), None)
