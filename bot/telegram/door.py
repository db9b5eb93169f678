"""The Telegram process: fetch, commit, then acknowledge; answer presses at once; send what is owed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from telegram import Bot, BotCommand, Update
from telegram.constants import ChatType
from telegram.error import BadRequest, NetworkError, TelegramError
from telegram.request import HTTPXRequest

from bot import measures
from bot.clock import utc_now
from bot.config import Settings
from bot.errors import StorageError
from bot.logs import log_event
from bot.storage import Claims, Database
from bot.telegram.feed import UpdateFeed, parse
from bot.telegram.transport import NO_PREVIEW, TelegramTransport
from bot.telegram.updates import ALLOWED_UPDATES, DOOR, blocked_by, chosen_label, group_of, incoming_of
from bot.telegram.webhook import Webhook
from bot.turns import Conductor, DialogueClient, Gate, Sender
from bot.turns.commands import MENU
from bot.turns.reach import note_reach

POLL_SECONDS = 25
PAUSE_SECONDS = 1.0
_CONNECTIONS = 8  # measured: 8 gave 802 updates a second, 64 gave 149
# A send that is given up too early comes twice; one that waits for a free connection has not left yet.
_ANSWER_WITHIN_SECONDS, _FREE_WITHIN_SECONDS = 15.0, 60.0
_PRESENT = ("member", "administrator")
_log = logging.getLogger("ballast.telegram")


def make_bot(settings: Settings) -> Bot:
    """Return the client that sends; polling has its own connection, so that neither waits for the other."""
    return Bot(
        settings.telegram_token or "",
        base_url=settings.telegram_base_url,
        request=HTTPXRequest(
            connection_pool_size=_CONNECTIONS,
            read_timeout=_ANSWER_WITHIN_SECONDS,
            write_timeout=_ANSWER_WITHIN_SECONDS,
            connect_timeout=_ANSWER_WITHIN_SECONDS,
            pool_timeout=_FREE_WITHIN_SECONDS,
        ),
    )


def webhook_secret(database: Database, settings: Settings) -> str:
    """Return what Telegram must show: 64 hexadecimal digits, made of this installation's keys and its token."""
    return database.vault.keyring.mark("webhook", (settings.telegram_token or "").encode()).hex()


