"""``ballast worker``: rings until a named person has each flag.

A process of its own, so that reds go out when the bot, Rasa or the staff app is down.
Several may be started; one works, the others stand by and take over when it dies.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor

from bot import logs
from bot.config import Settings
from bot.errors import StorageError
from bot.escalation.daily_head import send_head
from bot.escalation.escalator import advance, is_due
from bot.escalation.notify.delivery import Delivery
from bot.escalation.steady import MachineTicker, Moment, Ticker, beat_of, read_clock, write_clock
from bot.logs import log_event
from bot.storage import Database, open_database
from bot.storage.election import Lock

POLL_SECONDS = 2.0
BEAT_MS = 10_000  # how often it writes down that it lives; the app warns after a minute
HEAD_AGAIN_MS = 600_000  # how often it looks whether today's audit head is out
_log = logging.getLogger("ballast.worker")


class Worker:
    """Looks every two seconds for what is due.

    Args:
        database: Prepared.
        settings: The installation's settings.
        ticker: What time it is; replaced by tests.
    """

    def __init__(self, database: Database, settings: Settings, ticker: Ticker | None = None) -> None:
        self._database, self._settings = database, settings
        self._ticker = ticker or MachineTicker()
        self._lock = Lock(database, "worker")
        self.delivery = Delivery(database, settings, self._ticker)
        self._stopping = threading.Event()
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="head")
        self._head: Future[bool] | None = None
        self._head_after_ms = 0

    def run(self) -> None:
        """Work until :meth:`stop` is called."""
        was_leading: bool | None = None
        while not self._stopping.is_set():
            try:
                is_leading = self._lock.is_held()
                if is_leading != was_leading:
                    log_event(_log, "worker.leading" if is_leading else "worker.standing_by")
                    was_leading = is_leading
                if is_leading:
                    self.turn()
            except StorageError:
                log_event(_log, "worker.storage_error", level=logging.ERROR)
            except Exception as error:  # noqa: BLE001 - who rings for reds goes on after each fault
                log_event(_log, "worker.fault", level=logging.ERROR, kind=type(error).__name__)
            self._stopping.wait(0.2 if was_leading and not self.delivery.is_idle else POLL_SECONDS)
        self.delivery.close()
        self._aside.shutdown(wait=True)
        self._lock.release()

    def stop(self) -> None:
        """Have :meth:`run` end after what it is doing."""
        self._stopping.set()

    def turn(self) -> None:
        """Do once everything that is due."""
        self.delivery.settle()
        with self._database.read() as session:
            moment = read_clock(session, self._ticker)
            beat = beat_of(session)
            has_work = is_due(session, moment)
        if moment.has_jumped:
            log_event(_log, "worker.clock_jumped", level=logging.WARNING)
        if has_work or beat is None or moment.passed_ms >= BEAT_MS or moment.has_jumped:
            self._advance()
        self.delivery.start_due()
        self._send_head(moment)

    def _advance(self) -> None:
        with self._database.write() as session:
            moment = read_clock(session, self._ticker)
            passed = advance(session, moment, self._settings.alerts.channels)
            write_clock(session, moment)
        if passed.started or passed.steps or passed.silenced:
            counts = {"started": passed.started, "steps": passed.steps, "silenced": passed.silenced}
            log_event(_log, "worker.rang", **counts)

    def _send_head(self, moment: Moment) -> None:
        """Have today's audit head sent, aside: a slow mail server must not hold up an alarm."""
        if self._head is not None and self._head.done():
            if self._head.exception() is not None:
                log_event(_log, "worker.head_not_sent", level=logging.ERROR, kind=type(self._head.exception()).__name__)
            self._head = None
        if self._head is None and moment.house_ms >= self._head_after_ms:
            self._head_after_ms = moment.house_ms + HEAD_AGAIN_MS
            self._head = self._aside.submit(send_head, self._database, self._settings, at=moment.wall)


def main(settings: Settings) -> int:
    """Ring until SIGTERM or Ctrl-C."""
    logs.install(settings.log_level)
    database = open_database(settings)
    worker = Worker(database, settings)
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: worker.stop())
    if not settings.alerts.channels:
        sys.stderr.write("No ALERT_ channel is set: staff are told only on the ways that they set in the app.\n")
    try:
        worker.run()
    finally:
        database.close()
    return 0
