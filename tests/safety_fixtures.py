"""One man's talk with the real model, judged by the names of responses and steps, never by wording."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from bot.console.talk import DOOR, Talk
from bot.storage import Database
from bot.storage.models import Flag, TrackerEvent
from bot.turns import DialogueClient
from tests.path_fixtures import Ledger, Rasa


@dataclass
class Turn:
    """What one of his messages led to.

    Attributes:
        said: Names of the dialogue's responses, in order; None for a text without a name.
        texts: Every bubble, the gate's own first.
        buttons: Labels of the buttons.
        level: What the screening made of the message.
    """

    said: list[str | None]
    texts: list[str]
    buttons: list[str]
    level: str


@dataclass
class Man:
    """Somebody who talks to the bot; ``step`` and ``flags`` are looked up in its own database."""

    talk: Talk
    database: Database
    chat: str
    turns: list[Turn] = field(default_factory=list)

    async def say(self, text: str) -> Turn:
        return self._note(await self.talk.say(text))

    async def press(self, label: str) -> Turn:
        assert label in self.turns[-1].buttons, (label, self.turns[-1].buttons)
        return self._note(await self.talk.press(label))

    def _note(self, heard: Any) -> Turn:
        buttons = [label for bubble in heard.replies for label, _ in bubble.buttons]
        turn = Turn(self._said(), [bubble.text for bubble in heard.replies], buttons, heard.level)
        assert turn.texts, "silence"
        self.turns.append(turn)
        return turn

    def events(self) -> list[dict[str, Any]]:
        query = select(TrackerEvent).filter_by(person_id=self.person_id).order_by(TrackerEvent.seq)
        with self.database.read() as session:
            return [row.event.reveal() for row in session.execute(query).scalars()]

    def _said(self) -> list[str | None]:
        events = self.events()
        last = max((number for number, event in enumerate(events) if event["event"] == "user"), default=0)
        bot = [event for event in events[last:] if event["event"] == "bot"]
        return [event["metadata"].get("utter_action") for event in bot]

    def slot(self, name: str) -> Any:
        values = [event["value"] for event in self.events() if event["event"] == "slot" and event["name"] == name]
        return values[-1] if values else None

    @property
    def step(self) -> str | None:
        found: str | None = self.slot("safety_step")
        return found

    @property
    def person_id(self) -> str:
        return str(Ledger(self.database).person_id(self.chat, DOOR))  # type: ignore[arg-type]

    def flags(self) -> dict[str, str]:
        """Return the level of each open flag by its kind."""
        with self.database.read() as session:
            rows = session.execute(select(Flag).filter_by(person_id=self.person_id)).scalars().all()
            return {row.kind: row.level for row in rows if row.state in ("open", "claimed")}

    def reasons(self) -> list[str]:
        with self.database.read() as session:
            rows = session.execute(select(Flag).filter_by(person_id=self.person_id)).scalars().all()
            return [reason for row in rows for entry in row.reasons.reveal() for reason in entry["reasons"]]


@asynccontextmanager
async def man(rasa: Rasa, chat: str) -> AsyncIterator[Man]:
    """Yield a man behind the first questions, on the shared server."""
    settings = rasa.house.settings(RASA_URL=rasa.url)
    database = rasa.house.open()
    dialogue = DialogueClient(rasa.url, rasa.token, settings.dialogue_timeout_seconds)
    talk = Talk(database, settings, dialogue, chat)
    talk.consent()
    try:
        yield Man(talk, database, chat)
    finally:
        await dialogue.close()
        database.close()
