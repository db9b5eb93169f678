"""The gate: every update is committed, screened and, if need be, answered in one transaction, before anything else."""

from __future__ import annotations

import logging
from collections import deque
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from bot import measures
from bot.clock import Clock, utc_now
from bot.config import Settings
from bot.content import say
from bot.crash import crash_point
from bot.crisis import Kind as CrisisKind
from bot.crisis import Level, Screening, forget_readings, screen
from bot.crisis import load as load_screening
from bot.errors import KeyMissingError, SealBrokenError
from bot.escalation import follow_ups, open_flag, places
from bot.escalation.flags import level_for
from bot.escalation.hours import staff_sentence
from bot.logs import log_event
from bot.storage import Database
from bot.storage.columns import new_id
from bot.storage.models import InboxMessage, OutboxMessage, Person
from bot.turns import edits, nearby, outbox, pace, reminders
from bot.turns.messages import WITH_WORDS, Incoming, Kind, Reply, cut
from bot.turns.people import find_or_begin, settings_of

SPLIT_WITHIN = timedelta(minutes=10)
_REMEMBERED_CHATS = 10_000
# The first words where it is not his own life that is at risk.
SAFETY_TEXT = {
    CrisisKind.CHILD_HARM: "safety_child",
    CrisisKind.PARTNER_HARM: "safety_partner",
    CrisisKind.VIOLENCE: "safety_violence",
    CrisisKind.OTHER_PERSON: "safety_other",
    CrisisKind.BEREAVED: "safety_bereaved",
}
_REMEMBERED_TEXTS = 4
RULES_ALONE = "read by the rules alone: the trained part of the screening is out of order"
_log = logging.getLogger("ballast.gate")


