"""One real update of every kind of the Bot API, as Telegram writes it down.

Source: https://core.telegram.org/bots/api#update and #message, Bot API 10.0.
"""

from __future__ import annotations

from typing import Any

SINCE = 1_790_000_000
MAN = {"id": 7, "is_bot": False, "first_name": "Sam", "language_code": "en"}
ROBOT = {"id": 8, "is_bot": True, "first_name": "Robot"}
BALLAST = {"id": 42, "is_bot": True, "first_name": "Ballast", "username": "ballast_bot"}
PRIVATE = {"id": 7, "type": "private", "first_name": "Sam"}
GROUP = {"id": -100, "type": "supergroup", "title": "Men"}
SMALL_GROUP = {"id": -101, "type": "group", "title": "Lads"}
CHANNEL = {"id": -200, "type": "channel", "title": "News"}
FILE = {"file_id": "f", "file_unique_id": "u"}
PHOTO = [{**FILE, "width": 90, "height": 90}]
STICKER = {**FILE, "type": "regular", "width": 1, "height": 1, "is_animated": False, "is_video": False}
VIDEO = {**FILE, "width": 1, "height": 1, "duration": 2}
WHERE = {"latitude": 25.77, "longitude": -80.19}
OPTION = {"persistent_id": "1", "text": "drink", "voter_count": 0}
POLL = {
    "id": "1",
    "question": "what helps",
    "options": [OPTION],
    "total_voter_count": 0,
    "is_closed": False,
    "is_anonymous": True,
    "type": "regular",
    "allows_multiple_answers": False,
    "allows_revoting": True,
    "members_only": False,
}
PRICE = {"currency": "XTR", "total_amount": 1, "invoice_payload": "p"}
PAID = {**PRICE, "telegram_payment_charge_id": "t", "provider_payment_charge_id": "q"}
CHECKLIST = {"title": "this week", "tasks": [{"id": 1, "text": "see the doctor"}]}
CANNOT_SEE, CANNOT_READ, WORDS = "cannot_see", "cannot_read", "words"
NOTHING = "nothing"


def message(**fields: Any) -> dict[str, Any]:
    """Return a message of his in private, with what it holds."""
    return {"message_id": 3, "date": SINCE, "chat": PRIVATE, "from": MAN, **fields}


def member(status: str, chat: dict[str, Any]) -> dict[str, Any]:
    """Return how the bot's own standing in a chat changed."""
    more = {"until_date": 0} if status == "kicked" else {}
    old, new = {"user": BALLAST, "status": "left"}, {"user": BALLAST, "status": status, **more}
    return {"chat": chat, "from": MAN, "date": SINCE, "old_chat_member": old, "new_chat_member": new}


def query(**fields: Any) -> dict[str, Any]:
    """Return a press on a button."""
    return {"id": "1", "from": MAN, "chat_instance": "c", "data": "t0k3n", "message": message(text="Sure?"), **fields}


