"""Work through the inbox: one worker a person, his messages in order, nobody waiting for anybody else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import func, select

from bot import measures
from bot.clock import Clock, utc_now
from bot.config import Settings
from bot.consent import STORAGE, answer_of
from bot.content import say
from bot.crash import crash_point
from bot.errors import BallastError, DialogueUnavailableError, KeyMissingError, SealBrokenError, StorageError
from bot.escalation import open_flag
from bot.escalation.daily import run_retention
from bot.escalation.erasure import erase
from bot.escalation.flags import ORANGE
from bot.logs import log_event
from bot.storage import Claims, Database
from bot.storage.expiry import Retention
from bot.storage.ledger import ErasureLedger
from bot.storage.models import Consent, InboxMessage, Person
from bot.storage.retention import let_go, truncate_journal
from bot.turns.bell import Bell
from bot.turns.check_backs import take_due
from bot.turns.crew import Crew
from bot.turns.dialogue import DialogueClient, TurnRequest
from bot.turns.gate import SPLIT_WITHIN
from bot.turns.router import Erasure, Outcome, Router
from bot.turns.sender import Transport
from bot.turns.staffed import end_quiet_talks
from bot.turns.standin import messages_behind, stand_in, tell_one_behind, text_for

AT_ONCE = 16
IDLE_SECONDS = 0.25
SWEEP_SECONDS = 60
MOST_ANSWERED_FAILURES = 5  # Rasa is there but cannot answer this one message: do not let it block him for ever
_log = logging.getLogger("ballast.conductor")


class Conductor:
    """Takes pending inbox messages to their answers.

    Args:
        database: Where inbox and outbox lie.
        settings: The installation's settings.
        dialogue: Client of Rasa's channel.
        transport: The door's messenger, for the typing sign and the receipt of an erasure.
        door: Only men who came through this door.
        on_queued: Called when something new may lie in the outbox.
        on_erased: Called with the chat id of a man who had everything wiped.
        clock: Now.
        claims: Whom this process works on, where several share the database.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        dialogue: DialogueClient,
        transport: Transport,
        door: str,
        on_queued: Callable[[], None] = lambda: None,
        on_erased: Callable[[str], None] = lambda _: None,
        clock: Clock = utc_now,
        claims: Claims | None = None,
    ) -> None:
        self._database = database
        self._claims = claims or Claims(database, door)
        self._router = Router(settings)
        self._answer_within = timedelta(hours=settings.check_back_answer_hours)
        self._ledger = ErasureLedger(settings.erasure_ledger, database.vault.keyring)
        days = settings.retention_log_days, settings.retention_flag_days, settings.retention_silent_days
        self._retention = Retention(*days)
        self._dialogue = dialogue
        self._transport = transport
        self._door = door
        self._on_queued = on_queued
        self._on_erased = on_erased
        self._clock = clock
        self._bell = Bell()
        self._crew = Crew(self._work, AT_ONCE, self._bell, _log, self._claims, "work")
        self._swept_at: datetime | None = None
        self._expired_at: datetime | None = None
        self._journal_is_clean = True
        self._signs: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Look into the inbox now rather than at the next tick."""
        self._bell.ring()

    async def run(self) -> None:
        """Work for ever."""
        while True:
            try:
                self._sweep()
                self._crew.start(self._due_persons())
                self._tell_those_behind()
            except StorageError:
                log_event(_log, "conductor.storage_error", level=logging.ERROR)
            await self._bell.wait(IDLE_SECONDS)

    async def drain(self) -> None:
        """Work off what is due now and return; for doors that live for one conversation."""
        self._take_follow_ups()
        for person_id in self._due_persons():
            await self._work(person_id)
        self._tell_those_behind()

    def _due_persons(self) -> list[str]:
        waiting = InboxMessage.door == self._door, InboxMessage.state == "pending"
        firsts = select(func.min(InboxMessage.seq)).where(*waiting).group_by(InboxMessage.person_id)
        due = (InboxMessage.retry_at.is_(None)) | (InboxMessage.retry_at <= self._clock())
        query = select(InboxMessage.person_id).where(InboxMessage.seq.in_(firsts), due)
        query = query.order_by(InboxMessage.seq)
        with self._database.read() as session:
            return list(session.execute(query).scalars())

    async def _work(self, person_id: str) -> None:
        handled = None
        while self._crew.holds(person_id):
            message_id = self._next(person_id)
            if message_id is None:
                return
            if message_id == handled:  # told to be committed, and still there: not in a circle
                self._postpone(person_id, message_id, counts=True)
            else:
                await self._handle(person_id, message_id)
            handled = message_id
            self._on_queued()

    def _next(self, person_id: str) -> str | None:
        query = select(InboxMessage).filter_by(person_id=person_id, state="pending")
        with self._database.read() as session:
            row = session.execute(query.order_by(InboxMessage.seq).limit(1)).scalar()
            if row is None or (row.retry_at is not None and row.retry_at > self._clock()):
                return None
            message_id: str = row.id
            return message_id

    async def _handle(self, person_id: str, message_id: str) -> None:
        try:
            await self._answer(person_id, message_id)
        except (SealBrokenError, KeyMissingError) as error:
            self._set_aside(person_id, message_id, error)
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours in one message must not silence him for ever
            log_event(_log, "turn.error", level=logging.ERROR, message=message_id, kind=type(error).__name__)
            self._postpone(person_id, message_id, counts=True)

    async def _answer(self, person_id: str, message_id: str) -> None:
        crash_point("routing")
        outcome, chat_id = self._route(person_id, message_id)
        crash_point("routed")
        if isinstance(outcome, Erasure):
            await self._erase(person_id, chat_id)
        elif outcome is not None:
            self._on_queued()
            self._show_typing(chat_id)
            await self._turn(outcome)

    def _show_typing(self, chat_id: str) -> None:
        """Show the sign without waiting for it: a slow messenger must not delay the turn."""
        sign = asyncio.create_task(self._transport.typing(chat_id))
        self._signs.add(sign)
        sign.add_done_callback(self._signs.discard)

    def _route(self, person_id: str, message_id: str) -> tuple[Outcome, str]:
        with self._database.write() as session:
            row = session.execute(select(InboxMessage).filter_by(id=message_id)).scalar()
            if row is None or row.state != "pending":
                return None, ""  # somebody else was at it, or he had everything erased
            person = session.get(Person, person_id)
            outcome = self._router.route(session, person, row, at=self._clock())
            return outcome, person.chat.reveal()

    async def _turn(self, request: TurnRequest) -> None:
        crash_point("asking")
        try:
            with measures.turn_seconds.timed():
                await self._dialogue.turn(request)
            crash_point("answered")
            measures.turns.add("committed")
        except DialogueUnavailableError as error:
            measures.turns.add("failed" if error.answered else "away")
            log_event(_log, "turn.unavailable", level=logging.WARNING, message=request.message_id)
            self._postpone(request.person_id, request.message_id, counts=error.answered)

    def _postpone(self, person_id: str, message_id: str, *, counts: bool) -> None:
        """Keep the message for later and, the first time, tell him so in words with a way to a person.

        Args:
            person_id: Who wrote it.
            message_id: Its inbox id.
            counts: Whether it failed by itself rather than because Rasa is away: it is not tried for ever.
        """
        with self._database.write() as session:
            row = session.execute(select(InboxMessage).filter_by(id=message_id)).scalar()
            if row is None or row.state != "pending":
                return  # committed after all; only the answer on the wire was lost
            if row.attempts == 0:
                stand_in(session, person_id, message_id, text_for(session, row), self._clock())
            row.attempts += 1
            row.retry_at = self._clock() + timedelta(seconds=min(60, 2 ** min(row.attempts, 6)))
            if counts and row.attempts >= MOST_ANSWERED_FAILURES:
                stand_in(session, person_id, message_id, "empty_reply", self._clock())
                row.state = "failed"

    def _tell_those_behind(self) -> None:
        for person_id, message_id in messages_behind(self._database, self._door, self._clock()):
            try:
                tell_one_behind(self._database, person_id, message_id, self._clock())
            except (SealBrokenError, KeyMissingError) as error:
                self._set_aside(person_id, message_id, error)
            self._on_queued()

    def _set_aside(self, person_id: str, message_id: str, error: BallastError) -> None:
        """A message that cannot be opened is an alert, never a fresh start, and never silence where he can be told."""
        log_event(_log, "inbox.unreadable", level=logging.ERROR, message=message_id, kind=type(error).__name__)
        with self._database.write() as session:
            row = session.execute(select(InboxMessage).filter_by(id=message_id)).scalar_one()
            row.state = "unreadable"
        try:
            with self._database.write() as session:
                stand_in(session, person_id, message_id, "unreadable", self._clock())
                # It may have been a cry for help: a person must know that nobody has read it.
                open_flag(
                    session,
                    person_id=person_id,
                    level=ORANGE,
                    kind="unreadable",
                    reasons=["a message of his is stored damaged and nobody has read it"],
                    at=self._clock(),
                    message_id=message_id,
                )
        except (SealBrokenError, KeyMissingError):  # his key or his settings are what cannot be opened
            log_event(_log, "inbox.unanswerable", level=logging.ERROR, message=message_id)

    async def _erase(self, person_id: str, chat_id: str) -> None:
        now = self._clock()
        self._journal_is_clean = erase(self._database, self._ledger, person_id, actor="person", at=now)
        self._on_erased(chat_id)
        crash_point("erased")
        log_event(_log, "person.erased", person=person_id)
        try:
            await self._transport.send(chat_id, say("forget_done", self._router.region)[0], ())
        except BallastError as error:  # the receipt is a courtesy; the erasure stands
            log_event(_log, "erasure.receipt_lost", kind=type(error).__name__)

    def _sweep(self) -> None:
        """Once a minute ask whom we owe a word, and let go of what men said who want no log.

        Once a day let go of what is older than the settings say. Of several processes one does so, as long as it lives.
        """
        now = self._clock()
        if self._swept_at is not None and (now - self._swept_at).total_seconds() < SWEEP_SECONDS:
            return
        self._swept_at = now
        self._claims.keep()
        if not self._claims.take("sweep"):
            return
        self._take_follow_ups()
        if not self._journal_is_clean:  # somebody was reading when a man was erased
            self._journal_is_clean = truncate_journal(self._database)
        with self._database.write() as session:
            asked = session.execute(select(Consent.person_id).filter_by(kind=STORAGE, given=False).distinct())
            refused = [person_id for person_id in asked.scalars() if answer_of(session, person_id, STORAGE) is False]
            let_go(session, refused, before=now - SPLIT_WITHIN)
        if self._expired_at is None or now - self._expired_at >= timedelta(days=1):
            self._expired_at = now
            run_retention(self._database, self._ledger, self._retention, at=now)

    def _take_follow_ups(self) -> None:
        with self._database.write() as session:
            end_quiet_talks(session, self._door, at=self._clock())
            count = take_due(session, self._door, at=self._clock(), answer_within=self._answer_within)
        if count:
            crash_point("follow-ups-due")
            log_event(_log, "follow_ups.due", count=count)
