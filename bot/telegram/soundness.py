"""Look whether an update is what the Bot API says: the library takes whatever JSON it is given."""

from __future__ import annotations

from telegram import CallbackQuery, Chat, ChatMember, ChatMemberUpdated, MaybeInaccessibleMessage, Message, Update, User


def is_sound(update: Update) -> bool:
    """Return whether the parts that the door looks at have the types that the library promises."""
    query, member = update.callback_query, update.my_chat_member
    messages = (update.message, update.edited_message, query.message if query is not None else None)
    return (
        (query is None or _is_sound_press(query))
        and (member is None or _is_sound_change(member))
        and all(_is_sound_message(message) for message in messages if message is not None)
    )


def _is_sound_press(query: CallbackQuery) -> bool:
    has_data = query.data is None or isinstance(query.data, str)
    return isinstance(query, CallbackQuery) and isinstance(query.id, str) and _is_user(query.from_user) and has_data


def _is_sound_change(member: ChatMemberUpdated) -> bool:
    return _is_chat(member.chat) and isinstance(member.new_chat_member, ChatMember)


def _is_sound_message(message: MaybeInaccessibleMessage) -> bool:
    if not _is_chat(message.chat) or not isinstance(message.message_id, int):
        return False
    if not isinstance(message, Message):
        return True
    words = (message.text, message.caption)
    sender = message.from_user is None or _is_user(message.from_user)
    return sender and all(part is None or isinstance(part, str) for part in words)


def _is_chat(chat: object) -> bool:
    return isinstance(chat, Chat) and isinstance(chat.id, int) and isinstance(chat.type, str)


def _is_user(user: object) -> bool:
    return isinstance(user, User) and (user.language_code is None or isinstance(user.language_code, str))