# What a message may hold, and what he reads after it: words for the dialogue, one of the gate's texts, or nothing.
MESSAGES: dict[str, tuple[dict[str, Any], str]] = {
    "text": ({"text": "cannot sleep"}, WORDS),
    "photo": ({"photo": PHOTO}, CANNOT_SEE),
    "photo with words": ({"photo": PHOTO, "caption": "look"}, WORDS),
    "photo of an album": ({"photo": PHOTO, "media_group_id": "9"}, CANNOT_SEE),
    "live_photo": ({"live_photo": {**VIDEO, "photo": PHOTO}, "photo": PHOTO}, CANNOT_SEE),
    "video": ({"video": VIDEO}, CANNOT_SEE),
    "video with words": ({"video": VIDEO, "caption": "look"}, WORDS),
    "animation": ({"animation": VIDEO, "document": FILE}, CANNOT_SEE),
    "sticker": ({"sticker": STICKER}, CANNOT_SEE),
    "story": ({"story": {"id": 1, "chat": PRIVATE}}, CANNOT_SEE),
    "paid_media": ({"paid_media": {"star_count": 1, "paid_media": [{"type": "photo", "photo": PHOTO}]}}, CANNOT_SEE),
    "voice": ({"voice": {**FILE, "duration": 3}}, CANNOT_SEE),
    "voice with words": ({"voice": {**FILE, "duration": 3}, "caption": "listen"}, WORDS),
    "audio": ({"audio": {**FILE, "duration": 3}}, CANNOT_SEE),
    "video_note": ({"video_note": {**FILE, "length": 1, "duration": 3}}, CANNOT_SEE),
    "location": ({"location": WHERE}, "place_not_needed"),
    "live location": ({"location": {**WHERE, "live_period": 900, "heading": 3}}, "place_not_needed"),
    "venue": (
        {"venue": {"location": WHERE, "title": "Pub", "address": "Quay"}, "location": WHERE},
        "place_not_needed",
    ),
    "contact": ({"contact": {"phone_number": "0", "first_name": "Sam", "user_id": 7}}, "contact_not_kept"),
    "document": ({"document": FILE}, CANNOT_READ),
    "document with words": ({"document": FILE, "caption": "my note"}, WORDS),
    "poll": ({"poll": POLL}, WORDS),
    "checklist": ({"checklist": CHECKLIST}, WORDS),
    "dice": ({"dice": {"emoji": "\N{GAME DIE}", "value": 3}}, CANNOT_READ),
    "game": ({"game": {"title": "g", "description": "d", "photo": PHOTO}}, CANNOT_READ),
    "invoice": (
        {
            "invoice": {
                "title": "t",
                "description": "d",
                "start_parameter": "s",
                "currency": "XTR",
                "total_amount": 1,
            }
        },
        CANNOT_READ,
    ),
    "giveaway": (
        {"giveaway": {"chats": [CHANNEL], "winners_selection_date": SINCE, "winner_count": 1}},
        CANNOT_READ,
    ),
    "giveaway_winners": (
        {
            "giveaway_winners": {
                "chat": CHANNEL,
                "giveaway_message_id": 1,
                "winners_selection_date": SINCE,
                "winner_count": 1,
                "winners": [MAN],
            }
        },
        CANNOT_READ,
    ),
    "of a later year": ({"hologram": {"text": "x"}}, CANNOT_READ),
    "forwarded": (
        {"text": "old words", "forward_origin": {"type": "user", "date": SINCE, "sender_user": MAN}},
        WORDS,
    ),
    "forwarded from one who hides": (
        {
            "text": "old words",
            "forward_origin": {"type": "hidden_user", "date": SINCE, "sender_user_name": "x"},
        },
        WORDS,
    ),
    "forwarded from a channel": (
        {
            "text": "news",
            "forward_origin": {"type": "channel", "date": SINCE, "chat": CHANNEL, "message_id": 1},
        },
        WORDS,
    ),
    "reply": ({"text": "that one", "reply_to_message": message(message_id=2, text="which")}, WORDS),
    "reply to a part": ({"text": "this", "quote": {"text": "which", "position": 0}}, WORDS),
    "reply elsewhere": (
        {"text": "this", "external_reply": {"origin": {"type": "user", "date": SINCE, "sender_user": MAN}}},
        WORDS,
    ),
    "reply_to_story": ({"text": "seen", "reply_to_story": {"id": 1, "chat": PRIVATE}}, WORDS),
    "through another bot": ({"text": "found it", "via_bot": ROBOT}, WORDS),
    "effect_id": ({"text": "wow", "effect_id": "5"}, WORDS),
    "sent while he was away": ({"text": "later", "is_from_offline": True}, WORDS),
    "in a thread": ({"text": "here", "message_thread_id": 5, "is_topic_message": True}, WORDS),
    "from another bot": ({"text": "beep", "from": ROBOT}, NOTHING),
    "from nobody": ({"text": "hm", "from": None}, NOTHING),
    "pinned_message": ({"pinned_message": message(message_id=2, text="old")}, NOTHING),
    "message_auto_delete_timer_changed": (
        {"message_auto_delete_timer_changed": {"message_auto_delete_time": 60}},
        NOTHING,
    ),
    "write_access_allowed": ({"write_access_allowed": {"from_request": True}}, NOTHING),
    "connected_website": ({"connected_website": "example.org"}, NOTHING),
    "chat_background_set": (
        {"chat_background_set": {"type": {"type": "chat_theme", "theme_name": "x"}}},
        NOTHING,
    ),
    "users_shared": ({"users_shared": {"request_id": 1, "users": [{"user_id": 1}]}}, NOTHING),
    "chat_shared": ({"chat_shared": {"request_id": 1, "chat_id": -5}}, NOTHING),
    "web_app_data": ({"web_app_data": {"data": "d", "button_text": "b"}}, NOTHING),
    "passport_data": (
        {"passport_data": {"data": [], "credentials": {"data": "d", "hash": "h", "secret": "s"}}},
        NOTHING,
    ),
    "successful_payment": ({"successful_payment": PAID}, NOTHING),
    "refunded_payment": (
        {"refunded_payment": {**PRICE, "telegram_payment_charge_id": "t"}},
        NOTHING,
    ),
    "gift": ({"gift": {"gift": {"id": "1", "sticker": STICKER, "star_count": 1}}}, NOTHING),
    "gift_upgrade_sent": (
        {"gift_upgrade_sent": {"gift": {"id": "1", "sticker": STICKER, "star_count": 1}}},
        NOTHING,
    ),
    "giveaway_created": ({"giveaway_created": {}}, NOTHING),
    "giveaway_completed": ({"giveaway_completed": {"winner_count": 1}}, NOTHING),
    "boost_added": ({"boost_added": {"boost_count": 1}}, NOTHING),
    "proximity_alert_triggered": (
        {"proximity_alert_triggered": {"traveler": MAN, "watcher": MAN, "distance": 1}},
        NOTHING,
    ),
    "managed_bot_created": ({"managed_bot_created": {"bot": ROBOT}}, NOTHING),
    "new_chat_members": ({"new_chat_members": [MAN]}, NOTHING),
    "left_chat_member": ({"left_chat_member": MAN}, NOTHING),
    "new_chat_title": ({"new_chat_title": "x"}, NOTHING),
    "new_chat_photo": ({"new_chat_photo": PHOTO}, NOTHING),
    "delete_chat_photo": ({"delete_chat_photo": True}, NOTHING),
    "group_chat_created": ({"group_chat_created": True}, NOTHING),
    "supergroup_chat_created": ({"supergroup_chat_created": True}, NOTHING),
    "channel_chat_created": ({"channel_chat_created": True}, NOTHING),
    "migrate_to_chat_id": ({"migrate_to_chat_id": -9}, NOTHING),
    "migrate_from_chat_id": ({"migrate_from_chat_id": -9}, NOTHING),
    "chat_owner_left": ({"chat_owner_left": {}}, NOTHING),
    "chat_owner_changed": ({"chat_owner_changed": {"new_owner": MAN}}, NOTHING),
    "forum_topic_created": ({"forum_topic_created": {"name": "x", "icon_color": 1}}, NOTHING),
    "forum_topic_edited": ({"forum_topic_edited": {"name": "y"}}, NOTHING),
    "forum_topic_closed": ({"forum_topic_closed": {}}, NOTHING),
    "forum_topic_reopened": ({"forum_topic_reopened": {}}, NOTHING),
    "general_forum_topic_hidden": ({"general_forum_topic_hidden": {}}, NOTHING),
    "general_forum_topic_unhidden": ({"general_forum_topic_unhidden": {}}, NOTHING),
    "video_chat_scheduled": ({"video_chat_scheduled": {"start_date": SINCE}}, NOTHING),
    "video_chat_started": ({"video_chat_started": {}}, NOTHING),
    "video_chat_ended": ({"video_chat_ended": {"duration": 1}}, NOTHING),
    "video_chat_participants_invited": ({"video_chat_participants_invited": {"users": [MAN]}}, NOTHING),
    "checklist_tasks_done": ({"checklist_tasks_done": {"marked_as_done_task_ids": [1]}}, NOTHING),
    "checklist_tasks_added": ({"checklist_tasks_added": {"tasks": CHECKLIST["tasks"]}}, NOTHING),
    "direct_message_price_changed": (
        {"direct_message_price_changed": {"are_direct_messages_enabled": True}},
        NOTHING,
    ),
    "paid_message_price_changed": ({"paid_message_price_changed": {"paid_message_star_count": 1}}, NOTHING),
    "suggested_post_declined": ({"suggested_post_declined": {"comment": "no"}}, NOTHING),
    "suggested_post_refunded": ({"suggested_post_refunded": {"reason": "post_deleted"}}, NOTHING),
}
# Updates that are no message of his, and what he reads after them.
OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "edited_message": ({"edited_message": message(text="cannot sleep at all", edit_date=SINCE)}, NOTHING),
    "edited caption": ({"edited_message": message(photo=PHOTO, caption="x", edit_date=SINCE)}, NOTHING),
    "moving location": ({"edited_message": message(location=WHERE, edit_date=SINCE)}, NOTHING),
    "callback_query": ({"callback_query": query()}, "stale_button"),
    "press on an old message": (
        {"callback_query": query(message={"message_id": 3, "date": 0, "chat": PRIVATE})},
        "stale_button",
    ),
    "press on a game": ({"callback_query": query(data=None, game_short_name="g")}, "stale_button"),
    "press in a group": ({"callback_query": query(message=message(text="Sure?", chat=GROUP))}, NOTHING),
    "press without a message": ({"callback_query": query(message=None, inline_message_id="9")}, NOTHING),
    "my_chat_member blocked": ({"my_chat_member": member("kicked", PRIVATE)}, NOTHING),
    "my_chat_member unblocked": ({"my_chat_member": member("member", PRIVATE)}, NOTHING),
    "my_chat_member in a group": ({"my_chat_member": member("member", GROUP)}, NOTHING),
    "my_chat_member out of a group": ({"my_chat_member": member("kicked", GROUP)}, NOTHING),
    "group": ({"message": message(text="hi all", chat=GROUP)}, NOTHING),
    "small group": ({"message": message(text="hi all", chat=SMALL_GROUP)}, NOTHING),
    "anonymous in a group": ({"message": message(text="hi", chat=GROUP, sender_chat=GROUP)}, NOTHING),
    "edited in a group": ({"edited_message": message(text="hi", chat=GROUP, edit_date=SINCE)}, NOTHING),
    "channel_post": ({"channel_post": {"message_id": 1, "date": SINCE, "chat": CHANNEL, "text": "n"}}, NOTHING),
    "edited_channel_post": (
        {"edited_channel_post": {"message_id": 1, "date": SINCE, "edit_date": SINCE, "chat": CHANNEL, "text": "n"}},
        NOTHING,
    ),
    "inline_query": ({"inline_query": {"id": "1", "from": MAN, "query": "q", "offset": ""}}, NOTHING),
    "chosen_inline_result": ({"chosen_inline_result": {"result_id": "1", "from": MAN, "query": "q"}}, NOTHING),
    "shipping_query": (
        {
            "shipping_query": {
                "id": "1",
                "from": MAN,
                "invoice_payload": "p",
                "shipping_address": dict.fromkeys(
                    ("country_code", "state", "city", "street_line1", "street_line2", "post_code"), "x"
                ),
            }
        },
        NOTHING,
    ),
    "pre_checkout_query": ({"pre_checkout_query": {"id": "1", "from": MAN, **PRICE}}, NOTHING),
    "poll": ({"poll": POLL}, NOTHING),
    "poll_answer": (
        {"poll_answer": {"poll_id": "1", "user": MAN, "option_ids": [0], "option_persistent_ids": ["1"]}},
        NOTHING,
    ),
    "chat_member": ({"chat_member": member("member", GROUP)}, NOTHING),
    "chat_join_request": (
        {"chat_join_request": {"chat": GROUP, "from": MAN, "user_chat_id": 7, "date": SINCE}},
        NOTHING,
    ),
    "chat_boost": (
        {
            "chat_boost": {
                "chat": CHANNEL,
                "boost": {
                    "boost_id": "b",
                    "add_date": SINCE,
                    "expiration_date": SINCE,
                    "source": {"source": "premium", "user": MAN},
                },
            }
        },
        NOTHING,
    ),
    "removed_chat_boost": (
        {
            "removed_chat_boost": {
                "chat": CHANNEL,
                "boost_id": "b",
                "remove_date": SINCE,
                "source": {"source": "premium", "user": MAN},
            }
        },
        NOTHING,
    ),
    "message_reaction": (
        {
            "message_reaction": {
                "chat": PRIVATE,
                "message_id": 3,
                "user": MAN,
                "date": SINCE,
                "old_reaction": [],
                "new_reaction": [{"type": "emoji", "emoji": "\N{THUMBS UP SIGN}"}],
            }
        },
        NOTHING,
    ),
    "message_reaction_count": (
        {
            "message_reaction_count": {
                "chat": CHANNEL,
                "message_id": 3,
                "date": SINCE,
                "reactions": [{"type": {"type": "emoji", "emoji": "\N{THUMBS UP SIGN}"}, "total_count": 1}],
            }
        },
        NOTHING,
    ),
    "business_connection": (
        {"business_connection": {"id": "b", "user": MAN, "user_chat_id": 7, "date": SINCE, "is_enabled": True}},
        NOTHING,
    ),
    "business_message": (
        {"business_message": message(text="to a shop", business_connection_id="b")},
        NOTHING,
    ),
    "edited_business_message": (
        {"edited_business_message": message(text="to a shop", business_connection_id="b", edit_date=SINCE)},
        NOTHING,
    ),
    "deleted_business_messages": (
        {"deleted_business_messages": {"business_connection_id": "b", "chat": PRIVATE, "message_ids": [1]}},
        NOTHING,
    ),
    "purchased_paid_media": ({"purchased_paid_media": {"from": MAN, "paid_media_payload": "p"}}, NOTHING),
    "managed_bot": ({"managed_bot": {"user": MAN, "bot": ROBOT}}, NOTHING),
    "guest_message": ({"guest_message": message(text="in passing", chat=GROUP, guest_query_id="g")}, NOTHING),
    "of a later year": ({"a_kind_of_2030": {"text": "hello"}}, NOTHING),
    "with nothing in it": ({}, NOTHING),
    "not an object": ({"message": "hello"}, NOTHING),
    "without a chat": ({"message": {"message_id": 1, "text": "hello"}}, NOTHING),
}
EVERY = {f"message: {name}": ({"message": message(**fields)}, reads) for name, (fields, reads) in MESSAGES.items()}
EVERY |= OTHERS