class Gate:
    """Takes updates in. Returns only when an update is safe on disk.

    Args:
        database: Where inbox, outbox and flags lie.
        settings: Region of men who have not chosen, and the clinic's out-of-hours sentence.
        clock: Now.
        most_a_minute: How many messages of one man a minute are answered at once; 0 for any number.
    """

    def __init__(
        self, database: Database, settings: Settings, clock: Clock = utc_now, *, most_a_minute: int = 0
    ) -> None:
        self._database = database
        self._most_a_minute = most_a_minute
        self._settings = settings
        self._clock = clock
        fault = load_screening()  # now rather than at the first message; what is wrong with it is logged as an error
        measures.rules_alone.put(fault is not None)
        # His last texts, in memory only: a sentence split over two messages is screened as one.
        # After a restart they are read from the inbox, once a chat.
        self._recent: dict[str, deque[tuple[datetime, str]]] = {}

    def receive(self, incoming: Incoming) -> Screening | None:
        """Commit one update with its screening, the safety reply and the flag.

        Returns:
            The screening, or None when the update was received before.

        Raises:
            StorageError: Nothing was committed; the update must not be acknowledged.
        """
        with measures.receive_seconds.timed():
            return self._receive(incoming)

    def _receive(self, incoming: Incoming) -> Screening | None:
        places.refresh(self._database, at=self._clock())
        text, was_cut = cut(incoming.text) if incoming.text else (None, False)
        earlier = self._earlier(incoming)
        screening = _screened(text, earlier)
        with self._database.write() as session:
            if self._is_known(session, incoming):
                measures.repeated.add()
                return None
            person = self._person(session, incoming)
            if text and not screening.needs_person and _was_asked(session, person):
                answered = screen(text, earlier=earlier, asked_directly=True)
                screening = answered if answered.needs_person else screening  # a "not sure" is the dialogue's to ask
            has_risen = incoming.kind != Kind.EDIT or edits.has_risen(session, person.id, incoming, screening.level)
            body = _body(incoming, text, was_cut, has_risen) | nearby.found(session, person, incoming)
            row = self._store(session, person, incoming, body, screening)
            follow_ups.hear(session, person.id, at=incoming.at)
            self._keep_pace(session, person, row, screening)
            reminders.hear(session, person.id)
            if screening.needs_person:
                self._answer_crisis(session, person, row, screening, is_new=has_risen)
        self._remember(incoming, text)
        measures.received.add(str(incoming.kind))
        if text:
            measures.screened.add(str(screening.level))
        crash_point("received")
        log_event(_log, "gate.received", message=row.id, kind=incoming.kind, level_rank=screening.level.rank)
        return screening

    def _keep_pace(self, session: Any, person: Person, row: InboxMessage, screening: Screening) -> None:
        is_first = pace.keep_pace(session, row, most=self._most_a_minute, is_urgent=screening.needs_person)
        if is_first:
            replies = [Reply(bubble) for bubble in say("too_many", self._region(person))]
            outbox.queue(session, person.id, replies, at=self._clock(), turn_id=row.id, resend=False)

    @staticmethod
    def _is_known(session: Any, incoming: Incoming) -> bool:
        query = select(InboxMessage.seq).filter_by(door=incoming.door, update_id=incoming.update_id)
        return session.execute(query).scalar() is not None

    def _person(self, session: Any, incoming: Incoming) -> Person:
        person = find_or_begin(
            session,
            incoming.door,
            incoming.chat_id,
            region=self._settings.region,
            language=incoming.language,
            at=incoming.at,
        )
        person.unreachable_at = None
        return person

    @staticmethod
    def _store(
        session: Any, person: Person, incoming: Incoming, body: dict[str, Any], screening: Screening
    ) -> InboxMessage:
        row = InboxMessage(id=new_id(), door=incoming.door, update_id=incoming.update_id, person_id=person.id)
        row.kind, row.state, row.attempts, row.received_at = str(incoming.kind), "pending", 0, incoming.at
        session.add(row)
        row.body = body
        row.screening = {
            "level": str(screening.level),
            "kind": str(screening.kind),
            "reasons": list(screening.reasons),
        }
        session.flush()
        return row

    def _answer_crisis(
        self, session: Any, person: Person, row: InboxMessage, screening: Screening, *, is_new: bool
    ) -> None:
        if is_new and not self._is_told(session, person, row, screening):
            self._say(session, person, row, screening)
        self._tell_staff(session, person, row, screening)

    @staticmethod
    def _is_told(session: Any, person: Person, row: InboxMessage, screening: Screening) -> bool:
        """Whether he answers the question that came with the numbers: the same list again would be no answer to that.

        The dialogue goes on from it; where that is away, a text stands in.
        """
        since = row.received_at - SPLIT_WITHIN
        return screening.is_bare_answer and outbox.was_in_crisis(session, person.id, since=since)

    def _say(self, session: Any, person: Person, row: InboxMessage, screening: Screening) -> None:
        imminent = screening.level >= Level.IMMINENT
        name = SAFETY_TEXT.get(screening.kind, "safety_imminent" if imminent else "safety_high")
        said = select(func.count(OutboxMessage.turn_id.distinct())).filter_by(person_id=person.id, lane=outbox.CRISIS)
        bubbles = say(
            name,
            self._region(person),
            turn=session.execute(said).scalar(),
            staff=staff_sentence(session, self._settings.staff_reads_until, at=self._clock()),
        )
        replies = [Reply(bubble) for bubble in bubbles]
        outbox.queue(session, person.id, replies, at=self._clock(), turn_id=row.id, lane=outbox.CRISIS)

    @staticmethod
    def _tell_staff(session: Any, person: Person, row: InboxMessage, screening: Screening) -> None:
        if screening.kind.is_about_another:
            return  # staff could not reach the one at risk, and he is not the one
        flag = open_flag(
            session,
            person_id=person.id,
            level=level_for(screening),
            kind=str(screening.kind) if screening.kind.harms_others else "screening",
            reasons=[*screening.reasons, *([RULES_ALONE] if screening.rules_alone else ())],
            at=row.received_at,
            message_id=row.id,
        )
        if screening.kind is CrisisKind.SELF:
            follow_ups.schedule(session, person_id=person.id, flag_id=flag.id, at=row.received_at)

    def _region(self, person: Person) -> str:
        """Return where he is; numbers of the installation's region are better than none."""
        try:
            region: str = settings_of(person)["region"]
        except SealBrokenError:
            log_event(_log, "gate.settings_unreadable", level=logging.ERROR, person=person.id)
            return self._settings.region
        return region

    def _earlier(self, incoming: Incoming) -> list[str]:
        chat = f"{incoming.door}:{incoming.chat_id}"
        seen = None if self._database.is_shared else self._recent.get(chat)  # another process may have heard him
        if seen is None:
            with self._database.read() as session:
                seen = _last_texts(session, incoming)
            self._keep(chat, seen)
        return [text for at, text in seen if incoming.at - at <= SPLIT_WITHIN]

    def forget(self, door: str, chat_id: str) -> None:
        """Drop what is remembered of a chat; called when a man has everything wiped."""
        forget_readings()
        self._recent.pop(f"{door}:{chat_id}", None)

    def _remember(self, incoming: Incoming, text: str | None) -> None:
        if not text:
            return
        chat = f"{incoming.door}:{incoming.chat_id}"
        recent = self._recent.pop(chat, deque(maxlen=_REMEMBERED_TEXTS))
        recent.append((incoming.at, text))
        self._keep(chat, recent)

    def _keep(self, chat: str, recent: deque[tuple[datetime, str]]) -> None:
        self._recent[chat] = recent
        while len(self._recent) > _REMEMBERED_CHATS:
            self._recent.pop(next(iter(self._recent)))


