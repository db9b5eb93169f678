"""The webhook over real sockets: who may deliver, how much, and when it is acknowledged."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest
import pytest_asyncio

from bot.errors import StorageError
from bot.storage.models import InboxMessage
from bot.telegram.door import webhook_secret
from bot.telegram.webhook import MOST_BODY_BYTES, Webhook
from tests.telegram.kinds import message

pytestmark = pytest.mark.asyncio
PATH = "/telegram"
HEADER = "X-Telegram-Bot-Api-Secret-Token"


class Delivery:
    """Delivers as Telegram does."""

    def __init__(self, line, webhook, secret):
        self.line, self.webhook, self.secret = line, webhook, secret
        self.client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{webhook.port}")

    async def post(self, update_id=1, text="cannot sleep", **more):
        update = {"update_id": update_id, "message": message(text=text)}
        asked = {"url": PATH, "json": update, "headers": {HEADER: self.secret}, **more}
        return (await self.client.post(**asked)).status_code

    async def raw(self, data):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.webhook.port)
        writer.write(data)
        try:
            answer = await reader.read()
        except ConnectionResetError:  # it stopped reading what was too much, and the answer may be lost with that
            answer = b""
        writer.close()
        return int(answer.split()[1]) if answer else None

    def stored(self):
        return [row.update_id for row in self.line.path.rows(InboxMessage)]


@pytest_asyncio.fixture
async def delivery(line):
    secret = webhook_secret(line.path.database, line.path.settings)
    webhook = Webhook(line.door.take_raw, f"https://bot.example{PATH}", secret, "127.0.0.1", 0)
    serving = asyncio.create_task(webhook.run())
    while not webhook.port:
        await asyncio.sleep(0.01)
    delivery = Delivery(line, webhook, secret)
    yield delivery
    await delivery.client.aclose()
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    await asyncio.sleep(0.01)


async def test_update_is_committed_before_it_is_acknowledged(delivery):
    assert await delivery.post(5) == 200
    assert delivery.stored() == [5]
    assert await delivery.post(5) == 200  # delivered again: acknowledged, and without effect
    assert await delivery.post(6) == 200
    assert delivery.stored() == [5, 6]


@pytest.mark.parametrize("token", ["", "guessed", "é", None])
async def test_whoever_does_not_know_the_secret_is_refused(delivery, token):
    headers = {} if token is None else {HEADER: token.encode()}
    assert await delivery.post(headers=headers) == 403
    assert await delivery.post(headers={HEADER: delivery.secret[:-1]}) == 403
    assert delivery.stored() == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
async def test_only_post_is_taken(delivery, method):
    response = await delivery.client.request(method, PATH, headers={HEADER: delivery.secret})
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("where", ["/", "/telegram/", "/telegra", "//telegram"])
async def test_only_the_one_path_is_served(delivery, where):
    assert await delivery.post(url=f"http://127.0.0.1:{delivery.webhook.port}{where}") == 404
    assert delivery.stored() == []


@pytest.mark.parametrize("size", [MOST_BODY_BYTES + 1, 4 * MOST_BODY_BYTES])
async def test_too_much_is_refused_with_and_without_a_length(delivery, size):
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{HEADER}: {delivery.secret}\r\n"
    told = f"{head}Content-Length: {size}\r\n\r\n".encode()
    assert await delivery.raw(told) == 413
    chunks = (b"10000\r\n" + b" " * 0x10000 + b"\r\n") * (size // 0x10000 + 1)
    assert await delivery.raw(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunks) in (413, None)
    assert delivery.stored() == []


async def test_as_much_as_is_allowed_is_taken(delivery):
    body = b'{"update_id": 9, "x": "%s"}' % (b"a" * (MOST_BODY_BYTES - 25))
    assert len(body) == MOST_BODY_BYTES
    assert await delivery.post(json=None, content=body) == 200


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b"{}", b'{"update_id": "1"}', b'{"update_id": true}', b"[" * 100_000, b"\xff"]
)
async def test_what_is_no_update_is_refused(delivery, body):
    assert await delivery.post(json=None, content=body) == 400


async def test_while_the_database_is_away_nothing_is_acknowledged(delivery, monkeypatch):
    receive = delivery.line.door._gate.receive

    def gone(incoming):
        raise StorageError("The database is gone.")

    monkeypatch.setattr(delivery.line.door._gate, "receive", gone)
    assert await delivery.post(5) == 503
    assert delivery.stored() == []
    monkeypatch.setattr(delivery.line.door._gate, "receive", receive)
    assert await delivery.post(5) == 200
    assert delivery.stored() == [5]


@pytest.mark.parametrize(
    "data", [b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET\r\n\r\n", b"POST /telegram HTTP/1.1\r\n\r\n"]
)
async def test_what_is_no_http_is_refused_and_the_next_is_served(delivery, data):
    assert await delivery.raw(data) == 400
    assert await delivery.post() == 200


async def test_endless_head_is_refused(delivery):
    assert await delivery.raw(b"POST /telegram HTTP/1.1\r\nA: " + b"a" * 100_000) == 431


async def test_who_drips_bytes_is_let_go(delivery, monkeypatch):
    monkeypatch.setattr("bot.telegram.webhook.WITHIN_SECONDS", 0.05)
    assert await delivery.raw(b"POST /telegram HTTP/1.1\r\n") == 408


async def test_half_an_update_is_none(delivery):
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{HEADER}: {delivery.secret}\r\nContent-Length: 50\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", delivery.webhook.port)
    writer.write(head.encode() + b'{"update_id": 3')
    writer.write_eof()
    assert await reader.read() in (b"",) or delivery.stored() == []
    writer.close()
    assert delivery.stored() == []


async def test_an_update_that_nobody_can_read_is_acknowledged_once_and_for_all(delivery):
    assert await delivery.post(json={"update_id": 3, "message": "hello"}) == 200
    assert await delivery.post(json={"update_id": 4, "a_kind_of_2030": {}}) == 200


async def test_crisis_text_is_answered_within_a_second_of_its_delivery(delivery):
    started = time.monotonic()
    assert await delivery.post(text="I want to kill myself") == 200
    await delivery.line.path.sender.drain()
    assert "988" in " ".join(delivery.line.path.heard("7"))
    assert time.monotonic() - started < 5  # a busy machine; alone it takes a tenth of a second


async def test_door_tells_telegram_where_to_deliver_and_with_which_secret(line, monkeypatch):
    import dataclasses

    line.door._settings = dataclasses.replace(
        line.path.settings, telegram_webhook_url=f"https://bot.example{PATH}", telegram_webhook_port=0
    )
    receiving = asyncio.create_task(line.door._receive())
    while not any(method == "setWebhook" for method, _ in line.api.calls):
        await asyncio.sleep(0.01)
    (told,) = [payload for method, payload in line.api.calls if method == "setWebhook"]
    assert told["url"] == f"https://bot.example{PATH}"
    assert told["secret_token"] == webhook_secret(line.path.database, line.path.settings)
    assert told["allowed_updates"] == ["message", "edited_message", "callback_query", "my_chat_member"]
    receiving.cancel()
    await asyncio.gather(receiving, return_exceptions=True)
    assert line.api.polls == 0


async def test_door_that_polls_takes_an_earlier_webhook_away_first(line):
    await line.bot.set_webhook("https://bot.example/old")
    receiving = asyncio.create_task(line.door._receive())
    while not line.api.polls:
        await asyncio.sleep(0.01)
    assert [method for method, _ in line.api.calls if "Webhook" in method] == ["setWebhook", "deleteWebhook"]
    receiving.cancel()
    await asyncio.gather(receiving, return_exceptions=True)
