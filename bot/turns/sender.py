"""Hand the outbox to the messenger: crisis first, each man's bubbles in order, one man never waiting for another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Protocol

from bot import measures
from bot.clock import Clock, utc_now
from bot.crash import crash_point
from bot.errors import NotSentError, SlowDownError, StorageError, UncertainSendError, UnreachableError
from bot.escalation.flags import note_unreachable
from bot.logs import log_event
from bot.storage import Claims, Database
from bot.storage.models import OutboxMessage, Person
from bot.turns import outbox, papers
from bot.turns.bell import Bell
from bot.turns.crew import Crew
from bot.turns.his_data import file_of

AT_ONCE = 20
IDLE_SECONDS = 0.25
_OUTCOMES = {
    "SlowDownError": "slow_down",
    "UnreachableError": "unreachable",
    "NotSentError": "not_sent",
    "UncertainSendError": "uncertain",
}
_log = logging.getLogger("ballast.sender")


class Transport(Protocol):
    """What a door must be able to do."""

    async def send(self, chat_id: str, text: str, buttons: tuple[tuple[str, str], ...]) -> int | None:
        """Hand over one bubble with (label, token) buttons; return the messenger's number for it.

        Raises:
            TransportError: One of its leaves, by what is known about the message.
        """

    async def send_file(self, chat_id: str, text: str, name: str, content: bytes) -> int | None:
        """Hand over one file with a line of text below it; raises what ``send`` raises."""

    async def send_picture(self, chat_id: str, text: str, picture: bytes, alt: str) -> int | None:
        """Hand over one PNG with a line of text below it and words for who cannot see it; raises as ``send``."""

    async def typing(self, chat_id: str) -> None:
        """Show that an answer is being written; never raises."""


class Sender:
    """Sends what one door's men are owed.

    Args:
        database: Where the outbox lies.
        transport: The door's messenger.
        door: Only men who came through this door.
        clock: Now.
        claims: To whom this process sends, where several share the database.
    """

    def __init__(
        self,
        database: Database,
        transport: Transport,
        door: str,
        clock: Clock = utc_now,
        claims: Claims | None = None,
    ) -> None:
        self._database = database
        self._transport = transport
        self._door = door
        self._clock = clock
        self._bell = Bell()
        self._crew = Crew(self._send_all, AT_ONCE, self._bell, _log, claims or Claims(database, door), "send")

    def wake(self) -> None:
        """Look into the outbox now rather than at the next tick."""
        self._bell.ring()

    async def run(self) -> None:
        """Send for ever, also what a process that died left midway."""
        while True:
            try:
                self._start_due()
            except StorageError:
                log_event(_log, "sender.storage_error", level=logging.ERROR)
            await self._bell.wait(IDLE_SECONDS)

    def _start_due(self) -> None:
        with self._database.read() as session:
            persons = outbox.due_persons(session, self._door, at=self._clock())
        self._crew.start(persons)

    async def drain(self) -> None:
        """Send what is due now and return; for doors that live for one conversation."""
        with self._database.read() as session:
            persons = outbox.due_persons(session, self._door, at=self._clock())
        for person_id in persons:
            await self._send_all(person_id)

    async def _send_all(self, person_id: str) -> None:
        is_first = True
        while self._crew.holds(person_id):
            parcel = self._take(person_id, is_first=is_first)
            if parcel is None:
                return
            is_first = False
            crash_point("taken")
            await self._send_one(parcel)

    def _take(self, person_id: str, *, is_first: bool) -> outbox.Parcel | None:
        with self._database.write() as session:
            # Nobody else is at it now: what is on its way to him was left there by a process that died.
            count = outbox.recover(session, person_id, at=self._clock()) if is_first else 0
            parcel = outbox.take_next(session, person_id, at=self._clock())
        if count:
            log_event(_log, "sender.recovered", count=count)
        return parcel

    async def _send_one(self, parcel: outbox.Parcel) -> None:
        delivery_ref: int | None = None
        failure: Exception | None = None
        try:
            with measures.send_seconds.timed():
                delivery_ref = await self._hand_over(parcel)
            crash_point("handed-over")
        except (SlowDownError, UnreachableError, NotSentError, UncertainSendError) as error:
            failure = error
        await self._settle(parcel, failure, delivery_ref)

    async def _hand_over(self, parcel: outbox.Parcel) -> int | None:
        if parcel.paper is not None:
            return await self._draw_and_hand_over(parcel, parcel.paper)
        if not parcel.file:
            return await self._transport.send(parcel.chat_id, parcel.text, parcel.buttons)
        with self._database.read() as session:
            person = session.get(Person, parcel.person_id)
            if person is None or person.chat is None:
                raise NotSentError("He had everything erased in the meantime.")
            content = file_of(session, person, parcel.file, at=self._clock())
        return await self._transport.send_file(parcel.chat_id, parcel.text, parcel.file, content)

    async def _draw_and_hand_over(self, parcel: outbox.Parcel, paper: Mapping[str, Any]) -> int | None:
        """Draw beside the loop, so that nobody waits for another man's picture; what cannot be drawn is told."""
        try:
            drawn = await asyncio.to_thread(papers.draw, paper, at=self._clock())
        except Exception as error:  # noqa: BLE001 - a fault of the drawing must not hold back what comes after it
            log_event(_log, "sender.not_drawn", level=logging.ERROR, message=parcel.id, kind=type(error).__name__)
            text = f"{parcel.text}\n\n{paper.get('alt', '')}".strip()
            return await self._transport.send(parcel.chat_id, text, parcel.buttons)
        if drawn.is_picture:
            return await self._transport.send_picture(parcel.chat_id, parcel.text, drawn.content, drawn.alt)
        return await self._transport.send_file(parcel.chat_id, parcel.text, drawn.name, drawn.content)

    async def _settle(self, parcel: outbox.Parcel, failure: Exception | None, delivery_ref: int | None) -> None:
        while True:
            try:
                with self._database.write() as session:
                    self._write_down(session, parcel, failure, delivery_ref)
                break
            except StorageError:  # it was sent: forgetting that would send it twice
                log_event(_log, "sender.settle_failed", level=logging.ERROR, message=parcel.id)
                await asyncio.sleep(IDLE_SECONDS)
        crash_point("settled")
        outcome = "sent" if failure is None else type(failure).__name__
        measures.sends.add(_OUTCOMES.get(outcome, outcome))
        if failure is None and parcel.lane == outbox.CRISIS:
            measures.crisis_seconds.note((self._clock() - parcel.created_at).total_seconds())
        log_event(_log, "outbox.settled", message=parcel.id, outcome=outcome, attempts=parcel.attempts)

    def _write_down(self, session: Any, parcel: outbox.Parcel, failure: Exception | None, ref: int | None) -> None:
        row = session.query(OutboxMessage).filter_by(id=parcel.id).one_or_none()
        now = self._clock()
        if row is None or row.attempts != parcel.attempts:
            return  # he had everything erased while it was on its way, or another process has taken it over
        if failure is None:
            outbox.settle_sent(row, at=now, delivery_ref=ref)
        elif isinstance(failure, SlowDownError):
            outbox.settle_retry(row, at=now, after_seconds=failure.retry_after_seconds)
        elif isinstance(failure, UnreachableError):
            outbox.settle_undeliverable(session, parcel.person_id, at=now)
            note_unreachable(session, parcel.person_id, at=now)
        elif isinstance(failure, UncertainSendError):
            outbox.settle_uncertain(row, at=now)
        else:
            is_refused = isinstance(failure, NotSentError) and failure.is_refused
            pause = outbox.pause_seconds(row)
            outbox.settle_retry(row, at=now, after_seconds=pause, is_refused=is_refused)
