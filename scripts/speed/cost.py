"""The work of a turn, counted and not timed: ``python -m scripts.speed.cost``. The same on any machine, however busy.

Calls of functions, statements to the database, commits, and numbers multiplied in the encoders, a turn. A time would
have to be compared across machines and loads; these counts only change when the program does more.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")

SAID = (
    "cannot sleep",
    "the lads at work would laugh if I told them",
    "no",
    "my wife left me and I have not told anybody",
    "what can I do",
    "I hide it from everyone at work",
)
WARM, ROUNDS = 1, 4  # rounds of all of that


async def count(home: Path) -> dict[str, float]:
    """Have a man talk in this process and return what a turn took, by kind."""
    from sqlalchemy import event

    from bot.config import Settings
    from bot.crypto import KeyRing
    from bot.storage import open_database
    from bot.vectors import transformer
    from scripts.speed import ours

    os.environ["BALLAST_HOME"] = str(home)
    settings = Settings.from_environment()
    KeyRing.create(settings.key_file)
    database = open_database(settings)
    handle = _agent(database)
    (man,) = ours.men(database, [1])
    work: Counter[str] = Counter()
    event.listen(database.engine, "before_cursor_execute", lambda *_: work.update(["statements"]))
    event.listen(database.engine, "commit", lambda *_: work.update(["commits"]))
    linear = transformer._linear  # noqa: SLF001 - the place where all of it is multiplied

    def counted(values: Any, weights: Any) -> Any:
        work["million products"] += values.shape[0] * weights[0].size / 1e6
        return linear(values, weights)

    transformer._linear = counted  # noqa: SLF001
    turns = [text for _ in range(WARM + ROUNDS) for text in SAID]
    for number, body in enumerate(ours.messages(database, [man] * len(turns), turns, 1)):
        if number == WARM * len(SAID):
            work.clear()
        with _calls(work):
            await handle(body)
    database.close()
    return {name: round(total / (ROUNDS * len(SAID)), 1) for name, total in sorted(work.items())}


def _agent(database: Any) -> Any:
    """Return what answers a message, put together as the channel does it."""
    from rasa.core.agent import Agent

    from bot.rasa import channel, cuts
    from bot.rasa.model import model_path
    from bot.rasa.responses import FreshResponses
    from bot.rasa.tracker_store import SealedTrackerStore

    cuts.install()
    agent = Agent.load(str(model_path()))
    assert agent.domain is not None  # noqa: S101 - it was loaded with the model
    store = SealedTrackerStore(agent.domain, database=database)
    agent.tracker_store = store
    processor = agent.processor
    assert processor is not None  # noqa: S101
    processor.nlg = FreshResponses(domain=agent.domain)
    channel.refit(agent)

    async def handle(body: dict[str, Any]) -> None:
        if not store.has_turn(body["message_id"]):
            await agent.handle_message(channel._message(body))  # noqa: SLF001 - as a turn is asked for
        assert store.has_turn(body["message_id"])  # noqa: S101 - a turn that was not taken costs nothing

    return handle


@contextmanager
def _calls(work: Counter[str]) -> Iterator[None]:
    def note(_frame: Any, kind: str, _argument: Any) -> None:
        if kind in ("call", "c_call"):
            work["calls"] += 1

    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(None)


def main() -> None:
    """Print the counts as one line of JSON."""
    from bot.rasa import quiet

    warnings.simplefilter("ignore")
    quiet.install("ERROR")
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(count(Path(folder)))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
