"""Start the stock Rasa server quietly: on loopback, without telemetry, with a fast import order.

``python -m bot.rasa.serve [PORT]``. With ``BALLAST_PARENT_PID`` set it ends when that process is gone.
"""

from __future__ import annotations

import os
import sys
import threading
import time

os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import skops.io  # noqa: F401, E402 - before TensorFlow: skops walks through all modules loaded so far, 4 s otherwise

from bot.config import PROJECT, Settings  # noqa: E402
from bot.rasa.model import model_path  # noqa: E402


def main() -> None:
    """Serve until stopped."""
    os.chdir(PROJECT)
    sys.path.insert(0, str(PROJECT))
    parent = int(os.environ.get("BALLAST_PARENT_PID", "0"))
    if parent:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    port = sys.argv[1] if len(sys.argv) > 1 else Settings.from_environment().rasa_url.rsplit(":", 1)[-1]
    from rasa.__main__ import main as rasa

    sys.argv = ["rasa", "run", "--model", str(model_path()), "-i", "127.0.0.1", "-p", port]
    rasa()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


if __name__ == "__main__":
    main()
