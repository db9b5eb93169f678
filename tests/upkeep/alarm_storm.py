"""Reds that nobody takes while the workers that ring for them are killed, again and again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.config import PROJECT, Settings
from bot.escalation import open_flag
from bot.escalation.levels import Rule, change_rule
from bot.escalation.steady import MachineTicker, beat_of
from bot.storage import Database
from bot.storage.alarm_models import Notification
from bot.storage.columns import new_id
from bot.storage.models import Person
from tests.fakes.staff_servers import SECRET, Hook
from tests.upkeep.fast_worker import FastTicker

SPEED = 60
MINUTES = 2  # the shortest clock that a lead may set
WITHIN_SECONDS = 600  # a busy machine takes long to start a process


@dataclass
class Storm:
    """A house with two workers: one leads, one stands by.

    Attributes:
        home: The house's folder.
        database: Its database.
        hook: Takes the alarms.
        address: Where the hook listens.
        minutes: The clock of reds.
    """

    home: Path
    database: Database
    hook: Hook
    address: str
    minutes: int = MINUTES
    seed: int = 20261122
    opened: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - a repeatable storm
        self.ticker = FastTicker(MachineTicker().steady_ms(), SPEED)
        self.workers: list[subprocess.Popen[bytes]] = []
        self.kills = self.started = 0
        with self.database.write() as session:
            change_rule(session, Rule("red", self.minutes, notifies=True), staff_id="lea", at=self.ticker.wall())

    def start(self) -> None:
        """Start one more worker."""
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV") if name in os.environ},
            "PYTHONPATH": str(PROJECT),
            "BALLAST_HOME": str(self.home),
            "DATABASE_URL": self.database.url,
            "ALERT_WEBHOOK_URL": self.address,
            "ALERT_WEBHOOK_SECRET": SECRET,
        }
        command = [sys.executable, "-m", "tests.upkeep.fast_worker", str(self.ticker.begun_ms), str(SPEED)]
        with self._log().open("ab") as log:
            process = subprocess.Popen(command, env=environment, cwd=PROJECT, stdout=log, stderr=log)  # noqa: S603
        self.workers.append(process)
        self.started += 1

    def _log(self, number: int | None = None) -> Path:
        return self.home / f"worker-{self.started if number is None else number}.log"

    def wait_for_both(self) -> None:
        """Wait until the two workers that were started last are up: one leads, the other stands by."""
        last = [self._log(self.started - 1), self._log(self.started - 2)]
        self.until(lambda: all("worker." in log.read_text() for log in last))
        self.wait_for_beat()

    def red(self) -> str:
        """Open a red about somebody new."""
        at, person_id = self.ticker.wall(), new_id()
        with self.database.write() as session:
            session.add(Person(id=person_id, door="terminal", chat_index=os.urandom(32), created_at=at))
            session.flush()
            self.database.vault.make_key(session, person_id)
            flag_id = str(
                open_flag(session, person_id=person_id, level="red", kind="screening", reasons=["x"], at=at).id
            )
        self.opened[flag_id] = at
        return flag_id

    def wait_for_beat(self) -> None:
        """Wait until whoever leads has shown that he lives, from now on."""
        since = self.ticker.steady_ms()
        self.until(lambda: self._beat() > since)

    def _beat(self) -> int:
        with self.database.read() as session:
            beat = beat_of(session)
            return -1 if beat is None else int(beat.steady_ms)

    def until(self, holds: Any) -> None:
        deadline = time.monotonic() + WITHIN_SECONDS
        while not holds():
            assert time.monotonic() < deadline, self._log(self.started - 1).read_text()[-2000:]
            time.sleep(0.02)

    def kill_one(self) -> None:
        """Let some time pass, then kill -9 one of the workers and start another in its place."""
        time.sleep(self.chance.uniform(0.0, 0.4))
        victim = self.workers.pop(self.chance.randrange(len(self.workers)))
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        self.kills += 1
        self.start()

    def kill_all(self) -> None:
        """Kill -9 both at once: nobody rings until others have started."""
        for worker in self.workers:
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            self.kills += 1
        self.workers.clear()
        self.start()
        self.start()
        self.wait_for_beat()

    def stop(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()

    def steps_of(self, flag_id: str) -> list[datetime]:
        """Return when each step was taken, by its number."""
        with self.database.read() as session:
            rows = session.query(Notification).filter_by(flag_id=flag_id).order_by(Notification.step).all()
            return [row.created_at for row in rows]

    def lateness(self) -> list[float]:
        """Return by how many seconds of the house each step came after its time."""
        late = []
        for flag_id, at in self.opened.items():
            for step, taken in enumerate(self.steps_of(flag_id)):
                late.append((taken - at - timedelta(minutes=self.minutes * step)).total_seconds())
        return late


def settings_of(home: Path, address: str) -> Settings:
    """Return the settings of a storm's house."""
    environment = {"BALLAST_HOME": str(home), "ALERT_WEBHOOK_URL": address, "ALERT_WEBHOOK_SECRET": SECRET}
    return Settings.from_environment(environment)
