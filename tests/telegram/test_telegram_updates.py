"""What Telegram may send, as real Update objects, and what becomes of each."""

from __future__ import annotations

import pytest
from telegram import Update

from bot.telegram.updates import chosen_label, group_of, incoming_of
from bot.turns import Kind

MAN = {"id": 7, "is_bot": False, "first_name": "Sam", "language_code": "de"}
ROBOT = {"id": 8, "is_bot": True, "first_name": "Robot"}
PRIVATE = {"id": 7, "type": "private", "first_name": "Sam"}
GROUP = {"id": -100, "type": "supergroup", "title": "Men"}
CHANNEL = {"id": -200, "type": "channel", "title": "News"}
FILE = {"file_id": "f", "file_unique_id": "u"}
PHOTO = [{**FILE, "width": 90, "height": 90}]


def message(**fields):
    return {"message_id": 3, "date": 1_790_000_000, "chat": PRIVATE, "from": MAN, **fields}


def update(**fields):
    return Update.de_json({"update_id": 55, **fields}, None)


def press(**fields):
    query = {"id": "1", "from": MAN, "chat_instance": "c", "data": "t0k3n", "message": message(text="Sure?")}
    return update(callback_query={**query, **fields})


@pytest.mark.parametrize(
    ("received", "kind", "text"),
    [
        (update(message=message(text="cannot sleep")), Kind.TEXT, "cannot sleep"),
        (update(message=message(text="/start")), Kind.TEXT, "/start"),
        (update(message=message(photo=PHOTO, caption="look at this")), Kind.MEDIA, "look at this"),
        (update(message=message(photo=PHOTO)), Kind.MEDIA, None),
        (update(message=message(voice={**FILE, "duration": 3})), Kind.MEDIA, None),
        (
            update(
                message=message(
                    sticker={
                        **FILE,
                        "width": 1,
                        "height": 1,
                        "is_animated": False,
                        "is_video": False,
                        "type": "regular",
                    }
                )
            ),
            Kind.MEDIA,
            None,
        ),
        (update(message=message(document=FILE, caption="my note")), Kind.MEDIA, "my note"),
        (update(message=message(location={"latitude": 1.0, "longitude": 2.0})), Kind.MEDIA, None),
        (update(message=message(something_new={"text": "x"})), Kind.MEDIA, None),
        (update(edited_message=message(text="not fine", edit_date=1_790_000_009)), Kind.EDIT, "not fine"),
        (update(edited_message=message(photo=PHOTO, caption="now this")), Kind.EDIT, "now this"),
    ],
)
def test_what_a_man_sends_in_private_is_taken(received, kind, text):
    incoming = incoming_of(received)
    assert (incoming.kind, incoming.text, incoming.button) == (kind, text, None)
    assert (incoming.door, incoming.update_id, incoming.chat_id, incoming.language) == (
        "telegram",
        55,
        "7",
        "de",
    )
    assert incoming.at.tzinfo is not None


@pytest.mark.parametrize(
    "gone", [message(text="Sure?"), {"message_id": 3, "date": 0, "chat": PRIVATE}], ids=["shown", "too old"]
)
def test_press_is_taken_with_its_opaque_data_also_when_the_message_is_too_old(gone):
    incoming = incoming_of(press(message=gone))
    assert (incoming.kind, incoming.button, incoming.text, incoming.chat_id) == (
        Kind.BUTTON,
        "t0k3n",
        None,
        "7",
    )


def test_man_without_a_language_gets_english():
    incoming = incoming_of(update(message=message(text="hi", **{"from": {**MAN, "language_code": None}})))
    assert incoming.language == "en"


@pytest.mark.parametrize(
    "received",
    [
        update(message=message(text="hi all", chat=GROUP)),
        update(message=message(photo=PHOTO, caption="hi all", chat=GROUP)),
        update(edited_message=message(text="hi all", chat=GROUP)),
        update(channel_post=message(text="news", chat=CHANNEL)),
        update(message=message(text="beep", **{"from": ROBOT})),
        update(message={"message_id": 3, "date": 1, "chat": PRIVATE, "text": "from nobody"}),
        update(message=message(message_auto_delete_timer_changed={"message_auto_delete_time": 60})),
        update(message=message(pinned_message=message(text="old"))),
        update(message=message(write_access_allowed={})),
        update(edited_channel_post=message(text="news", chat=CHANNEL)),
        update(a_kind_of_2030={"text": "hello"}),
        update(),
        press(message=message(text="Sure?", chat=GROUP)),
        press(message=None, inline_message_id="9"),
    ],
)
def test_what_concerns_no_man_in_private_is_not_taken(received):
    assert incoming_of(received) is None


@pytest.mark.parametrize(
    ("received", "chat"),
    [
        (update(message=message(text="hi", chat=GROUP)), -100),
        (update(channel_post=message(text="news", chat=CHANNEL)), -200),
        (update(message=message(text="hi")), None),
        (update(a_kind_of_2030={}), None),
    ],
)
def test_group_is_known_as_one(received, chat):
    assert group_of(received) == chat


def test_label_of_the_pressed_button_is_found_in_its_keyboard():
    rows = [[{"text": "Yes", "callback_data": "a"}], [{"text": "No", "callback_data": "t0k3n"}]]
    pressed = press(message=message(text="Sure?", reply_markup={"inline_keyboard": rows}))
    assert chosen_label(pressed.callback_query) == "No"
    assert chosen_label(press().callback_query) is None
