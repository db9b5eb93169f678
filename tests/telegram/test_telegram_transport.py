"""What is known about a message after each way in which Telegram can fail, over real HTTP."""

from __future__ import annotations

import asyncio
import socket
import sys

import pytest
import pytest_asyncio
from telegram import Bot
from telegram.request import HTTPXRequest

from bot.errors import NotSentError, SlowDownError, UncertainSendError, UnreachableError
from bot.telegram.transport import TelegramTransport
from tests.fakes.bot_api import FakeBotApi

pytestmark = pytest.mark.asyncio
MAN = "7"


@pytest.fixture(autouse=True)
def _timedelta(monkeypatch):
    monkeypatch.setenv("PTB_TIMEDELTA", "true")  # as bot/__main__.py does; else RetryAfter warns


@pytest_asyncio.fixture
async def api():
    async with FakeBotApi() as fake:
        yield fake


@pytest_asyncio.fixture
async def transport(api):
    async with Bot(api.token, base_url=api.base_url, request=HTTPXRequest(read_timeout=0.2)) as bot:
        yield TelegramTransport(bot)


async def test_bubble_arrives_with_its_buttons_and_its_number_comes_back(api, transport):
    number = await transport.send(MAN, "Sure? <b>*_", (("Wipe it", "tok1"), ("Leave it", "tok2")))
    (sent,) = api.sent
    assert (sent.text, sent.buttons, sent.message_id) == (
        "Sure? <b>*_",
        {"Wipe it": "tok1", "Leave it": "tok2"},
        number,
    )
    assert "parse_mode" not in sent.payload


async def test_numbers_stand_side_by_side_and_sentences_below_each_other(api, transport):
    await transport.send(MAN, "0 to 10?", tuple((str(number), f"t{number}") for number in range(11)))
    await transport.send(MAN, "?", (("Several days", "a"), ("Not at all", "b")))
    rows = [sent.payload["reply_markup"]["inline_keyboard"] for sent in api.sent]
    assert [len(row) for row in rows[0]] == [6, 5]
    assert [len(row) for row in rows[1]] == [1, 1]


@pytest.mark.parametrize(
    ("text", "buttons", "is_protected"),
    [
        ("Feeling down, depressed, or hopeless", (("Several days", "a"),), True),
        ("Sure?", (("Wipe it", "a"),), True),
        ("Where are you?", (("UK", "a"),), True),
        ("Good. So, what's on your mind?", (), False),
        ("988 Suicide & Crisis Lifeline: call or text 988", (), False),
        ("Will you call Samaritans (call 116 123)?", (("Yes", "a"),), False),
        ("Have a look at andysmanclub.co.uk. Would you go?", (("Yes", "a"),), False),
    ],
)
async def test_what_holds_his_answers_cannot_be_forwarded_and_a_number_can(api, transport, text, buttons, is_protected):
    await transport.send(MAN, text, buttons)
    (sent,) = api.sent
    assert bool(sent.payload.get("protect_content")) is is_protected
    assert sent.payload["link_preview_options"] == {"is_disabled": True}


async def test_file_arrives_under_its_name_with_its_line_and_fails_like_a_text(api, transport):
    number = await transport.send_file(MAN, "To read.", "ballast.html", b"<p>x</p>")
    (sent,) = api.sent
    assert (sent.method, sent.text, sent.message_id) == ("sendDocument", "To read.", number)
    assert sent.payload["document"] == {"file_name": "ballast.html", "bytes": 8}
    api.fail_next("sendDocument", 403)
    with pytest.raises(UnreachableError):
        await transport.send_file(MAN, "To read.", "ballast.html", b"x")


async def test_picture_arrives_with_its_line_and_with_words_for_who_cannot_see_it(api, transport):
    number = await transport.send_picture(MAN, "Your line.", b"\x89PNG", "From 3 to 6.")
    (sent,) = api.sent
    assert (sent.method, sent.text, sent.message_id) == ("sendPhoto", "Your line.\n\nFrom 3 to 6.", number)
    await transport.send_picture(MAN, "Long.", b"\x89PNG", "x" * 2000)
    assert len(api.sent[-1].text) == 1024
    api.fail_next("sendPhoto", 403)
    with pytest.raises(UnreachableError):
        await transport.send_picture(MAN, "Your line.", b"x", "")


@pytest.mark.parametrize(
    ("code", "description", "error"),
    [
        (403, "", UnreachableError),
        (400, "", UnreachableError),  # chat not found
        (403, "Forbidden: user is deactivated", UnreachableError),
        (400, "Bad Request: message is too long", NotSentError),
        (500, "", NotSentError),
        (502, "", NotSentError),
        (401, "", NotSentError),
    ],
)
async def test_refusal_is_told_apart(api, transport, code, description, error):
    api.fail_next("sendMessage", code, description=description)
    with pytest.raises(error):
        await transport.send(MAN, "hello", ())
    await transport.send(MAN, "hello", ())
    assert len(api.sent) == 1


async def test_too_many_requests_says_how_long_to_wait(api, transport):
    api.fail_next("sendMessage", 429, retry_after=17)
    with pytest.raises(SlowDownError) as caught:
        await transport.send(MAN, "hello", ())
    assert caught.value.retry_after_seconds == 17


@pytest.mark.parametrize("after_effect", [True, False])
async def test_time_out_is_uncertain_whether_it_arrived_or_not(api, transport, after_effect):
    api.time_out_next("sendMessage", after_effect=after_effect, seconds=5)
    with pytest.raises(UncertainSendError):
        await transport.send(MAN, "hello", ())
    assert len(api.sent) == after_effect


async def test_cut_connection_is_uncertain(api, transport):
    api.time_out_next("sendMessage", after_effect=True, seconds=0)
    with pytest.raises(UncertainSendError):
        await transport.send(MAN, "hello", ())


async def test_refused_connection_is_not_sent(transport, api):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        request = HTTPXRequest()
        bot = Bot(api.token, base_url=f"http://127.0.0.1:{unused.getsockname()[1]}/bot", request=request)
        await request.initialize()
        try:
            with pytest.raises(NotSentError):
                await TelegramTransport(bot).send(MAN, "hello", ())
        finally:
            await request.shutdown()


async def test_what_found_no_free_connection_is_not_sent(api):
    request = HTTPXRequest(connection_pool_size=1, pool_timeout=0.05)
    async with Bot(api.token, base_url=api.base_url, request=request, get_updates_request=HTTPXRequest()) as bot:
        api.time_out_next("sendMessage", after_effect=True, seconds=1)
        first = asyncio.ensure_future(TelegramTransport(bot).send(MAN, "one", ()))
        await asyncio.sleep(0.02)
        with pytest.raises(NotSentError):
            await TelegramTransport(bot).send(MAN, "two", ())
        with pytest.raises(UncertainSendError):
            await first
    assert [sent.text for sent in api.sent] == ["one"]


@pytest.mark.parametrize("code", [400, 403, 429, 500])
async def test_failed_typing_sign_is_nobodys_concern(api, transport, code):
    api.fail_next("sendChatAction", code)
    await transport.typing(MAN)


async def test_the_telegram_door_imports_neither_rasa_nor_tensorflow():
    import asyncio

    code = "import bot.telegram.command, sys; print([n for n in ('rasa', 'tensorflow') if n in sys.modules])"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    assert output.decode().strip() == "[]"
