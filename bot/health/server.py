"""``/metrics``, ``/ready`` and ``/live`` on loopback, in a thread: they answer also while the process is busy."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from bot import measures
from bot.config import Settings
from bot.crypto import KeyRing
from bot.crypto.sources import key_source
from bot.health.figures import Figures
from bot.health.readiness import Check, Readiness
from bot.logs import log_event
from bot.storage import Database

PLACES = {"telegram": 0, "rasa": 1, "staff": 2}  # added to METRICS_PORT, as all run on one machine by default
_PLAIN = "text/plain; charset=utf-8"
_WITHIN_SECONDS = 10
_log = logging.getLogger("ballast.health")


class HealthServer:
    """Answers until it is closed.

    Args:
        host: Where to listen.
        port: Where to listen; 0 takes a free one.
        readiness: What ``/ready`` says.
        figures: What ``/metrics`` says beside this process's own counts.

    Raises:
        OSError: Nothing can listen there.
    """

    def __init__(self, host: str, port: int, readiness: Readiness, figures: Figures) -> None:
        house = CollectorRegistry()
        house.register(figures)
        answers = {
            "/live": lambda: (200, _PLAIN, b"ok\n"),
            "/ready": lambda: _told(readiness),
            "/metrics": lambda: (200, CONTENT_TYPE_LATEST, generate_latest(measures.REGISTRY) + generate_latest(house)),
        }
        self._server = ThreadingHTTPServer((host, port), type("Handler", (_Handler,), {"answers": answers}))
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, name="health", daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


def serve(
    settings: Settings,
    database: Database,
    process: str,
    more: Mapping[str, Check] | None = None,
    *,
    screens: bool = False,
) -> HealthServer | None:
    """Start answering for one of ``PLACES``; None where that is switched off, or the port is taken.

    A port that is taken costs nobody his answer: it is logged, and the process goes on.
    """
    if not settings.metrics_port:
        return None

    def read_keys() -> KeyRing:
        return KeyRing.read_from(key_source(settings))

    readiness = Readiness(database, more, screens=screens, read_keys=read_keys)
    port = settings.metrics_port + PLACES[process]
    try:
        server = HealthServer(settings.metrics_host, port, readiness, Figures(database))
    except OSError as error:
        log_event(_log, "health.not_listening", level=logging.ERROR, port=port, kind=type(error).__name__)
        return None
    log_event(_log, "health.started", port=server.port)
    return server


def _told(readiness: Readiness) -> tuple[int, str, bytes]:
    found = readiness.look()
    lines = "".join(f"{part}: {fault or 'ok'}\n" for part, fault in found.items())
    return 503 if any(found.values()) else 200, _PLAIN, lines.encode()


class _Handler(BaseHTTPRequestHandler):
    answers: Mapping[str, Any] = {}
    timeout = _WITHIN_SECONDS  # nobody holds a thread by dripping bytes
    server_version, sys_version = "ballast", ""

    def do_GET(self) -> None:
        """Answer one of the three addresses."""
        answer = self.answers.get(self.path.partition("?")[0])
        try:
            status, kind, body = answer() if answer is not None else (404, _PLAIN, b"")
        except Exception as error:  # noqa: BLE001 - the one catch of this door: nothing of the error may leave
            log_event(_log, "health.failed", level=logging.ERROR, kind=type(error).__name__)
            status, kind, body = 500, _PLAIN, b""
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", len(body)), ("Cache-Control", "no-store")):
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the library would print what it was asked."""