def _screened(text: str | None, earlier: list[str]) -> Screening:
    if not text:
        return Screening(Level.NONE)
    with measures.screen_seconds.timed():
        return screen(text, earlier=earlier)


def _body(incoming: Incoming, text: str | None, was_cut: bool, has_risen: bool) -> dict[str, Any]:  # noqa: FBT001
    """Return what is sealed of an update; of an edit also whether it says something graver than before."""
    body: dict[str, Any] = {"text": text, "button": incoming.button, "cut": was_cut, "content": incoming.content}
    if incoming.message_id is not None:
        body["message"] = incoming.message_id
    return body | ({"risen": has_risen} if incoming.kind == Kind.EDIT else {})


def _was_asked(session: Any, person: Person) -> bool:
    try:
        return outbox.asked_directly(session, person.id)
    except (SealBrokenError, KeyMissingError):
        log_event(_log, "gate.question_unreadable", level=logging.ERROR, person=person.id)
        return True  # a yes that is taken for one wrongly does less harm than one that is missed


def _last_texts(session: Any, incoming: Incoming) -> deque[tuple[datetime, str]]:
    """Return what he wrote within the window, oldest first, as far as it can be opened; at most what memory holds."""
    index = session.info["vault"].keyring.chat_index(incoming.door, incoming.chat_id)
    query = select(InboxMessage).join(Person, Person.id == InboxMessage.person_id)
    query = query.where(
        Person.chat_index == index,
        InboxMessage.received_at >= incoming.at - SPLIT_WITHIN,
        InboxMessage.kind.in_(WITH_WORDS),
        InboxMessage.update_id != incoming.update_id,
    )
    found: deque[tuple[datetime, str]] = deque(maxlen=_REMEMBERED_TEXTS)
    rows = session.execute(query.order_by(InboxMessage.seq.desc()).limit(_REMEMBERED_TEXTS)).scalars().all()
    for row in reversed(rows):
        try:
            text = row.body.reveal()["text"] if row.body is not None else None
        except (SealBrokenError, KeyMissingError):
            log_event(_log, "gate.earlier_unreadable", level=logging.ERROR, message=row.id)
            continue
        if text:
            found.append((row.received_at, text))
    return found
