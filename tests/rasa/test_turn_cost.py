"""A turn takes no more work than it did: ``turn_cost.json`` says what it was. ``make bench`` times it.

Where a change is worth its cost, write it down: ``python -m scripts.speed.cost > tests/rasa/turn_cost.json``.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from bot.config import PROJECT
from bot.rasa.model import model_path

MOST = 1.25
KEPT = json.loads((Path(__file__).parent / "turn_cost.json").read_text())


def test_a_turn_takes_no_more_work_than_it_did(tmp_path):
    assert model_path().is_file(), "Run `make train`."
    command = [sys.executable, "-W", "ignore", "-m", "scripts.speed.cost"]
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(PROJECT), "REGION": "us-miami"}
    done = subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    grown = {name: found[name] / KEPT[name] for name in KEPT if found[name] > MOST * KEPT[name]}
    assert not grown, f"{found} against {KEPT}"
