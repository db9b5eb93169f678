"""A fake Telegram Bot API on loopback, for tests that let python-telegram-bot speak real HTTP.

In a test: ``async with FakeBotApi() as api, Bot(api.token, base_url=api.base_url) as bot``.
Across processes: ``python -m tests.fakes.bot_api --port 8081 --token 1:T`` prints ``{"base_url": ...}`` when
it listens and then a line for each entry of `FakeBotApi.sent`. A line on its standard input calls a method:
``{"say": {"chat_id": 7, "text": "hello"}}`` is answered by ``{"done": "say", "update_id": 1}``.

Source: https://core.telegram.org/bots/api; error texts as in github.com/tdlib/telegram-bot-api.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import time
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from aiohttp import web

JsonDict = dict[str, Any]

TEST_BOT = "42:TEST"  # A bot's id and key, as Telegram joins them in its token.
TEXT_UNITS = 4096  # UTF-16 code units; Bot API, sendMessage
CAPTION_UNITS = 1024  # UTF-16 code units; Bot API, sendPhoto
BUTTON_DATA_BYTES = 64  # Bot API, InlineKeyboardButton
UPLOAD_BYTES = 50 * 1024 * 1024  # Bot API, sendDocument

READABLE = {"sendMessage", "sendPhoto", "sendDocument", "editMessageText"}
TEXT_FIELDS = {"text", "caption", "callback_query_id"}  # Never read as JSON, however much they look like it.

DESCRIPTIONS = {
    400: "Bad Request: chat not found",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found: method not found",
    409: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    429: "Too Many Requests: retry after {}",
    500: "Internal Server Error",
    502: "Bad Gateway",
}
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
PRESS_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


class ApiError(Exception):
    """Raised for a call that is refused; answered with `code` and `body`, Telegram's own JSON for it."""

    def __init__(self, code: int, description: str = "", retry_after: int | None = None) -> None:
        if code == 429 and retry_after is None:
            retry_after = 1
        text = description or DESCRIPTIONS[code].format(retry_after)
        super().__init__(text)
        self.code = code
        self.body: JsonDict = {"ok": False, "error_code": code, "description": text}
        if retry_after is not None:
            self.body["parameters"] = {"retry_after": retry_after}


@dataclass(frozen=True)
class Hold:
    """An answer kept back for `seconds`, after which the connection is cut without one."""

    seconds: float
    after_effect: bool


@dataclass(frozen=True)
class Sent:
    """One accepted call that reached a chat; `at` is `time.monotonic()` in seconds."""

    method: str
    chat_id: int
    payload: JsonDict
    at: float
    message_id: int | None

    @property
    def text(self) -> str:
        """What he reads: the text, a file's caption, or nothing."""
        return str(self.payload.get("text", self.payload.get("caption", "")))

    @property
    def buttons(self) -> dict[str, str]:
        """The data to `FakeBotApi.press`, by the label of the inline button."""
        rows = self.payload.get("reply_markup", {}).get("inline_keyboard", [])
        return {button["text"]: button.get("callback_data", "") for row in rows for button in row}


