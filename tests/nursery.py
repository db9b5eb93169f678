"""Starts the bot's process again and again from one that has everything loaded, so that a kill costs no two seconds.

``python -m tests.nursery`` reads lines ``{"environment": {...}, "log": "..."}`` and answers each with the number of the
process that it forked. What runs there is ``ballast telegram`` from its first line on, with that environment; only the
imports and the screening's model are there already.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bot.config import PROJECT


class Nursery:
    """The mother process, from the test's side."""

    def __init__(self, environment: dict[str, str]) -> None:
        one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # threads do not survive a fork
        self._mother = subprocess.Popen(
            [sys.executable, "-m", "tests.nursery"],
            cwd=PROJECT,
            env={**environment, **one_thread, "PYTHONPATH": str(PROJECT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, environment: dict[str, str], log: Path) -> Newborn:
        """Return a new process that runs the bot."""
        assert self._mother.stdin is not None
        assert self._mother.stdout is not None
        self._mother.stdin.write(json.dumps({"environment": environment, "log": str(log)}) + "\n")
        self._mother.stdin.flush()
        return Newborn(int(self._mother.stdout.readline()))

    def close(self) -> None:
        self._mother.kill()
        self._mother.communicate()


class Newborn:
    """A process that the mother has forked."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    @property
    def is_alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def kill(self) -> None:
        """Kill -9 and wait until it is gone."""
        while self.is_alive:
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                return
            time.sleep(0.002)


def main() -> None:
    """Load everything, then fork for each line."""
    import bot.__main__
    import bot.telegram.command  # noqa: F401 - loaded here, used there
    from bot.crisis import load, screen

    load()
    screen("cannot sleep")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them: they vanish when they die
    for line in sys.stdin:
        sys.stdout.flush()
        pid = os.fork()
        if not pid:
            _live(json.loads(line))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _live(asked: dict[str, Any]) -> None:
    import bot.__main__
    from bot import crash

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for wanted, place in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(wanted, place)
    for name in set(os.environ) - {"PTB_TIMEDELTA", "RASA_TELEMETRY_ENABLED", "SQLALCHEMY_SILENCE_UBER_WARNING"}:
        del os.environ[name]
    os.environ.update(asked["environment"])
    crash.arm(os.environ)
    sys.argv = ["ballast", "telegram"]
    try:
        bot.__main__.main()
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
