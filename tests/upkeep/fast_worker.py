"""The real worker in a process of its own, on clocks that run faster than the machine's: minutes in seconds.

``python -m tests.upkeep.fast_worker <begun> <speed>`` with the settings of the house in the environment.
"""

from __future__ import annotations

import signal
import sys
from datetime import datetime, timedelta

from bot import logs
from bot.config import Settings
from bot.escalation.steady import MachineTicker
from bot.storage import open_database
from bot.upkeep import worker
from bot.upkeep.worker import Worker
from tests.escalation.alarms import START

POLL_SECONDS = 0.05


class FastTicker(MachineTicker):
    """Both clocks of the machine, ``speed`` times as fast since ``begun_ms`` of its steady clock."""

    def __init__(self, begun_ms: int, speed: int) -> None:
        super().__init__()
        self.begun_ms, self.speed = begun_ms, speed

    def steady_ms(self) -> int:
        return (super().steady_ms() - self.begun_ms) * self.speed

    def wall(self) -> datetime:
        return START + timedelta(milliseconds=self.steady_ms())


def main() -> None:
    settings = Settings.from_environment()
    logs.install(settings.log_level)
    worker.POLL_SECONDS = POLL_SECONDS
    database = open_database(settings)
    running = Worker(database, settings, FastTicker(int(sys.argv[1]), int(sys.argv[2])))
    signal.signal(signal.SIGTERM, lambda *_: running.stop())
    running.run()
    database.close()


if __name__ == "__main__":
    main()