class FakeBotApi:
    """A Telegram server for one bot, and the men who write to it.

    An async context manager, to be used from its own event loop only. The methods from `say` to `redeliver`
    are what men do; each queues an update and returns its id. A man's id is also that of his private chat.

    Args:
        token: The only token served; any other gets Telegram's 401.
        port: The port on 127.0.0.1; 0 takes a free one.
        on_sent: Called with each entry as it is added to `sent`.

    Attributes:
        sent: The accepted calls that reached a chat, oldest first.
        calls: The method and payload of every accepted call but `getUpdates`.
        updates: Every update ever queued, by its id.
        messages: Every message of the men and the bot as it now stands, by its id.
        polls: How many `getUpdates` have begun.
        language_codes: The language of a man's app by his id; ``en`` unless set.
    """

    def __init__(
        self, token: str = TEST_BOT, *, port: int = 0, on_sent: Callable[[Sent], None] = lambda sent: None
    ) -> None:
        self.token, self.port, self._on_sent = token, port, on_sent
        self.me: JsonDict = {"id": 42, "is_bot": True, "first_name": "Ballast", "username": "ballast_bot"}
        self.sent: list[Sent] = []
        self.calls: list[tuple[str, JsonDict]] = []
        self.updates: dict[int, JsonDict] = {}
        self.messages: dict[int, JsonDict] = {}
        self.language_codes: dict[int, str] = {}
        self._unconfirmed: dict[int, JsonDict] = {}
        self._repeats: list[JsonDict] = []
        self._allowed: list[str] = []
        self._pressed_by: dict[str, int] = {}
        self._webhook_url = ""
        self.polls = 0
        self._faults: defaultdict[str, deque[ApiError | Hold]] = defaultdict(deque)
        self._changed = asyncio.Event()
        self._methods: dict[str, Callable[[JsonDict], Any]] = {
            "getMe": lambda payload: self.me,
            "getWebhookInfo": self._webhook_info,
            "answerCallbackQuery": self._answer_press,
            **dict.fromkeys(["sendMessage", "sendPhoto", "sendDocument"], self._send),
            **dict.fromkeys(["editMessageText", "editMessageReplyMarkup"], self._edit),
            **dict.fromkeys(["sendChatAction", "leaveChat", "setMyCommands"], lambda payload: True),
            **dict.fromkeys(["setWebhook", "deleteWebhook"], self._set_webhook),
        }

    async def __aenter__(self) -> FakeBotApi:
        app = web.Application(client_max_size=UPLOAD_BYTES)
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        # A client that hangs up ends its own poll or hold; what is still held at the end is cut at once.
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.01)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        await asyncio.sleep(0)  # The runner cancels its connections without seeing them end.

    @property
    def base_url(self) -> str:
        """What python-telegram-bot takes as `base_url`; it appends the token."""
        return f"http://127.0.0.1:{self.port}/bot"

    @property
    def pending(self) -> int:
        """How many updates the bot has not confirmed yet."""
        return len(self._unconfirmed) + len(self._repeats)

    def say(self, chat_id: int, text: str, **extra: Any) -> int:
        """Queue a private text message, a leading command marked as one; `extra` fields are laid over it."""
        content: JsonDict = {"text": text}
        if command := re.match(r"/\w+(@\w+)?", text):
            content["entities"] = [{"type": "bot_command", "offset": 0, "length": command.end()}]
        return self._write(chat_id, **content | extra)

    def photo(self, chat_id: int, caption: str | None = None) -> int:
        """Queue a photo."""
        content: JsonDict = {} if caption is None else {"caption": caption}
        return self._write(chat_id, photo=[a_file(width=90, height=90)], **content)

    def sticker(self, chat_id: int) -> int:
        """Queue a sticker."""
        look = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
        return self._write(chat_id, sticker=a_file(**look))

    def voice(self, chat_id: int) -> int:
        """Queue a voice message of three seconds."""
        return self._write(chat_id, voice=a_file(duration=3, mime_type="audio/ogg"))

    def group_message(self, chat_id: int, text: str, *, sender_id: int = 1) -> int:
        """Queue a text message in a group, whose id is negative."""
        return self.raw({"message": self._message(chat_id, self._man(sender_id), text=text)})

    def edit(self, chat_id: int, message_id: int, text: str) -> int:
        """Queue his edit of a message of his, whose id is found in `updates`."""
        edited = {**self._message_in(chat_id, message_id), "text": text, "edit_date": int(time.time())}
        self.messages[message_id] = edited
        return self.raw({"edited_message": edited})

    def press(self, chat_id: int, message_id: int, data: str) -> int:
        """Queue a press on a button of a sent message; `data` of a button that is gone is let through."""
        press_id = str(10**9 + len(self._pressed_by))
        query = {"id": press_id, "from": self._man(chat_id), "chat_instance": str(chat_id), "data": data}
        return self.raw({"callback_query": {**query, "message": self._message_in(chat_id, message_id)}})

    def raw(self, update: JsonDict) -> int:
        """Queue any update; an `update_id` of its own is kept and later ones count on from it."""
        update = {"update_id": max(self.updates, default=0) + 1, **update}
        update_id: int = update["update_id"]
        if query := update.get("callback_query"):
            self._pressed_by[query["id"]] = query["from"]["id"]
        self.updates[update_id] = update
        if self._is_allowed(update):
            self._unconfirmed[update_id] = update
        self._announce()
        return update_id

    def redeliver(self, update_id: int, *, new_id: bool = False) -> int:
        """Queue an update again, confirmed or not.

        By default it goes out once more under its own id, whatever the offset, as from a webhook whose answer
        was lost; with `new_id` it is queued under a new one, as a reopened app does with an old press.
        """
        update = self.updates[update_id]
        if new_id:
            return self.raw({name: value for name, value in update.items() if name != "update_id"})
        self._repeats.append(update)
        self._announce()
        return update_id

    async def wait_for_message(
        self, chat_id: int, containing: str = "", timeout: float = 60, *, since: int = 0
    ) -> Sent:
        """Return the first message to him that contains a text; see `wait_for_messages`."""
        return (await self.wait_for_messages(chat_id, 1, timeout, containing=containing, since=since))[0]

    async def wait_for_messages(
        self, chat_id: int, count: int, timeout: float = 60, *, containing: str = "", since: int = 0
    ) -> list[Sent]:
        """Return what he was sent to read, once it is `count` messages, files and edited texts or more.

        Args:
            timeout: In seconds.
            containing: Leave out what lacks this text.
            since: Leave out this many entries of `sent`; an earlier ``len(api.sent)`` means "from then on".

        Raises:
            AssertionError: It did not come in time; the message lists what came instead.
        """

        def found(part: str) -> list[Sent]:
            to_him = [sent for sent in self.sent[since:] if sent.chat_id == chat_id and sent.method in READABLE]
            return [sent for sent in to_him if part in sent.text]

        if not await self._until(lambda: len(found(containing)) >= count, timeout):
            came = [sent.text for sent in found("")]
            raise AssertionError(f"{chat_id} got {came} in {timeout} s, not {count} with {containing!r}.")
        return found(containing)

    def fail_next(
        self, method: str, code: int, *, retry_after: int | None = None, description: str = "", times: int = 1
    ) -> None:
        """Refuse the next calls as Telegram does; a `code` not in `DESCRIPTIONS` needs a `description`."""
        self._faults[method].extend([ApiError(code, description, retry_after)] * times)

    def time_out_next(self, method: str, *, after_effect: bool, times: int = 1, seconds: float = 30) -> None:
        """Hold the next calls, then cut the connection; their effect comes first or, if not, never."""
        self._faults[method].extend([Hold(seconds, after_effect)] * times)

    async def _serve(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        fault = self._faults[method].popleft() if self._faults[method] else None
        try:
            if request.match_info["token"] != self.token:
                raise ApiError(401)
            payload = await read_payload(request)
            if isinstance(fault, ApiError):
                raise fault
            result = await self._carry_out(method, payload) if not fault or fault.after_effect else None
        except ApiError as error:
            return web.json_response(error.body, status=error.code)
        if fault:
            await asyncio.sleep(fault.seconds)
            if request.transport:
                request.transport.abort()
        return web.json_response({"ok": True, "result": result})

    async def _carry_out(self, method: str, payload: JsonDict) -> Any:
        if method == "getUpdates":
            return await self._get_updates(payload)
        if method not in self._methods:
            raise ApiError(404)
        result = self._methods[method](payload)
        self.calls.append((method, payload))
        chat_id = payload.get("chat_id") or self._pressed_by.get(payload.get("callback_query_id", ""))
        if chat_id:
            message_id = result["message_id"] if isinstance(result, dict) else None
            self.sent.append(Sent(method, chat_id, payload, time.monotonic(), message_id))
            self._on_sent(self.sent[-1])
            self._announce()
        return result

    async def _get_updates(self, payload: JsonDict) -> list[JsonDict]:
        self._allowed = payload.get("allowed_updates", self._allowed)
        for update_id, update in list(self._unconfirmed.items()):
            if update_id < payload.get("offset", 0) or not self._is_allowed(update):
                del self._unconfirmed[update_id]
        self.polls += 1
        this_poll = self.polls
        self._announce()
        await self._until(lambda: self.pending > 0 or self.polls > this_poll, payload.get("timeout", 0))
        if self.polls > this_poll:
            raise ApiError(409)
        batch = [*self._repeats, *self._unconfirmed.values()][: payload.get("limit", 100)]
        del self._repeats[: len(batch)]
        return batch

    def _is_allowed(self, update: JsonDict) -> bool:
        return not self._allowed or not update.keys().isdisjoint(self._allowed)

    def _send(self, payload: JsonDict) -> JsonDict:
        check_limits(payload)
        content: JsonDict = {name: payload[name] for name in ("text", "caption") if name in payload}
        if "photo" in payload:
            content["photo"] = [a_file(width=90, height=90)]
        if "document" in payload:
            content["document"] = a_file()
        return self._message(payload["chat_id"], self.me, **content, **inline_keyboard(payload))

    def _edit(self, payload: JsonDict) -> JsonDict:
        check_limits({"text": "unchanged", **payload})
        before = self.messages.get(payload.get("message_id", 0))
        if before is None or before["from"] != self.me or before["chat"]["id"] != payload["chat_id"]:
            raise ApiError(400, "Bad Request: message to edit not found")
        after = {name: value for name, value in before.items() if name != "reply_markup"}
        after |= {name: payload[name] for name in payload.keys() & {"text"}} | inline_keyboard(payload)
        if after == before:
            raise ApiError(400, f"Bad Request: {NOT_MODIFIED}")
        after["edit_date"] = int(time.time())
        self.messages[after["message_id"]] = after
        return after

    def _answer_press(self, payload: JsonDict) -> bool:
        if payload.get("callback_query_id") not in self._pressed_by:
            raise ApiError(400, f"Bad Request: {PRESS_TOO_OLD}")
        return True

    def _set_webhook(self, payload: JsonDict) -> bool:
        self._webhook_url = payload.get("url", "")
        if payload.get("drop_pending_updates"):
            self._unconfirmed, self._repeats = {}, []
        return True

    def _webhook_info(self, payload: JsonDict) -> JsonDict:
        counts = {"has_custom_certificate": False, "pending_update_count": self.pending}
        return {"url": self._webhook_url, **counts}

    def _write(self, chat_id: int, **content: Any) -> int:
        return self.raw({"message": self._message(chat_id, self._man(chat_id), **content)})

    def _message(self, chat_id: int, sender: JsonDict, **content: Any) -> JsonDict:
        place = {"type": "private", "first_name": "Sam"} if chat_id > 0 else {"type": "group", "title": "Men"}
        message_id = len(self.messages) + 1
        head = {"message_id": message_id, "from": sender, "chat": {"id": chat_id, **place}}
        self.messages[message_id] = {**head, "date": int(time.time()), **content}
        return self.messages[message_id]

    def _message_in(self, chat_id: int, message_id: int) -> JsonDict:
        message = self.messages.get(message_id)
        if message is None or message["chat"]["id"] != chat_id:
            raise LookupError(f"Chat {chat_id} has no message {message_id}. Take one from sent or updates.")
        return message

    def _man(self, man_id: int) -> JsonDict:
        language_code = self.language_codes.get(man_id, "en")
        return {"id": man_id, "is_bot": False, "first_name": "Sam", "language_code": language_code}

    def _announce(self) -> None:
        """Wake all who wait in `_until`; each looks again for itself."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def _until(self, holds: Callable[[], bool], timeout: float) -> bool:
        """Return True as soon as it holds, or False when it still does not after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while not holds() and (left := deadline - time.monotonic()) > 0:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._changed.wait(), left)
        return holds()