class TelegramDoor:
    """Receives and answers on Telegram.

    Args:
        database: Where inbox and outbox lie.
        settings: The installation's settings.
        bot: The client.
        dialogue: Client of Rasa's channel.
    """

    def __init__(self, database: Database, settings: Settings, bot: Bot, dialogue: DialogueClient) -> None:
        self._database = database
        self._settings = settings
        self._bot = bot
        self._feed = UpdateFeed(bot)
        transport = TelegramTransport(bot)
        self._claims = Claims(database, DOOR)
        self._gate = Gate(database, settings, most_a_minute=settings.messages_a_minute)
        self._sender = Sender(database, transport, DOOR, claims=self._claims)
        self._conductor = Conductor(
            database,
            settings,
            dialogue,
            transport,
            DOOR,
            self._sender.wake,
            partial(self._gate.forget, DOOR),
            claims=self._claims,
        )
        self._offset: int | None = None
        self._small_tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until cancelled."""
        menu = [BotCommand(name, text) for name, text in MENU.items()]
        try:
            await _insist(self._bot.initialize)
            await _insist(partial(self._bot.set_my_commands, menu))
            log_event(_log, "telegram.started")
            await asyncio.gather(self._receive(), self._conductor.run(), self._sender.run())
        finally:
            await self.close()
            await self._bot.shutdown()

    async def close(self) -> None:
        """Close the polling connection and let other processes have whom this one works on."""
        await self._feed.close()
        self._claims.close()

    async def _receive(self) -> None:
        """Listen where there is an address for that, else poll; Telegram knows only one of both at a time."""
        address = self._settings.telegram_webhook_url
        if not address:
            await _insist(self._bot.delete_webhook)
            await self._poll()
        secret = webhook_secret(self._database, self._settings)
        webhook = Webhook(
            self.take_raw, address, secret, self._settings.telegram_webhook_host, self._settings.telegram_webhook_port
        )
        listening = asyncio.create_task(webhook.run())
        try:
            told: dict[str, Any] = {
                "secret_token": secret,
                "allowed_updates": ALLOWED_UPDATES,
                "max_connections": _CONNECTIONS,
            }
            await _insist(partial(self._bot.set_webhook, address, **told))
            await listening
        finally:
            listening.cancel()

    async def _poll(self) -> None:
        while True:
            try:
                if not self._claims.take("poll"):  # of several processes one polls, as Telegram wants it
                    await asyncio.sleep(PAUSE_SECONDS)
                    continue
                await self.fetch()
            except StorageError:
                measures.refused.add()
                log_event(_log, "telegram.not_stored", level=logging.ERROR)
                await asyncio.sleep(PAUSE_SECONDS)
            except TelegramError as error:
                log_event(_log, "telegram.poll_failed", level=logging.WARNING, kind=type(error).__name__)
                await asyncio.sleep(PAUSE_SECONDS)
            except Exception as error:  # noqa: BLE001 - the one catch of this door: answers that are owed still leave
                log_event(_log, "telegram.fault", level=logging.ERROR, kind=type(error).__name__)
                await asyncio.sleep(PAUSE_SECONDS)

    async def fetch(self, timeout_seconds: int = POLL_SECONDS) -> None:
        """Fetch once; the offset moves past an update only when that update is committed.

        Raises:
            StorageError: The rest of the batch was not committed and will be delivered again.
            TelegramError: Nothing was fetched.
        """
        for raw in await self._feed.fetch(self._offset, timeout_seconds):
            await self.take_raw(raw)
            self._offset = raw["update_id"] + 1

    async def take_raw(self, raw: dict[str, Any]) -> None:
        """Commit one update as Telegram wrote it; what cannot be taken is passed over, so that nobody else waits.

        Raises:
            StorageError: Nothing was committed; the update must not be acknowledged.
        """
        update = parse(raw, self._bot)
        try:
            if update is not None:
                await self.take(update)
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - his key is damaged, or it is a fault of ours
            log_event(_log, "telegram.unstorable", level=logging.ERROR, kind=type(error).__name__)

    async def take(self, update: Update) -> None:
        """Commit one update and start what follows from it."""
        incoming = incoming_of(update)
        if incoming is None:
            self._take_other(update)
            return
        screening = self._gate.receive(incoming)
        if screening is None:
            log_event(_log, "telegram.repeated", update=update.update_id)
        self._sender.wake()
        self._conductor.wake()
        if update.callback_query is not None:
            self._soon(self._acknowledge(update))

    def _take_other(self, update: Update) -> None:
        group = group_of(update)
        member = update.my_chat_member
        blocked = blocked_by(update)
        if blocked is not None:
            chat_id, is_gone = blocked
            note_reach(self._database, DOOR, chat_id, is_gone=is_gone, at=utc_now())
        if update.callback_query is not None:  # of a group, or of a message that is long gone: its clock must not spin
            self._soon(self._acknowledge(update))
        if group is not None and (member is None or member.new_chat_member.status in _PRESENT):
            self._soon(self._leave(group))
        log_event(_log, "telegram.ignored", update=update.update_id)

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._small_tasks.add(task)
        task.add_done_callback(self._small_tasks.discard)

    async def _leave(self, group: int) -> None:
        try:
            await self._bot.leave_chat(group)
        except TelegramError as error:
            log_event(_log, "telegram.leave_failed", kind=type(error).__name__)

    async def _acknowledge(self, update: Update) -> None:
        """Answer the press, and put the choice made in the place of the keyboard."""
        query = update.callback_query
        assert query is not None  # noqa: S101 - the caller has looked
        label = chosen_label(query)
        try:
            await self._bot.answer_callback_query(query.id)
            if label is not None and query.message is not None and query.message.chat.type == ChatType.PRIVATE:
                text = f"{getattr(query.message, 'text', '')}\n\n> {label}"
                await self._bot.edit_message_text(
                    text,
                    chat_id=query.message.chat.id,
                    message_id=query.message.message_id,
                    link_preview_options=NO_PREVIEW,
                )
        except TelegramError as error:  # the choice is committed; its looks are not worth a retry
            log_event(_log, "telegram.acknowledge_failed", kind=type(error).__name__)


async def _insist(ask: Callable[[], Awaitable[Any]]) -> None:
    """Ask until Telegram answers: a bot that starts while Telegram is away waits for it.

    Raises:
        TelegramError: It answered, and refused.
    """
    while True:
        try:
            await ask()
        except BadRequest:  # to the library an error of the network too
            raise
        except NetworkError as error:
            log_event(_log, "telegram.away", level=logging.WARNING, kind=type(error).__name__)
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return
