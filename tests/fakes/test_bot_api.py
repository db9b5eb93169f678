"""The fake Bot API as python-telegram-bot sees it over HTTP, and as a test drives it."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from telegram import Bot, BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, Message, Update
from telegram.error import (
    BadRequest,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from .bot_api import FakeBotApi

MAN = 7
GROUP = -100
PNG = b"\x89PNG" + bytes(1000)
POLL = timedelta(seconds=0.3)  # Far longer than an answer on loopback takes.


@pytest_asyncio.fixture
async def api() -> AsyncIterator[FakeBotApi]:
    async with FakeBotApi() as fake:
        yield fake


@pytest_asyncio.fixture
async def bot(api: FakeBotApi, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bot]:
    # Without it RetryAfter cannot even be raised where warnings are errors.
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    async with Bot(api.token, base_url=api.base_url) as client:
        yield client


def buttons(**labels: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(label, callback_data=labels[label]) for label in labels]])


async def only_update(bot: Bot) -> Update:
    (update,) = await bot.get_updates()
    return update


async def only_message(bot: Bot) -> Message:
    message = (await only_update(bot)).effective_message
    assert message is not None
    return message


async def polling(api: FakeBotApi) -> None:
    while api.polls == 0:
        await asyncio.sleep(0)


# Men write.


@pytest.mark.asyncio
async def test_text_arrives_as_a_private_message_from_a_person(api: FakeBotApi, bot: Bot) -> None:
    api.language_codes[MAN] = "de"
    update_id = api.say(MAN, "cannot sleep")
    update = await only_update(bot)
    message = update.message
    assert (update.update_id, message.text) == (update_id, "cannot sleep")
    assert (message.chat.id, message.chat.type) == (MAN, "private")
    assert (message.from_user.id, message.from_user.is_bot, message.from_user.language_code) == (
        MAN,
        False,
        "de",
    )
    assert type(api.updates[update_id]["message"]["date"]) is int


@pytest.mark.asyncio
async def test_command_is_marked_and_extra_fields_are_laid_over(api: FakeBotApi, bot: Bot) -> None:
    api.say(MAN, "/start now", is_from_offline=True)
    message = await only_message(bot)
    assert message.parse_entities(["bot_command"]) == {message.entities[0]: "/start"}
    assert message.is_from_offline is True


@pytest.mark.asyncio
async def test_message_ids_are_unique_across_men_and_bot(api: FakeBotApi, bot: Bot) -> None:
    api.say(MAN, "one")
    sent = await bot.send_message(MAN, "two")
    api.say(8, "three")
    messages = [update.message.message_id for update in await bot.get_updates()]
    assert len({*messages, sent.message_id}) == 3


@pytest.mark.asyncio
async def test_edit_arrives_under_the_message_it_changes(api: FakeBotApi, bot: Bot) -> None:
    message_id = api.updates[api.say(MAN, "fine")]["message"]["message_id"]
    api.edit(MAN, message_id, "not fine")
    edited = (await bot.get_updates())[1].edited_message
    assert (edited.message_id, edited.text) == (message_id, "not fine")
    assert edited.edit_date is not None


@pytest.mark.asyncio
async def test_files_arrive_with_their_captions(api: FakeBotApi, bot: Bot) -> None:
    api.photo(MAN, "look")
    api.photo(MAN)
    api.sticker(MAN)
    api.voice(MAN)
    captioned, bare, sticker, voice = [update.message for update in await bot.get_updates()]
    assert captioned.photo
    assert captioned.caption == "look"
    assert bare.photo
    assert bare.caption is None
    assert sticker.sticker.type == "regular"
    assert voice.voice.mime_type == "audio/ogg"


@pytest.mark.asyncio
async def test_group_message_comes_from_a_man_in_a_group(api: FakeBotApi, bot: Bot) -> None:
    api.group_message(GROUP, "hello all", sender_id=MAN)
    message = await only_message(bot)
    assert (message.chat.id, message.chat.type, message.from_user.id) == (GROUP, "group", MAN)


@pytest.mark.asyncio
async def test_raw_update_keeps_its_id_and_later_ones_count_on(api: FakeBotApi, bot: Bot) -> None:
    assert api.raw({"update_id": 500, "message": {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "x"}}}) == 500
    assert api.say(MAN, "next") == 501
    assert [update.update_id for update in await bot.get_updates()] == [500, 501]


@pytest.mark.asyncio
async def test_press_carries_the_message_and_can_be_answered(api: FakeBotApi, bot: Bot) -> None:
    await bot.send_message(MAN, "Talk or pause?", reply_markup=buttons(Talk="t", Pause="p"))
    asked = await api.wait_for_message(MAN, "Talk")
    assert asked.buttons == {"Talk": "t", "Pause": "p"}
    api.press(MAN, asked.message_id, asked.buttons["Pause"])
    query = (await only_update(bot)).callback_query
    assert (query.data, query.from_user.id, query.message.text) == ("p", MAN, "Talk or pause?")
    assert query.message.reply_markup == buttons(Talk="t", Pause="p")
    assert await bot.answer_callback_query(query.id, text="Paused")
    assert (api.sent[-1].method, api.sent[-1].chat_id) == ("answerCallbackQuery", MAN)


def test_press_on_a_message_of_another_chat_is_refused() -> None:
    api = FakeBotApi()
    api.say(MAN, "mine")
    with pytest.raises(LookupError, match="Chat 8 has no message 1"):
        api.press(8, 1, "x")


# The bot polls.


@pytest.mark.asyncio
async def test_long_poll_returns_at_once_when_something_comes(api: FakeBotApi, bot: Bot) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=20))
    await polling(api)
    api.say(MAN, "hello")
    (update,) = await asyncio.wait_for(poll, 2)
    assert update.message.text == "hello"


@pytest.mark.asyncio
async def test_long_poll_ends_empty_after_its_timeout(bot: Bot) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await bot.get_updates(timeout=POLL) == ()
    assert loop.time() - began >= POLL.total_seconds()


@pytest.mark.asyncio
async def test_unconfirmed_updates_come_again_until_an_offset_passes_them(api: FakeBotApi, bot: Bot) -> None:
    ids = [api.say(MAN, text) for text in ("one", "two", "three")]
    for _ in range(2):
        assert [update.update_id for update in await bot.get_updates()] == ids
    assert api.pending == 3
    assert [update.update_id for update in await bot.get_updates(offset=ids[1])] == ids[1:]
    assert api.pending == 2
    assert await bot.get_updates(offset=ids[2] + 1) == ()
    assert api.pending == 0


@pytest.mark.asyncio
async def test_limit_gives_the_oldest_first(api: FakeBotApi, bot: Bot) -> None:
    ids = [api.say(MAN, text) for text in ("one", "two", "three")]
    assert [update.update_id for update in await bot.get_updates(limit=2)] == ids[:2]
    assert api.pending == 3


@pytest.mark.asyncio
async def test_kinds_that_are_not_allowed_never_come(api: FakeBotApi, bot: Bot) -> None:
    api.edit(MAN, api.updates[api.say(MAN, "one")]["message"]["message_id"], "two")
    assert [update.edited_message for update in await bot.get_updates(allowed_updates=["message"])] == [None]
    api.edit(MAN, 1, "three")
    assert api.pending == 1


@pytest.mark.asyncio
async def test_redelivered_update_comes_once_more_under_its_id(api: FakeBotApi, bot: Bot) -> None:
    update_id = api.say(MAN, "once")
    await bot.get_updates(offset=update_id + 1)
    assert api.redeliver(update_id) == update_id
    assert api.pending == 1
    assert [update.update_id for update in await bot.get_updates(offset=update_id + 1)] == [update_id]
    assert api.pending == 0


@pytest.mark.asyncio
async def test_press_can_come_again_under_a_new_update_id(api: FakeBotApi, bot: Bot) -> None:
    sent = await bot.send_message(MAN, "Ready?", reply_markup=buttons(Yes="y"))
    first = api.press(MAN, sent.message_id, "y")
    again = api.redeliver(first, new_id=True)
    presses = await bot.get_updates()
    assert [update.update_id for update in presses] == [first, again]
    assert presses[0].callback_query.id == presses[1].callback_query.id


@pytest.mark.asyncio
async def test_second_poll_ends_the_first_with_a_conflict(api: FakeBotApi, bot: Bot) -> None:
    first = asyncio.create_task(bot.get_updates(timeout=20))
    await polling(api)
    async with Bot(api.token, base_url=api.base_url) as second:
        assert await second.get_updates() == ()
    with pytest.raises(Conflict, match="terminated by other getUpdates request"):
        await first


@pytest.mark.asyncio
async def test_webhook_is_kept_and_pending_updates_can_be_dropped(api: FakeBotApi, bot: Bot) -> None:
    api.say(MAN, "waiting")
    assert await bot.set_webhook("https://example.org/hook", secret_token="secret")
    info = await bot.get_webhook_info()
    assert (info.url, info.pending_update_count) == ("https://example.org/hook", 1)
    assert await bot.delete_webhook(drop_pending_updates=True)
    info = await bot.get_webhook_info()
    assert (info.url, info.pending_update_count) == ("", 0)


# The bot answers.


@pytest.mark.asyncio
async def test_bot_knows_itself(bot: Bot) -> None:
    me = await bot.get_me()
    assert (me.id, me.is_bot, me.username) == (42, True, "ballast_bot")


@pytest.mark.asyncio
async def test_sent_text_is_recorded_as_it_was_meant(api: FakeBotApi, bot: Bot) -> None:
    message = await bot.send_message(MAN, '{"looks": "like JSON"}', reply_markup=buttons(Yes="y"))
    (sent,) = api.sent
    assert (sent.method, sent.chat_id, sent.message_id) == ("sendMessage", MAN, message.message_id)
    assert sent.text == message.text == '{"looks": "like JSON"}'
    assert message.reply_markup == buttons(Yes="y")
    assert message.from_user.is_bot


@pytest.mark.asyncio
async def test_json_and_query_strings_are_understood_too(api: FakeBotApi) -> None:
    url = f"{api.base_url}{api.token}/sendMessage"
    async with httpx.AsyncClient() as client:
        answers = [
            await client.post(url, json={"chat_id": MAN, "text": "JSON"}),
            await client.post(url, data={"chat_id": str(MAN), "text": "form"}),
            await client.get(url, params={"chat_id": str(MAN), "text": "query"}),
        ]
    assert [answer.json()["result"]["text"] for answer in answers] == ["JSON", "form", "query"]
    assert [(sent.chat_id, sent.text) for sent in api.sent] == [(MAN, "JSON"), (MAN, "form"), (MAN, "query")]


@pytest.mark.asyncio
async def test_files_are_recorded_by_caption_and_length(api: FakeBotApi, bot: Bot) -> None:
    photo = await bot.send_photo(MAN, PNG, caption="your week")
    document = await bot.send_document(MAN, b"all you told me", filename="mine.json", caption="your data")
    assert photo.photo
    assert document.document
    assert [sent.text for sent in api.sent] == ["your week", "your data"]
    assert api.sent[0].payload["photo"]["bytes"] == len(PNG)
    assert api.sent[1].payload["document"] == {"file_name": "mine.json", "bytes": 15}


@pytest.mark.asyncio
async def test_text_and_buttons_can_be_edited(api: FakeBotApi, bot: Bot) -> None:
    sent = await bot.send_message(MAN, "Ready?", reply_markup=buttons(Yes="y"))
    edited = await bot.edit_message_text("You said yes.", MAN, sent.message_id)
    assert (edited.text, edited.reply_markup) == ("You said yes.", None)
    edited = await bot.edit_message_reply_markup(MAN, sent.message_id, reply_markup=buttons(Undo="u"))
    assert (edited.text, edited.reply_markup) == ("You said yes.", buttons(Undo="u"))
    assert {call.message_id for call in api.sent} == {sent.message_id}


@pytest.mark.asyncio
async def test_buttons_under_a_photo_can_be_removed_once(bot: Bot) -> None:
    sent = await bot.send_photo(MAN, PNG, reply_markup=buttons(Yes="y"))
    edited = await bot.edit_message_reply_markup(MAN, sent.message_id)
    assert (edited.text, edited.reply_markup) == (None, None)
    with pytest.raises(BadRequest, match="Message is not modified"):
        await bot.edit_message_reply_markup(MAN, sent.message_id)


@pytest.mark.asyncio
async def test_calls_that_show_nothing_are_accepted(api: FakeBotApi, bot: Bot) -> None:
    assert await bot.set_my_commands([BotCommand("help", "People to talk to")], language_code="en")
    assert api.sent == []
    assert await bot.send_chat_action(MAN, "typing")
    assert await bot.leave_chat(GROUP)
    assert [(sent.method, sent.chat_id) for sent in api.sent] == [
        ("sendChatAction", MAN),
        ("leaveChat", GROUP),
    ]
    commands = [{"command": "help", "description": "People to talk to"}]
    assert ("setMyCommands", {"commands": commands, "language_code": "en"}) in api.calls


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("text", "reply_markup", "refusal"),
    [
        (" ", None, "Message text is empty"),
        ("\N{SLIGHTLY SMILING FACE}" * 2049, None, "Message is too long"),
        ("Ready?", buttons(Yes="é" * 33), "Button_data_invalid"),
    ],
)
async def test_what_telegram_would_not_show_is_refused(
    api: FakeBotApi, bot: Bot, text: str, reply_markup: InlineKeyboardMarkup | None, refusal: str
) -> None:
    await bot.send_message(MAN, "\N{SLIGHTLY SMILING FACE}" * 2048, reply_markup=buttons(Yes="é" * 32))
    with pytest.raises(BadRequest, match=refusal):
        await bot.send_message(MAN, text, reply_markup=reply_markup)
    assert len(api.sent) == 1


@pytest.mark.asyncio
async def test_long_caption_foreign_chat_and_unknown_ids_are_refused(api: FakeBotApi, bot: Bot) -> None:
    sent = await bot.send_message(MAN, "hello")
    with pytest.raises(BadRequest, match="Message caption is too long"):
        await bot.send_photo(MAN, PNG, caption="x" * 1025)
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message("@nobody", "hello")
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("hello", 8, sent.message_id)
    with pytest.raises(BadRequest, match="Query is too old"):
        await bot.answer_callback_query("123")
    assert len(api.sent) == 1


# The test waits.


@pytest.mark.asyncio
async def test_waiting_ends_when_the_messages_are_there(api: FakeBotApi, bot: Bot) -> None:
    waiting = asyncio.create_task(api.wait_for_messages(MAN, 2))
    await bot.send_message(8, "someone else")
    await bot.send_message(MAN, "one")
    assert not waiting.done()
    await bot.send_photo(MAN, PNG, caption="two")
    assert [sent.text for sent in await waiting] == ["one", "two"]


@pytest.mark.asyncio
async def test_waiting_can_begin_after_what_was_sent(api: FakeBotApi, bot: Bot) -> None:
    first = await bot.send_message(MAN, "hello")
    waiting = asyncio.create_task(api.wait_for_message(MAN, containing="hello", since=len(api.sent)))
    second = await bot.send_message(MAN, "hello again")
    assert (await api.wait_for_message(MAN, "hello")).message_id == first.message_id
    assert (await waiting).message_id == second.message_id


@pytest.mark.asyncio
async def test_waiting_in_vain_tells_what_came_instead(api: FakeBotApi, bot: Bot) -> None:
    await bot.send_message(MAN, "good night")
    with pytest.raises(AssertionError, match=r"got \['good night'\] in 0\.05 s, not 1 with 'good m"):
        await api.wait_for_message(MAN, "good morning", timeout=0.05)


# Telegram fails.


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("code", "error", "description"),
    [
        (400, BadRequest, "Chat not found"),
        (403, Forbidden, "Forbidden: bot was blocked by the user"),
        (409, Conflict, "Conflict: terminated by other getUpdates request"),
        (429, RetryAfter, "Flood control exceeded"),
        (500, NetworkError, "Internal Server Error"),
        (502, NetworkError, "Bad Gateway"),
    ],
)
async def test_refusal_reaches_the_bot_as_its_own_error(
    api: FakeBotApi, bot: Bot, code: int, error: type[TelegramError], description: str
) -> None:
    api.fail_next("sendMessage", code, times=2)
    for _ in range(2):
        with pytest.raises(error, match=description) as raised:
            await bot.send_message(MAN, "hello")
        assert raised.type is error
    assert api.sent == []
    await bot.send_message(MAN, "hello")
    assert len(api.sent) == 1


@pytest.mark.asyncio
async def test_flood_refusal_names_the_seconds_and_another_text_can_be_given(api: FakeBotApi, bot: Bot) -> None:
    api.fail_next("sendMessage", 429, retry_after=17)
    api.fail_next("sendMessage", 403, description="Forbidden: user is deactivated")
    with pytest.raises(RetryAfter) as flooded:
        await bot.send_message(MAN, "hello")
    assert flooded.value.retry_after == timedelta(seconds=17)
    with pytest.raises(Forbidden, match="user is deactivated"):
        await bot.send_message(MAN, "hello")


@pytest.mark.asyncio
async def test_poll_can_be_refused_without_losing_updates(api: FakeBotApi, bot: Bot) -> None:
    api.say(MAN, "hello")
    api.fail_next("getUpdates", 500)
    with pytest.raises(NetworkError):
        await bot.get_updates()
    assert (await only_message(bot)).text == "hello"


@pytest.mark.asyncio
@pytest.mark.parametrize("after_effect", [True, False])
async def test_held_answer_times_out_with_or_without_effect(api: FakeBotApi, bot: Bot, *, after_effect: bool) -> None:
    api.time_out_next("sendMessage", after_effect=after_effect)
    with pytest.raises(TimedOut):
        await bot.send_message(MAN, "first", read_timeout=0.05)
    await bot.send_message(MAN, "second")
    assert [sent.text for sent in api.sent] == (["first", "second"] if after_effect else ["second"])


@pytest.mark.asyncio
async def test_answer_held_for_no_time_is_a_cut_connection(api: FakeBotApi, bot: Bot) -> None:
    api.time_out_next("sendMessage", after_effect=True, seconds=0)
    with pytest.raises(NetworkError) as cut:
        await bot.send_message(MAN, "first")
    assert cut.type is NetworkError
    assert [sent.text for sent in api.sent] == ["first"]


@pytest.mark.asyncio
async def test_unknown_method_and_wrong_token_are_refused(api: FakeBotApi, bot: Bot) -> None:
    with pytest.raises(EndPointNotFound):
        await bot.do_api_request("makeCoffee")
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{api.base_url}{api.token}/makeCoffee")
    description = "Not Found: method not found"
    assert answer.status_code == 404
    assert answer.json() == {"ok": False, "error_code": 404, "description": description}
    with pytest.raises(InvalidToken):
        async with Bot("1:WRONG", base_url=api.base_url):
            pass


# The server starts and ends.


@pytest.mark.asyncio
async def test_held_calls_end_with_the_server_and_leave_no_task() -> None:
    async with httpx.AsyncClient() as client:
        async with FakeBotApi() as api:
            api.time_out_next("getMe", after_effect=True)
            url = f"{api.base_url}{api.token}"
            calls = [
                asyncio.create_task(client.post(f"{url}/getMe")),
                asyncio.create_task(client.post(f"{url}/getUpdates", json={"timeout": 30})),
            ]
            await polling(api)
            while not api.calls:
                await asyncio.sleep(0)
        assert asyncio.all_tasks() - set(calls) == {asyncio.current_task()}
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(outcome, httpx.TransportError) for outcome in outcomes)


@pytest.mark.asyncio
async def test_connections_closed_just_before_the_server_leave_no_task() -> None:
    async with FakeBotApi() as api, Bot(api.token, base_url=api.base_url) as bot:
        await bot.get_updates()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.asyncio
async def test_as_a_process_it_is_driven_by_lines_and_ends_with_its_input(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        *["-m", "tests.fakes.bot_api", "--port", "0", "--token", "1:T"],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    base_url = json.loads(await server.stdout.readline())["base_url"]
    async with Bot("1:T", base_url=base_url) as bot:
        server.stdin.write(b'{"say": {"chat_id": 7, "text": "hello"}}\n')
        assert json.loads(await server.stdout.readline()) == {"done": "say", "update_id": 1}
        assert (await only_message(bot)).text == "hello"
        await bot.send_message(MAN, "good to hear you")
    sent = json.loads(await server.stdout.readline())
    assert (sent["method"], sent["chat_id"], sent["payload"]["text"]) == (
        "sendMessage",
        MAN,
        "good to hear you",
    )
    server.stdin.close()
    assert await asyncio.wait_for(server.wait(), 5) == 0