def a_file(**fields: Any) -> JsonDict:
    """Return a Telegram file object that nobody can download."""
    return {"file_id": "file", "file_unique_id": "unique", "file_size": 1, **fields}


def inline_keyboard(payload: JsonDict) -> JsonDict:
    """Return the `reply_markup` that a message keeps: inline buttons, but no reply keyboard."""
    markup = payload.get("reply_markup", {})
    return {"reply_markup": markup} if "inline_keyboard" in markup else {}


def check_limits(payload: JsonDict) -> None:
    """Refuse what Telegram would not show.

    Raises:
        ApiError: No chat id, an empty or too long text, or too much data in a button.
    """
    text, caption = payload.get("text", ""), payload.get("caption", "")
    rows = inline_keyboard(payload).get("reply_markup", {}).get("inline_keyboard", [])
    data = [button["callback_data"].encode() for row in rows for button in row if "callback_data" in button]
    refusals = {
        "chat not found": not isinstance(payload.get("chat_id"), int),
        "message text is empty": not text.strip() and not payload.keys() & {"photo", "document"},
        "message is too long": len(text.encode("utf-16-le")) > 2 * TEXT_UNITS,
        "message caption is too long": len(caption.encode("utf-16-le")) > 2 * CAPTION_UNITS,
        "BUTTON_DATA_INVALID": not all(0 < len(part) <= BUTTON_DATA_BYTES for part in data),
    }
    for reason, applies in refusals.items():
        if applies:
            raise ApiError(400, f"Bad Request: {reason}")


