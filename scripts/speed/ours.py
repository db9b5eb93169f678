"""Ballast as it is started for men: the dialogue at its channel, the whole path, and men who have agreed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert

from bot.clock import utc_now
from bot.consent import ADULT, STORAGE, record_answer
from bot.crypto import Context, seal
from bot.crypto.padding import pad
from bot.storage import Database
from bot.storage.columns import new_id
from bot.storage.models import InboxMessage, OutboxMessage, Turn
from bot.storage.sealed import SealedBytes
from bot.turns.people import find_or_begin
from tests.path_fixtures import House, Running, free_port

BATCH = 2_000
METADATA = {"level": "none", "kind": "self", "region": "us-miami", "language": "en", "tone": "plain"}
_NO_SCREENING = b'{"level":"none","kind":"self","reasons":[]}'


class Dialogue(Running):
    """The Rasa process, started as ``make run`` starts it."""

    def __init__(self, house: House, number: int = 0, **more: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        arguments = ["bot.rasa.serve", str(self.port)]
        super().__init__(house, f"rasa{number}", arguments, house.environment(LOG_LEVEL="INFO", **more))


def men(database: Database, chats: Sequence[int], door: str = "bench") -> list[str]:
    """Make men who are past the first questions and return their pseudonyms; nobody sends to the door ``bench``."""
    found = []
    with database.write() as session:
        for chat in chats:
            person = find_or_begin(session, door, str(chat), region="us-miami", language="en", at=utc_now())
            person.introduced_at = utc_now()
            for kind in (ADULT, STORAGE):
                record_answer(session, person_id=person.id, kind=kind, given=True, at=utc_now())
            found.append(str(person.id))
    return found


def messages(database: Database, person_ids: Sequence[str], texts: Sequence[str], first: int) -> list[dict[str, Any]]:
    """Write one message a man into the inbox, as the gate does, and return what the channel is asked with."""
    asked = []
    with database.write() as session:
        for number, (person_id, text) in enumerate(zip(person_ids, texts, strict=True)):
            row = InboxMessage(id=new_id(), door="bench", update_id=first + number, person_id=person_id, kind="text")
            row.state, row.attempts, row.received_at = "pending", 0, utc_now()
            session.add(row)
            row.body = {"text": text}
            row.screening = {"level": "none", "kind": "self", "reasons": []}
            asked.append({"person": person_id, "message_id": row.id, "text": text, "payload": "", "metadata": METADATA})
    return asked


def past(database: Database, person_id: str, count: int, first: int) -> None:
    """Give a man so many messages that were answered and sent, without the session's bookkeeping for each row."""
    for start in range(0, count, BATCH):
        with database.write() as session:
            keys = session.info["vault"].keys_of(session, person_id)
            numbers = range(start, min(count, start + BATCH))

            def sealed(table: str, column: str, row_id: str, plain: bytes, keys: Any = keys) -> SealedBytes:
                return SealedBytes(seal(pad(plain), context=Context(table, column, row_id, person_id, 1), keys=keys))

            ids = {number: new_id() for number in numbers}
            now = utc_now()
            inbox = [
                {
                    "id": ids[number],
                    "door": "bench",
                    "update_id": first + number,
                    "person_id": person_id,
                    "kind": "text",
                    "state": "done",
                    "received_at": now,
                    "attempts": 0,
                    "revision": 1,
                    "body_sealed": sealed("inbox", "body", ids[number], b'{"text":"cannot sleep"}'),
                    "screening_sealed": sealed("inbox", "screening", ids[number], _NO_SCREENING),
                }
                for number in numbers
            ]
            turns = [
                {"id": ids[number], "person_id": person_id, "at": now, "model": "bench", "revision": 1}
                for number in numbers
            ]
            outbox = [_sent(new_id(), ids[number], person_id, now, sealed) for number in numbers]
            for model, rows in ((InboxMessage, inbox), (Turn, turns), (OutboxMessage, outbox)):
                session.connection().execute(insert(model.__table__), rows)


def _sent(row_id: str, turn_id: str, person_id: str, now: Any, sealed: Any) -> dict[str, Any]:
    return {
        "id": row_id,
        "turn_id": turn_id,
        "person_id": person_id,
        "lane": "turn",
        "resend": True,
        "state": "sent",
        "created_at": now,
        "due_at": now,
        "sent_at": now,
        "attempts": 1,
        "revision": 1,
        "body_sealed": sealed("outbox", "body", row_id, b'{"text":"Nights are long.","buttons":[]}'),
    }
