"""The door: commit before the offset moves, leave groups, answer presses."""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio
from telegram import Bot
from telegram.error import InvalidToken

from bot.config import Settings
from bot.crypto import KeyRing
from bot.errors import StorageError
from bot.storage import Database
from bot.storage.models import InboxMessage, Person
from bot.telegram.door import TelegramDoor
from tests.fakes.bot_api import FakeBotApi

pytestmark = pytest.mark.asyncio
MAN, GROUP = 7, -100


class NoDialogue:
    """Nobody asks it: the conductor does not run here."""


@pytest.fixture
def house(tmp_path):
    settings = Settings.from_environment({"BALLAST_HOME": str(tmp_path / "house")})
    database = Database(settings.database_url, KeyRing.create(settings.key_file))
    database.prepare()
    yield settings, database
    database.close()


@pytest_asyncio.fixture
async def api(monkeypatch):
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    async with FakeBotApi() as fake:
        yield fake


@pytest_asyncio.fixture
async def door(house, api):
    settings, database = house
    async with Bot(api.token, base_url=api.base_url) as bot:
        door = TelegramDoor(database, settings, bot, NoDialogue())
        yield door
        await door.close()
        await asyncio.sleep(0)


def stored(house):
    with house[1].read() as session:
        rows = session.query(InboxMessage).order_by(InboxMessage.seq).all()
        return [row.update_id for row in rows]


async def settle(door):
    await asyncio.gather(*door._small_tasks)


async def test_every_kind_of_private_message_is_stored_and_then_confirmed(house, api, door):
    text = api.say(MAN, "cannot sleep")
    message_id = api.updates[text]["message"]["message_id"]
    expected = [
        text,
        api.photo(MAN, "look"),
        api.photo(MAN),
        api.sticker(MAN),
        api.voice(MAN),
        api.edit(MAN, message_id, "cannot sleep at all"),
    ]
    await door.fetch(0)
    assert stored(house) == expected
    assert api.pending == 6  # confirmed by the next poll, and not before
    await door.fetch(0)
    assert api.pending == 0


async def test_offset_stays_before_an_update_that_could_not_be_stored(house, api, door, monkeypatch):
    first, second, third = (api.say(MAN, text) for text in ("one", "two", "three"))
    receive = door._gate.receive
    full = [second]

    def sometimes_full(incoming):
        if incoming.update_id in full:
            raise StorageError("The disk is full.")
        return receive(incoming)

    monkeypatch.setattr(door._gate, "receive", sometimes_full)
    with pytest.raises(StorageError):
        await door.fetch(0)
    assert stored(house) == [first]
    full.clear()
    await door.fetch(0)
    assert stored(house) == [first, second, third]


async def test_repeated_update_is_stored_once(house, api, door):
    update_id = api.say(MAN, "cannot sleep")
    await door.fetch(0)
    api.redeliver(update_id)
    await door.fetch(0)
    assert stored(house) == [update_id]


async def test_group_is_left_and_nothing_of_it_is_stored(house, api, door):
    api.group_message(GROUP, "I want to kill myself")
    await door.fetch(0)
    await settle(door)
    assert ("leaveChat", GROUP) in [(method, payload.get("chat_id")) for method, payload in api.calls]
    assert stored(house) == []
    with house[1].read() as session:
        assert session.query(Person).count() == 0


async def test_group_that_adds_the_bot_is_left_and_one_that_removed_it_is_not(api, door):
    def member(status):
        bot = {"user": api.me, "status": status}
        chat = {"id": GROUP, "type": "group", "title": "Men"}
        old = {"user": api.me, "status": "left"}
        more = {"until_date": 0} if status == "kicked" else {}
        return {
            "chat": chat,
            "from": {"id": MAN, "is_bot": False, "first_name": "Sam"},
            "date": 1_790_000_000,
            "old_chat_member": old,
            "new_chat_member": {**bot, **more},
        }

    for status, left in (("kicked", 0), ("member", 1)):
        api.raw({"my_chat_member": member(status)})
        await door.fetch(0)
        await settle(door)
        assert [method for method, _ in api.calls].count("leaveChat") == left