async def read_payload(request: web.Request) -> JsonDict:
    """Return the fields of a JSON, form or multipart call; a file becomes its name and length in bytes."""
    if request.content_type == "application/json":
        return dict(await request.json())
    payload: JsonDict = {**request.query, **await request.post()}
    for name, value in payload.items():
        if isinstance(value, web.FileField):
            with value.file as upload:
                payload[name] = {"file_name": value.filename, "bytes": len(upload.read())}
        elif name not in TEXT_FIELDS:
            with suppress(ValueError):
                payload[name] = json.loads(value)
    return payload


async def serve_on_pipes(port: int, token: str) -> None:
    """Serve until standard input ends, carrying out its lines and printing what is sent."""

    def show(line: JsonDict) -> None:
        print(json.dumps(line), flush=True)

    async with FakeBotApi(token, port=port, on_sent=lambda sent: show(asdict(sent))) as api:
        show({"base_url": api.base_url})
        lines = asyncio.StreamReader()
        pipe = asyncio.StreamReaderProtocol(lines)
        await asyncio.get_running_loop().connect_read_pipe(lambda: pipe, sys.stdin)
        async for line in lines:
            for command, arguments in json.loads(line).items():
                show({"done": command, "update_id": getattr(api, command)(**arguments)})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Serve a fake Telegram Bot API on loopback.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--token", default=TEST_BOT, help="the only bot token that is served")
    options = parser.parse_args()
    asyncio.run(serve_on_pipes(options.port, options.token))
