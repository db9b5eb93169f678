"""Start the stock Rasa server quietly: on loopback, without telemetry, with a fast import order.

``python -m bot.rasa.serve [PORT]``; where RASA_URL names several, each is started with its own port.
With ``BALLAST_PARENT_PID`` set it ends when that process is gone.
"""

from __future__ import annotations

import os
import sys
import threading
import time

os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read with numpy; two threads on one message use twice as much

import skops.io  # noqa: F401 - before TensorFlow: skops walks through all modules loaded so far, 4 s otherwise

from bot import health
from bot.config import PROJECT, Settings
from bot.crypto.hardening import harden_process
from bot.errors import BallastError, SettingError
from bot.rasa import quiet
from bot.rasa.model import model_path
from bot.storage import open_database


def main() -> None:
    """Serve until stopped; what would stop it later is said now, in one line."""
    os.chdir(PROJECT)
    sys.path.insert(0, str(PROJECT))
    try:
        settings = Settings.from_environment()
        _check(settings)
    except BallastError as error:
        sys.stderr.write(f"rasa: {error}\n")
        sys.exit(2)
    harden_process()
    quiet.install(settings.log_level)
    parent = int(os.environ.get("BALLAST_PARENT_PID", "0"))
    if parent:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    port = sys.argv[1] if len(sys.argv) > 1 else settings.rasa_url.partition(",")[0].rsplit(":", 1)[-1]
    from rasa.__main__ import main as rasa

    health.serve(settings, open_database(settings), "rasa", {"model": _model_fault})
    sys.argv = ["rasa", "run", "--model", str(model_path()), "-i", "127.0.0.1", "-p", port]
    rasa()


def _check(settings: Settings) -> None:
    if not model_path().is_file():
        raise SettingError("There is no trained model. Run `make train`.")
    open_database(settings).close()


def _model_fault() -> str | None:
    from bot.rasa.channel import LOADED

    return None if LOADED.is_set() else "it is not loaded yet"


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


if __name__ == "__main__":
    main()
