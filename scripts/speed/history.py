"""One man with a long history: so many events in each side's store, then some turns of his.

The stock store is filled with what a turn leaves behind, in one session, as it would be kept. Ours is filled through
its own tracker store, which ends a session that has grown long; inbox, turns and outbox get their rows as well.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import sqlalchemy

from bot.storage import Database
from scripts.speed import ours

STOCK_EVENTS, OUR_EVENTS = (10, 100, 1_000, 5_000), (10, 100, 1_000, 5_000, 100_000)
_A_TURN = 6  # events that one turn leaves behind
_AT_ONCE = 20  # turns written together


def fill_stock(url: str, man: str, events: int) -> None:
    """Write so many events of one session into the stock store's table."""
    engine = sqlalchemy.create_engine(url, future=True)
    at = time.time() - 600  # the session must not be over
    rows = [
        {
            "sender_id": man,
            "type_name": event["event"],
            "timestamp": at + number / 1_000,
            "intent_name": (event.get("parse_data") or {}).get("intent", {}).get("name"),
            "action_name": event.get("name") if event["event"] == "action" else None,
            "data": json.dumps({**event, "timestamp": at + number / 1_000}),
        }
        for number, event in enumerate(islice(_stock_events(), events))
    ]
    statement = sqlalchemy.text(
        "INSERT INTO events (sender_id, type_name, timestamp, intent_name, action_name, data)"
        " VALUES (:sender_id, :type_name, :timestamp, :intent_name, :action_name, :data)"
    )
    with engine.begin() as connection:
        connection.execute(statement, rows)
    engine.dispose()


def _stock_events() -> Iterator[dict[str, Any]]:
    yield {"event": "action", "name": "action_session_start", "policy": None, "confidence": 1.0}
    yield {"event": "session_started"}
    listen = {"event": "action", "name": "action_listen", "policy": None, "confidence": None}
    yield listen
    intent = {"name": "hiding_it", "confidence": 0.9}
    said = {"text": "nobody knows", "intent": intent, "entities": [], "intent_ranking": [intent] * 10}
    while True:
        yield {"event": "user", "text": "nobody knows", "parse_data": said, "metadata": {}, "input_channel": "rest"}
        yield {"event": "user_featurization", "use_text_for_featurization": False}
        yield {"event": "action", "name": "action_answer", "policy": "RulePolicy", "confidence": 1.0}
        yield {"event": "slot", "name": "theme", "value": "hiding_it"}
        yield {"event": "bot", "text": "Go on.", "data": {}, "metadata": {}}
        yield listen


def fill_ours(database: Database, person_id: str, events: int) -> None:
    """Have our tracker store save so many events, and give him the messages they belong to."""
    from rasa.shared.core.domain import Domain
    from rasa.shared.core.events import ActionExecuted, SessionStarted
    from rasa.shared.core.trackers import DialogueStateTracker

    from bot.config import PROJECT
    from bot.rasa.tracker_store import SealedTrackerStore

    domain = Domain.from_file(str(PROJECT / "domain.yml"))
    store = SealedTrackerStore(domain, database=database)
    tracker = DialogueStateTracker.from_events(person_id, [], domain.slots)
    for event in (ActionExecuted("action_session_start"), SessionStarted(), ActionExecuted("action_listen")):
        tracker.update(event)
    written = 3
    while written < events:
        turns = max(1, min(_AT_ONCE, (events - written) // _A_TURN))
        for _ in range(turns):
            for event in _our_turn():
                tracker.update(event)
        written += turns * _A_TURN
        asyncio.run(store.save(tracker))
        kept = asyncio.run(store.retrieve(person_id))
        assert kept is not None  # noqa: S101 - it was saved a line above
        tracker = kept
    ours.past(database, person_id, events // _A_TURN, first=hash(person_id) % 10**9 * 10**9)


def _our_turn() -> Iterator[Any]:
    from rasa.shared.core.events import ActionExecuted, BotUttered, SlotSet, UserUttered

    intent = {"name": "hiding_it", "confidence": 0.9}
    said = {"text": "nobody knows", "intent": intent, "entities": [], "intent_ranking": [intent] * 10}
    yield UserUttered("nobody knows", intent, [], said, metadata=ours.METADATA)
    yield ActionExecuted("action_reflect", "RulePolicy", 1.0)
    yield SlotSet("theme", "hiding_it")
    yield SlotSet("theme_stage", "opened")
    yield BotUttered("Go on.", metadata={"utter_action": "utter_hiding_it", "variation": 0})
    yield ActionExecuted("action_listen")


def main() -> None:
    """Fill our store, in a process of its own: Rasa's imports shall not weigh on whoever measures."""
    from bot.config import Settings
    from bot.storage import open_database

    database = open_database(Settings.from_environment())
    for pair in sys.argv[1:]:
        person_id, _, events = pair.partition("=")
        fill_ours(database, person_id, int(events))
    database.close()


if __name__ == "__main__":
    main()