async def test_unknown_future_update_is_confirmed_and_forgotten(house, api, door):
    api.raw({"a_kind_of_2030": {"text": "hello"}})
    api.raw({"message": {"message_id": 1, "date": 1, "chat": {"id": MAN, "type": "private"}, "novelty": 1}})
    text = api.say(MAN, "still there?")
    await door.fetch(0)
    assert stored(house) == [text]


async def test_press_is_answered_at_once_and_shows_what_was_chosen(house, api, door):
    from telegram import InlineKeyboardButton, InlineKeyboardMarkup

    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Leave it", callback_data="tok")]])
    shown = await door._bot.send_message(MAN, "Sure?", reply_markup=keyboard)
    update_id = api.press(MAN, shown.message_id, "tok")
    await door.fetch(0)
    await settle(door)
    assert stored(house) == [update_id]
    assert "answerCallbackQuery" in [method for method, _ in api.calls]
    edited = api.messages[shown.message_id]
    assert edited["text"] == "Sure?\n\n> Leave it"
    assert "reply_markup" not in edited
    edit = next(payload for method, payload in api.calls if method == "editMessageText")
    assert edit["link_preview_options"] == {"is_disabled": True}


@pytest.mark.parametrize("method", ["answerCallbackQuery", "editMessageText"])
async def test_press_counts_even_when_its_looks_fail(house, api, door, method):
    from telegram import InlineKeyboardButton, InlineKeyboardMarkup

    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Leave it", callback_data="tok")]])
    shown = await door._bot.send_message(MAN, "Sure?", reply_markup=keyboard)
    api.fail_next(method, 400)
    update_id = api.press(MAN, shown.message_id, "tok")
    await door.fetch(0)
    await settle(door)
    assert stored(house) == [update_id]


async def test_man_whose_key_is_damaged_keeps_nobody_else_waiting(house, api, door):
    api.say(MAN, "one")
    await door.fetch(0)
    with house[1].write() as session:
        session.connection().exec_driver_sql("UPDATE person_keys SET wrapped = zeroblob(length(wrapped))")
    api.say(MAN, "two")
    other = api.say(8, "I want to kill myself")
    await door.fetch(0)
    assert stored(house)[1:] == [other]


async def test_a_message_with_a_part_that_the_library_cannot_read_keeps_its_words_and_holds_nobody_back(
    door, api, house
):
    api.say(51, "first")
    message = {"message_id": 900, "date": 1_790_000_000, "chat": {"id": 51, "type": "private", "first_name": "A"}}
    sender = {"id": 51, "is_bot": False, "first_name": "A"}
    api.raw({"message": {**message, "from": sender, "caption": "my words", "poll": {"id": "1"}}})
    api.say(51, "after it")
    await door.fetch(0)
    with house[1].read() as session:
        rows = session.query(InboxMessage).order_by(InboxMessage.seq).all()
        assert [row.body.reveal()["text"] for row in rows] == ["first", "my words", "after it"]


async def test_bot_that_starts_while_telegram_is_away_waits_for_it(house, api, monkeypatch):
    monkeypatch.setattr("bot.telegram.door.PAUSE_SECONDS", 0.01)
    settings, database = house
    for method in ("getMe", "setMyCommands", "deleteWebhook"):
        api.fail_next(method, 502, times=2)
    door = TelegramDoor(database, settings, Bot(api.token, base_url=api.base_url), NoDialogue())
    serving = asyncio.ensure_future(door.run())
    while not api.polls:
        assert not serving.done()
        await asyncio.sleep(0.01)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    await asyncio.sleep(0)


async def test_wrong_token_ends_the_bot(house, api):
    settings, database = house
    door = TelegramDoor(database, settings, Bot("1:guessed", base_url=api.base_url), NoDialogue())
    with pytest.raises(InvalidToken):
        await door.run()
