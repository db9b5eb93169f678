"""Real servers on loopback that take what staff are sent: mail, a webhook's posts, and a Bot API for the chat."""

from __future__ import annotations

import asyncio
import hmac
import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP

from bot.escalation.notify.channels import SIGNATURE, STAMP, signature
from tests.fakes.bot_api import TEST_BOT, FakeBotApi

SECRET = "a secret that is long enough"


class MailBox:
    """Keeps what arrives; while ``refuses`` is set it answers with that line instead."""

    def __init__(self) -> None:
        self.letters: list[Message] = []
        self.refuses = ""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.refuses:
            return self.refuses
        self.letters.append(message_from_bytes(envelope.content))
        return "250 OK"


@dataclass
class Call:
    """One post to the webhook."""

    body: dict[str, Any]
    raw: bytes
    headers: dict[str, str]

    @property
    def is_signed(self) -> bool:
        return hmac.compare_digest(self.headers[SIGNATURE], signature(SECRET, self.headers[STAMP], self.raw))


class Hook:
    """Keeps what is posted; ``answers`` are given first, one a post: a status, or seconds to wait before 200."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answers: deque[int | float] = deque()
        self.always: int | None = None

    async def take(self, request: web.Request) -> web.Response:
        raw = await request.read()
        answer = self.answers.popleft() if self.answers else self.always or 200
        if isinstance(answer, float):
            await asyncio.sleep(answer)
        elif answer != 200:
            return web.Response(status=answer, headers={"Location": "/elsewhere"} if answer // 100 == 3 else {})
        self.calls.append(Call(json.loads(raw), raw, dict(request.headers)))
        return web.Response(status=200)


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout=60)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(timeout=60)
        self.loop.close()


@contextmanager
def mail_server() -> Iterator[tuple[MailBox, str]]:
    """Yield a mailbox and the address for ALERT_SMTP."""
    box, loop = MailBox(), Loop()

    async def start() -> asyncio.AbstractServer:
        def protocol() -> SMTP:
            return SMTP(box, hostname="localhost", loop=loop.loop)

        return await loop.loop.create_server(protocol, "127.0.0.1", 0)

    server = loop.run(start())
    try:
        yield box, f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        loop.loop.call_soon_threadsafe(server.close)
        loop.close()


@contextmanager
def hook_server() -> Iterator[tuple[Hook, str]]:
    """Yield a webhook's receiver and its address."""
    hook, loop = Hook(), Loop()
    app = web.Application()
    app.router.add_post("/alarm", hook.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)

    async def start() -> int:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return int(runner.addresses[0][1])

    try:
        yield hook, f"http://127.0.0.1:{loop.run(start())}/alarm"
    finally:
        loop.run(runner.cleanup())
        loop.close()


@contextmanager
def chat_server() -> Iterator[FakeBotApi]:
    """Yield a Bot API that serves from a thread of its own."""
    loop = Loop()
    api = FakeBotApi(TEST_BOT)
    loop.run(api.__aenter__())
    try:
        yield api
    finally:
        loop.run(api.__aexit__(None, None, None))
        loop.close()
