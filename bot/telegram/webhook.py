"""The webhook: Telegram delivers to us, and gets its 200 only when the update is committed.

A small server of its own, for loopback behind nginx (``deploy/nginx.conf``): one path, POST only, a bounded body.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import h11

from bot import measures
from bot.errors import StorageError
from bot.logs import log_event

MOST_BODY_BYTES = 256 * 1024  # an update holds a few KiB; files are never in it
MOST_HEAD_BYTES = 16 * 1024
WITHIN_SECONDS = 10.0  # for one request to come in whole: nobody holds a connection by dripping bytes
_TOKEN_HEADER = b"x-telegram-bot-api-secret-token"
_CHUNK_BYTES = 64 * 1024
_log = logging.getLogger("ballast.telegram")
Take = Callable[[dict[str, Any]], Awaitable[None]]


class RefusedError(Exception):
    """This request is answered with a status and nothing else; the connection ends if its body was not read."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


class Webhook:
    """Listens for updates.

    Args:
        take: Commits one update; raises StorageError where it could not.
        address: The public address that Telegram was told; its path is the only one that is served.
        secret: What Telegram must show in ``X-Telegram-Bot-Api-Secret-Token``.
        host: Where to listen.
        port: Where to listen; 0 takes a free one.
    """

    def __init__(self, take: Take, address: str, secret: str, host: str, port: int) -> None:
        self._take = take
        self._path = (urlsplit(address).path or "/").encode()
        self._secret = secret.encode()
        self._host, self.port = host, port

    async def run(self) -> None:
        """Serve until cancelled."""
        server = await asyncio.start_server(self._serve, self._host, self.port)
        async with server:
            self.port = server.sockets[0].getsockname()[1]
            log_event(_log, "webhook.started", port=self.port)
            await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=MOST_HEAD_BYTES)
        try:
            while (status := await self._answer(connection, reader)) is not None:
                measures.webhook_answers.add(str(status))
                _respond(connection, writer, status)
                await writer.drain()
                if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                    break
                connection.start_next_cycle()
        except (OSError, h11.ProtocolError):
            pass  # whoever was there is gone; an update that got no 200 is delivered again
        finally:
            writer.close()

    async def _answer(self, connection: h11.Connection, reader: asyncio.StreamReader) -> int | None:
        """Return the status for the next request, or None where there is none any more."""
        try:
            raw = await asyncio.wait_for(self._update(connection, reader), WITHIN_SECONDS)
        except RefusedError as refusal:
            return refusal.status
        except h11.RemoteProtocolError as error:
            return error.error_status_hint
        except asyncio.TimeoutError:
            return 408
        if raw is None:
            return None
        try:
            with measures.webhook_seconds.timed():
                await self._take(raw)
        except StorageError:
            measures.refused.add()
            log_event(_log, "telegram.not_stored", level=logging.ERROR)
            return 503
        return 200

    async def _update(self, connection: h11.Connection, reader: asyncio.StreamReader) -> dict[str, Any] | None:
        request = await _next(connection, reader)
        if not isinstance(request, h11.Request):
            return None
        self._check(request)
        body = bytearray()
        while isinstance(part := await _next(connection, reader), h11.Data):
            body += part.data
            if len(body) > MOST_BODY_BYTES:
                raise RefusedError(413)
        if not isinstance(part, h11.EndOfMessage):
            return None
        try:
            raw = json.loads(bytes(body))
        except (ValueError, RecursionError):
            raise RefusedError(400) from None
        if not isinstance(raw, dict) or type(raw.get("update_id")) is not int:
            raise RefusedError(400)
        return raw

    def _check(self, request: h11.Request) -> None:
        headers = dict(request.headers)
        if request.target.partition(b"?")[0] != self._path:
            raise RefusedError(404)
        if request.method != b"POST":
            raise RefusedError(405)
        if not hmac.compare_digest(headers.get(_TOKEN_HEADER, b""), self._secret):
            raise RefusedError(403)
        if int(headers.get(b"content-length", b"0")) > MOST_BODY_BYTES:
            raise RefusedError(413)


async def _next(connection: h11.Connection, reader: asyncio.StreamReader) -> Any:
    while True:
        event = connection.next_event()
        if event is not h11.NEED_DATA:
            return event
        connection.receive_data(await reader.read(_CHUNK_BYTES))


def _respond(connection: h11.Connection, writer: asyncio.StreamWriter, status: int) -> None:
    headers = [("Content-Length", "0"), ("Cache-Control", "no-store")]
    headers += [("Allow", "POST")] if status == 405 else []
    if connection.their_state is not h11.DONE:
        headers.append(("Connection", "close"))
    writer.write(connection.send(h11.Response(status_code=status, headers=headers)) or b"")
    writer.write(connection.send(h11.EndOfMessage()) or b"")
