"""What a Telegram message holds: words, something that cannot be read here, or a note of Telegram's own."""

from __future__ import annotations

from telegram import Message

# What he himself sends, by how it is answered; nothing of it is downloaded.
CONTENT = {
    "picture": ("photo", "live_photo", "video", "animation", "sticker", "story", "paid_media"),
    "voice": ("voice", "audio", "video_note"),
    "place": ("location", "venue"),
    "contact": ("contact",),
    "other": ("document", "poll", "dice", "game", "checklist", "invoice", "giveaway", "giveaway_winners"),
}
# Telegram itself speaks in these (pinned, timer set, shared, paid, ...), not the man. A kind that stands in neither
# list is answered: better a needless answer than silence.
SERVICE = (
    *("pinned_message", "message_auto_delete_timer_changed", "write_access_allowed", "connected_website"),
    *("chat_background_set", "users_shared", "chat_shared", "web_app_data", "passport_data"),
    *("successful_payment", "refunded_payment", "gift", "unique_gift", "gift_upgrade_sent", "giveaway_created"),
    *("giveaway_completed", "boost_added", "proximity_alert_triggered", "managed_bot_created"),
    *("new_chat_members", "left_chat_member", "new_chat_title", "new_chat_photo", "delete_chat_photo"),
    *("group_chat_created", "supergroup_chat_created", "channel_chat_created", "migrate_to_chat_id"),
    *("migrate_from_chat_id", "chat_owner_changed", "chat_owner_left", "forum_topic_created", "forum_topic_edited"),
    *("forum_topic_closed", "forum_topic_reopened", "general_forum_topic_hidden", "general_forum_topic_unhidden"),
    *("video_chat_scheduled", "video_chat_started", "video_chat_ended", "video_chat_participants_invited"),
    *("checklist_tasks_done", "checklist_tasks_added", "poll_option_added", "poll_option_deleted"),
    *("suggested_post_approved", "suggested_post_approval_failed", "suggested_post_declined", "suggested_post_paid"),
    *("suggested_post_refunded", "suggested_post_info", "direct_message_price_changed", "paid_message_price_changed"),
)


def words_of(message: Message) -> str | None:
    """Return what he wrote: the text, a caption, or the words of a poll or checklist; None where there are none."""
    if message.text is not None or message.caption is not None:
        return message.text if message.text is not None else message.caption
    if message.poll is not None:
        return "\n".join(str(part) for part in (message.poll.question, *(row.text for row in message.poll.options)))
    if message.checklist is not None:
        tasks = (task.text for task in message.checklist.tasks)
        return "\n".join(str(part) for part in (message.checklist.title, *tasks))
    return None


def content_of(message: Message) -> str:
    """Return which of ``CONTENT`` the message is; ``other`` for what nobody knows yet."""
    found = (kind for kind, names in CONTENT.items() if any(getattr(message, name, None) for name in names))
    return next(found, "other")


def is_service(message: Message) -> bool:
    """Return whether Telegram itself speaks here rather than the man."""
    return words_of(message) is None and any(getattr(message, name, None) for name in SERVICE)
