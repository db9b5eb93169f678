"""One man at the terminal, through the whole path: gate, inbox, conductor, Rasa, outbox, sender."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from bot.clock import Clock, utc_now
from bot.config import Settings
from bot.consent import ADULT, STORAGE, record_answer
from bot.escalation.flags import OPEN_STATES
from bot.storage import Database
from bot.storage.models import Flag
from bot.turns import Conductor, DialogueClient, Gate, Incoming, Kind, Sender
from bot.turns.people import find_or_begin

DOOR = "console"


@dataclass
class Bubble:
    """One message as it arrived, with its (label, token) buttons."""

    text: str
    buttons: tuple[tuple[str, str], ...]


@dataclass
class Heard:
    """What one of his messages led to."""

    replies: list[Bubble]
    level: str
    flags: list[dict[str, str]] = field(default_factory=list)


class Terminal:
    """A transport that keeps what it is handed until it is shown."""

    def __init__(self) -> None:
        self.bubbles: list[Bubble] = []

    async def send(self, chat_id: str, text: str, buttons: tuple[tuple[str, str], ...]) -> int | None:
        """Take one bubble."""
        self.bubbles.append(Bubble(text, buttons))
        return len(self.bubbles)

    async def send_file(self, chat_id: str, text: str, name: str, content: bytes) -> int | None:
        """Show that a file is there: a terminal takes none."""
        self.bubbles.append(Bubble(f"{text} [{name}, {len(content)} bytes]", ()))
        return len(self.bubbles)

    async def send_picture(self, chat_id: str, text: str, picture: bytes, alt: str) -> int | None:
        """Say what is on the picture: a terminal shows none."""
        self.bubbles.append(Bubble(f"{text} [picture: {alt}]", ()))
        return len(self.bubbles)

    async def typing(self, chat_id: str) -> None:
        """Nothing to do: the terminal shows its own sign."""

    def take(self) -> list[Bubble]:
        """Return what arrived since the last call."""
        taken, self.bubbles = self.bubbles, []
        return taken


class Talk:
    """A conversation of one man.

    Args:
        database: Where it is kept.
        settings: The installation's settings.
        dialogue: Client of a running Rasa.
        chat_id: Who he is on this door.
        clock: Now.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        dialogue: DialogueClient,
        chat_id: str = "me",
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._settings = settings
        self._chat_id = chat_id
        self._clock = clock
        self._terminal = Terminal()
        self._gate = Gate(database, settings, clock)
        self._conductor = Conductor(
            database, settings, dialogue, self._terminal, DOOR, clock=clock, on_erased=self._forget
        )
        self._sender = Sender(database, self._terminal, DOOR, clock)
        self._offered: list[tuple[str, str]] = []
        self._last_update = time.time_ns() // 1_000

    def consent(self) -> None:
        """Answer the first questions for him, so that the talk begins behind them."""
        with self._database.write() as session:
            person_id = self._person_id(session)
            for kind in (ADULT, STORAGE):
                record_answer(session, person_id=person_id, kind=kind, given=True, at=self._clock())

    async def say(self, text: str) -> Heard:
        """Send words and return what came back."""
        return await self._send(Kind.TEXT, text=text)

    async def press(self, choice: str) -> Heard:
        """Press a button by its label or its data and return what came back."""
        token = next((data for label, data in self._offered if choice.casefold() == label.casefold()), choice)
        return await self._send(Kind.BUTTON, button=token)

    async def pending(self) -> list[Bubble]:
        """Return what is still owed to him from an earlier time."""
        await self._conductor.drain()
        await self._sender.drain()
        return self._show()

    async def _send(self, kind: Kind, *, text: str | None = None, button: str | None = None) -> Heard:
        self._last_update += 1
        incoming = Incoming(DOOR, self._last_update, self._chat_id, kind, self._clock(), text, button)
        screening = self._gate.receive(incoming)
        await self._sender.drain()  # the crisis lane does not wait for the dialogue
        replies = self._show()
        await self._conductor.drain()
        await self._sender.drain()
        level = str(screening.level) if screening is not None else "none"
        return Heard(replies + self._show(), level, self._flags())

    def _forget(self, chat_id: str) -> None:
        self._gate.forget(DOOR, chat_id)

    def _show(self) -> list[Bubble]:
        bubbles = self._terminal.take()
        offered = [button for bubble in bubbles for button in bubble.buttons]
        self._offered = offered or self._offered
        return bubbles

    def _flags(self) -> list[dict[str, str]]:
        with self._database.read() as session:
            query = select(Flag).filter_by(person_id=self._person_id(session))
            rows = session.execute(query.where(Flag.state.in_(OPEN_STATES)).order_by(Flag.opened_at)).scalars()
            return [{"level": row.level, "kind": row.kind, "state": row.state} for row in rows]

    def _person_id(self, session: Any) -> str:
        person = find_or_begin(
            session, DOOR, self._chat_id, region=self._settings.region, language="en", at=self._clock()
        )
        found: str = person.id
        return found
