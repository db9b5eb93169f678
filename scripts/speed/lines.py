"""Choose what is said to both sides: phrases of ours that the stock model reads as what they are.

``python -m scripts.speed.lines PROJECT`` writes ``lines.json``: every second one is answered by the stock action.
A message that is not recognised would cost the stock server its fallback, which is dearer than an answer.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from pathlib import Path

import yaml

CANDIDATES, KEPT = 400, 160
_SURE = 0.4


def choose(folder: Path) -> list[str]:
    """Return the phrases, plain and with an action by turns."""
    from rasa.core.agent import Agent

    intents = yaml.safe_load((folder / "domain.yml").read_text())["intents"]
    pairs = [(intent, line) for intent, lines in _phrases(folder).items() for line in lines]
    random.Random(9).shuffle(pairs)  # noqa: S311 - the same each time
    agent = Agent.load(str(folder / "models" / "stock.tar.gz"))
    kept: tuple[list[str], list[str]] = ([], [])
    for intent, line in pairs[:CANDIDATES]:
        read = asyncio.run(agent.parse_message(line))["intent"]
        if read["name"] == intent and read["confidence"] >= _SURE:
            kept[intents.index(intent) % 2].append(line)
    count = min(KEPT // 2, *map(len, kept))
    return [line for pair in zip(kept[0][:count], kept[1][:count], strict=True) for line in pair]


def _phrases(folder: Path) -> dict[str, list[str]]:
    entries = yaml.safe_load((folder / "data" / "nlu.yml").read_text())["nlu"]
    return {
        entry["intent"]: [line[2:].strip() for line in entry["examples"].splitlines() if line.startswith("- ")]
        for entry in entries
    }


if __name__ == "__main__":
    project = Path(sys.argv[1])
    (project / "lines.json").write_text(json.dumps(choose(project)), encoding="utf-8")
