"""One house with a clock that stands still, a messenger that notes what it is handed, and a dialogue that is played."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import select

from bot.config import Settings
from bot.consent import ADULT, STORAGE, record_answer
from bot.content import say
from bot.crypto import KeyRing
from bot.errors import DialogueUnavailableError
from bot.storage import Database
from bot.storage.models import Flag, InboxMessage, OutboxMessage, Person
from bot.turns import Conductor, Gate, Incoming, Kind, Reply, ReplyButton, Sender
from bot.turns.commit import commit_turn, is_committed
from bot.turns.dialogue import TurnRequest
from bot.turns.people import find_or_begin

START = datetime(2026, 11, 22, 21, 30, tzinfo=timezone.utc)
CHAT = "4711"


class HandClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


class Messenger:
    """Notes what it is handed; ``failures`` are raised first, one a call, for a chat or for all."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, tuple[tuple[str, str], ...]]] = []
        self.files: dict[str, bytes] = {}
        self.failures: list[Exception] = []
        self.failures_of: dict[str, list[Exception]] = {}

    async def send(self, chat_id: str, text: str, buttons: tuple[tuple[str, str], ...]) -> int | None:
        failures = self.failures_of.get(chat_id) or self.failures
        if failures:
            raise failures.pop(0)
        self.sent.append((chat_id, text, buttons))
        return len(self.sent)

    async def send_file(self, chat_id: str, text: str, name: str, content: bytes) -> int | None:
        self.files[name] = content
        return await self.send(chat_id, text, ())

    async def send_picture(self, chat_id: str, text: str, picture: bytes, alt: str) -> int | None:
        self.files[alt] = picture
        return await self.send(chat_id, text, ())

    async def typing(self, chat_id: str) -> None:
        """Nobody looks."""


class PlayedDialogue:
    """Stands for Rasa: echoes, commits as the tracker store does, and fails when told to."""

    def __init__(self, database: Database, clock: HandClock) -> None:
        self._database, self._clock = database, clock
        self.asked: list[TurnRequest] = []
        self.is_down = False
        self.is_empty = False
        self.poison = ""  # a text that it cannot answer though it is there
        self.buttons: tuple[ReplyButton, ...] = ()
        self.intent = "played"  # what it takes the words for

    async def turn(self, request: TurnRequest) -> None:
        self.asked.append(request)
        if self.is_down:
            raise DialogueUnavailableError("Rasa cannot be reached (ConnectError).")
        if self.poison and self.poison in request.text:
            raise DialogueUnavailableError("Rasa did not commit the turn (status 500).", answered=True)
        with self._database.write() as session:
            if is_committed(session, request.message_id):
                return
            said = f"re: {request.text or request.payload}"
            commit_turn(
                session,
                person_id=request.person_id,
                message_id=request.message_id,
                replies=[] if self.is_empty else [Reply(said, self.buttons)],
                reading={"intent": self.intent, "confidence": 1.0, "codes": []},
                model="played",
                at=self._clock(),
            )


class Path:
    """The whole path of a message but the door and Rasa."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database, self.settings, self.clock = database, settings, HandClock()
        self.messenger = Messenger()
        self.dialogue = PlayedDialogue(database, self.clock)
        self.restart()
        self._updates = 0

    def restart(self) -> None:
        """Put new parts on the old database, as after a crash."""
        self.gate = Gate(self.database, self.settings, self.clock)
        self.conductor = Conductor(
            self.database, self.settings, self.dialogue, self.messenger, "telegram", clock=self.clock
        )
        self.sender = Sender(self.database, self.messenger, "telegram", self.clock)

    def consent(self, chat: str = CHAT, *, keeps: bool = True) -> str:
        """Take him behind the first questions and return his pseudonym."""
        with self.database.write() as session:
            person = find_or_begin(
                session, "telegram", chat, region=self.settings.region, language="en", at=self.clock()
            )
            for kind, given in ((ADULT, True), (STORAGE, keeps)):
                record_answer(session, person_id=person.id, kind=kind, given=given, at=self.clock())
            found: str = person.id
            return found

    def receive(self, text: str | None = None, *, chat: str = CHAT, **more: Any) -> Any:
        """Hand one update to the gate; ``update_id``, ``kind`` and ``button`` as in Incoming."""
        self._updates += 1
        update_id = more.pop("update_id", self._updates)
        kind = more.pop("kind", Kind.TEXT)
        return self.gate.receive(Incoming("telegram", update_id, chat, kind, self.clock(), text, **more))

    async def work(self) -> None:
        """Do all that is due now."""
        await self.conductor.drain()
        await self.sender.drain()

    async def says(self, text: str | None = None, **more: Any) -> list[str]:
        """Hand one update in and return the texts that came back to anybody."""
        before = len(self.messenger.sent)
        self.receive(text, **more)
        await self.work()
        return [text for _, text, _ in self.messenger.sent[before:]]

    @staticmethod
    def wording(name: str, region: str = "us-miami", turn: int = 0, **words: str) -> list[str]:
        """Return the bubbles of one of the gate's texts: what counts is which one he gets, not how it reads."""
        return say(name, region, turn=turn, words=words)

    async def presses(self, label: str, *, chat: str = CHAT) -> list[str]:
        """Press the newest button of this label that he was shown."""
        return await self.says(kind=Kind.BUTTON, button=self.token(label, chat=chat), chat=chat)

    def token(self, label: str, *, chat: str = CHAT) -> str:
        shown = [dict(buttons) for to, _, buttons in self.messenger.sent if to == chat and buttons]
        return next(buttons[label] for buttons in reversed(shown) if label in buttons)

    def heard(self, chat: str = CHAT) -> list[str]:
        return [text for to, text, _ in self.messenger.sent if to == chat]

    def rows(self, model: Any, **where: Any) -> list[Any]:
        order = next(getattr(model, name) for name in ("seq", "id", "person_id") if hasattr(model, name))
        query = select(model).filter_by(**where).order_by(order)
        with self.database.read() as session:
            found = list(session.execute(query).scalars().all())
            session.expunge_all()  # stays readable after the transaction
            return found

    def inbox_states(self) -> list[str]:
        return [row.state for row in self.rows(InboxMessage)]

    def outbox_states(self) -> list[str]:
        return [row.state for row in self.rows(OutboxMessage)]

    def outbox_texts(self, **where: Any) -> list[str]:
        query = select(OutboxMessage).filter_by(**where).order_by(OutboxMessage.seq)
        with self.database.read() as session:
            return [row.body.reveal()["text"] for row in session.execute(query).scalars()]

    def outbox_texts_left(self) -> int:
        """Return how many of our bubbles still hold words."""
        return sum(row.body_sealed is not None for row in self.rows(OutboxMessage))

    def reasons(self) -> list[str]:
        """Return every reason on every flag."""
        with self.database.read() as session:
            flags = session.execute(select(Flag).order_by(Flag.opened_at)).scalars().all()
            entries = [entry for flag in flags for entry in flag.reasons.reveal()]
        return [reason for entry in entries for reason in entry["reasons"]]

    def person(self, chat: str = CHAT) -> Person:
        index = self.database.vault.keyring.chat_index("telegram", chat)
        return self.rows(Person, chat_index=index)[0]


@pytest.fixture
def path(tmp_path):
    """A fresh house for one test."""
    settings = Settings.from_environment({"BALLAST_HOME": str(tmp_path / "house"), "REGION": "us-miami"})
    database = Database(settings.database_url, KeyRing.create(settings.key_file))
    database.prepare()
    yield Path(database, settings)
    database.close()
