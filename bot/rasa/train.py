"""Train the model if what it is made from has changed: ``python -m bot.rasa.train [--force]``."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bot.config import PROJECT
from bot.rasa.model import is_current, mark_current, model_path

_STAGES = (
    ("Starting to train component 'VectorClassifier'", "learning what men say"),
    ("Starting to train component 'RulePolicy'", "learning the rules"),
    ("Starting to train component 'MemoizationPolicy'", "learning the stories"),
)


def main() -> int:
    """Train with a short progress line; Rasa's own output goes to a file.

    Returns:
        Rasa's exit code.
    """
    if is_current() and "--force" not in sys.argv[1:]:
        return 0
    log = Path(tempfile.mkdtemp(prefix="ballast-train-")) / "train.log"
    _say("Training the model (a minute or two): reading the phrases")
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            [sys.executable, "-m", "rasa", "train", "--fixed-model-name", model_path().name.split(".")[0]],
            cwd=PROJECT,
            env=os.environ | {"RASA_TELEMETRY_ENABLED": "false", "SQLALCHEMY_SILENCE_UBER_WARNING": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        _watch(process, log)
    if process.returncode != 0 or not model_path().is_file():
        sys.stderr.write(f"\nTraining failed. Rasa's output: {log}\n")
        return process.returncode or 1
    mark_current()
    _say("Training the model: done")
    sys.stderr.write("\n")
    return 0


def _watch(process: subprocess.Popen[bytes], log: Path) -> None:
    shown = ""
    while process.poll() is None:
        text = log.read_text(errors="replace")
        stage = next((name for mark, name in reversed(_STAGES) if mark in text), "")
        if stage != shown:
            shown = stage
            _say(f"Training the model: {stage}")
        time.sleep(0.5)


def _say(line: str) -> None:
    sys.stderr.write(f"\r\033[K{line}" if sys.stderr.isatty() else f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
