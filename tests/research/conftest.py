from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from bot.clock import Clock
from bot.consent import RESEARCH, record_answer
from bot.research import export_dialogues, register_protocol
from bot.storage import Database
from bot.storage.models import InboxMessage, OutboxMessage, Person, Turn

START = datetime(2026, 3, 2, 21, 30, tzinfo=timezone.utc)


class House:
    """A real database with men who say what a test lets them say."""

    start = START

    def __init__(self, database: Database) -> None:
        self.database = database
        self._updates = 811_000_000  # so that a search for one finds nothing else

    def man(self, *, chat: str = "chat-4711", consents: bool = True) -> str:
        with self.database.write() as session:
            index = self.database.vault.keyring.chat_index("telegram", f"{chat}-{self._updates}")
            person = Person(door="telegram", chat_index=index, created_at=START)
            session.add(person)
            session.flush()
            self.database.vault.make_key(session, person.id)
            person.chat = chat
            person_id: str = person.id
        self._updates += 1
        if consents:
            self.answers(person_id, given=True)
        return person_id

    def allows(self, name: str = "IRB-12", *, purpose: str = "theme paper", days: int = 300, **more: int) -> None:
        with self.database.write() as session:
            expires_at = START + timedelta(days=days)
            register_protocol(session, name, purpose=purpose, expires_at=expires_at, by="r.lang", at=START, **more)

    def answers(self, person_id: str, *, given: bool, after: timedelta = timedelta(0)) -> None:
        with self.database.write() as session:
            record_answer(session, person_id=person_id, kind=RESEARCH, given=given, at=START + after)

    def says(self, person_id: str, text: str | None, *, after: timedelta = timedelta(0), **more: object) -> str:
        body = {"text": text, "caption": more.get("caption"), "button": more.get("button"), "command": None}
        body |= {"payload": more["payload"]} if "payload" in more else {}
        self._updates += 1
        with self.database.write() as session:
            row = InboxMessage(
                door="telegram",
                update_id=self._updates,
                person_id=person_id,
                kind=more.get("kind", "text"),
                state=more.get("state", "done"),
                received_at=START + after,
            )
            session.add(row)
            session.flush()
            row.body = body
            if more.get("reading") is not None:
                turn = Turn(id=row.id, person_id=person_id, at=START + after, model="model-a1b2")
                session.add(turn)
                turn.reading = more["reading"]
            row_id: str = row.id
        return row_id

    def hears(self, person_id: str, text: str, *, after: timedelta = timedelta(0), state: str = "sent") -> None:
        at = START + after
        with self.database.write() as session:
            row = OutboxMessage(person_id=person_id, state=state, created_at=at, due_at=at, sent_at=at)
            session.add(row)
            session.flush()
            row.body = {"text": text, "buttons": []}


@pytest.fixture
def house(database) -> House:
    house = House(database)
    house.allows()
    return house


@pytest.fixture
def clock() -> Clock:
    return lambda: START + timedelta(days=40)


@pytest.fixture
def run(database, clock, tmp_path):
    """Export and return the report and the lines of ``turns.jsonl``; the folder is ``tmp_path / name``."""

    def export_now(name: str = "out", *, formats: tuple[str, ...] = ("jsonl",), **more: str):
        out = tmp_path / name
        reasons = {"staff": "r.lang", "purpose": "theme paper", "protocol": "IRB-12"} | more
        report = export_dialogues(database, out, **reasons, clock=clock, formats=formats)
        text = (out / "turns.jsonl").read_text(encoding="utf-8")
        return report, [json.loads(line) for line in text.splitlines()]

    return export_now
