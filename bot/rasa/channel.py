"""Rasa input channel for the gate: one idempotent turn a message id, answered through the outbox only.

``POST /webhooks/ballast/turn`` with the bearer token; 200 means that the turn is committed. ``GET .../health`` tells
whether this server is the one that may be trusted with a turn; with ``?turn=1`` it runs one of nobody.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from rasa.core.tracker_store import FailSafeTrackerStore
from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot import measures
from bot.clock import utc_now
from bot.config import Settings
from bot.crypto import KeyRing
from bot.crypto.sources import key_source
from bot.errors import SettingError
from bot.escalation import places
from bot.logs import log_event
from bot.rasa import cuts, quiet
from bot.rasa.action_endpoint import InProcessActions
from bot.rasa.rehearsal import rehearse
from bot.rasa.tracker_store import SealedTrackerStore
from bot.turns.messages import without_slashes

LOADED = threading.Event()  # the agent is here with a model and the sealed store
_log = logging.getLogger("ballast.rasa")
_LOOK_SECONDS = 60
Handler = Callable[[UserMessage], Awaitable[Any]]


class BallastInput(InputChannel):
    """Takes turns from the gate.

    Args:
        token: The bearer token that the gate shows.
    """

    def __init__(self, token: str) -> None:
        self._token = token

    @classmethod
    def name(cls) -> str:
        """Return the channel's name in addresses and events."""
        return "ballast"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> BallastInput:
        """Build the channel from Ballast's own settings and silence every log of Rasa."""
        settings = Settings.from_environment()
        quiet.install(settings.log_level)
        cuts.install()  # the credentials are read before the model
        return cls(KeyRing.read_from(key_source(settings)).channel_token)

    def blueprint(self, on_new_message: Handler) -> Blueprint:
        """Return the routes, and the hook that refits the agent once it is loaded."""
        routes = Blueprint("ballast", url_prefix=None)

        @routes.post("/turn")
        async def turn(request: Request) -> HTTPResponse:
            if not self._is_trusted(request):
                return response.json({"error": "unauthorised"}, status=401)
            return await _take_turn(request.app, request.json, on_new_message)

        @routes.get("/health")
        async def health(request: Request) -> HTTPResponse:
            if not self._is_trusted(request):
                return response.json({"error": "unauthorised"}, status=401)
            return await _health(request.app, with_turn="turn" in request.args)

        @routes.listener("after_server_start")
        async def start(app: Sanic, _loop: Any) -> None:
            quiet.install(Settings.from_environment().log_level)
            refit(app.ctx.agent)
            app.add_task(_drop_idle(app.ctx.agent.tracker_store))
            if app.ctx.agent.is_ready():
                LOADED.set()

        return routes

    def _is_trusted(self, request: Request) -> bool:
        shown = request.headers.get("authorization", "")
        return hmac.compare_digest(shown.encode(), f"Bearer {self._token}".encode())


async def _drop_idle(store: SealedTrackerStore) -> None:
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        store.drop_idle()


def refit(agent: Agent) -> None:
    """Take off Rasa's fail-safe wrapper and run actions in this process.

    Raises:
        SettingError: The endpoints file did not give the sealed tracker store; nothing may be answered then.
    """
    store = agent.tracker_store
    if isinstance(store, FailSafeTrackerStore):
        store = store._tracker_store  # noqa: SLF001 - on an error the wrapper would answer from memory
    if not isinstance(store, SealedTrackerStore):
        raise SettingError("endpoints.yml must name bot.rasa.tracker_store.SealedTrackerStore as tracker store.")
    endpoint = InProcessActions()
    agent.tracker_store, agent.action_endpoint = store, endpoint
    if agent.processor is not None:
        agent.processor.tracker_store, agent.processor.action_endpoint = store, endpoint
        store.model = str(agent.model_id)


async def _take_turn(app: Sanic, body: dict[str, Any], on_new_message: Handler) -> HTTPResponse:
    agent: Agent = app.ctx.agent
    if not agent.is_ready():
        return response.json({"error": "no model"}, status=503)
    store = agent.tracker_store
    started = time.perf_counter()
    try:
        places.refresh(store.database, at=utc_now())
        if not store.has_turn(body["message_id"]):
            await on_new_message(_message(body))
        committed = store.has_turn(body["message_id"])
    except asyncio.CancelledError:
        raise
    except Exception as error:  # noqa: BLE001 - the one catch of this door: nothing of the error may leave
        measures.rasa_turns.add("failed")
        log_event(_log, "turn.failed", level=logging.ERROR, kind=type(error).__name__)
        return response.json({"error": type(error).__name__}, status=500)
    seconds = time.perf_counter() - started
    measures.rasa_turns.add("committed" if committed else "failed")
    measures.rasa_turn_seconds.note(seconds)
    milliseconds = round(1000 * seconds, 1)
    log_event(_log, "turn.done", message=body["message_id"], committed=committed, milliseconds=milliseconds)
    return response.json({"committed": committed}, status=200 if committed else 500)


def _message(body: dict[str, Any]) -> UserMessage:
    # Words never begin with a slash: Rasa would read "/intent{...}" as an order. Only our own buttons do.
    text = body["payload"] or without_slashes(body["text"])
    return UserMessage(
        text,
        CollectingOutputChannel(),
        body["person"],
        input_channel=BallastInput.name(),
        message_id=body["message_id"],
        metadata=body["metadata"],
    )


async def _health(app: Sanic, *, with_turn: bool) -> HTTPResponse:
    agent = getattr(app.ctx, "agent", None)
    if agent is None or not agent.is_ready():
        return response.json({"error": "no model"}, status=503)
    store = type(agent.tracker_store).__name__
    facts = {"tracker_store": store, "model": agent.model_id}
    if with_turn:
        try:
            await rehearse(agent)
        except Exception as error:  # noqa: BLE001 - whatever it is, this server cannot answer
            log_event(_log, "rehearsal.failed", level=logging.ERROR, kind=type(error).__name__)
            return response.json({"error": type(error).__name__}, status=503)
    return response.json(facts, status=200 if store == SealedTrackerStore.__name__ else 503)
