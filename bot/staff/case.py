"""What else staff see of one man's case: scores, plan, notes, second looks, and whether our answer reached him.

Everything here is called inside the transaction that writes the audit row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from bot.escalation.steps import looks_on
from bot.records import scores_of
from bot.records.phq9 import PHQ9_MODERATE
from bot.records.safety_plan import plan_of
from bot.staff import accounts, phrases
from bot.staff.words import UNOPENABLE, UNOPENED, Unopened, open_value
from bot.storage.clinic_models import CaseNote, SecondLook
from bot.storage.models import Flag, InboxMessage, OutboxMessage, Person
from bot.turns.outbox import STAFF

SCORES_SHOWN = 12
NOTES_SHOWN = 50
SCALES: Mapping[str, tuple[str, str, int]] = {
    "phq9": ("PHQ-9", "total", 27),
    "mood": ("Mood", "mood", 10),
}


@dataclass(frozen=True)
class Answer:
    """What the program answered to the message that raised the flag, and whether he wrote again.

    Attributes:
        sent_at: When the first line reached the messenger, or None.
        is_lost: Whether it could not be delivered.
        wrote_at: When he wrote again after the flag last fired, or None.
    """

    sent_at: datetime | None
    is_lost: bool
    wrote_at: datetime | None


@dataclass(frozen=True)
class Note:
    """A note, contact or handover, opened."""

    at: datetime
    who: str
    kind: str
    text: str | Unopened
    to: str


@dataclass(frozen=True)
class Look:
    """A question to a second person, opened."""

    id: str
    kind: str
    asked_at: datetime
    asked_by: str
    question: str | Unopened
    answered_by: str
    agreed: bool | None
    answer: str
    is_mine: bool


def answer_to(session: Any, flag: Flag, message_id: str | None) -> Answer:
    """Return what is known of our answer, from open columns alone."""
    since = flag.opened_at
    if message_id is not None:
        received = session.execute(select(InboxMessage.received_at).filter_by(id=message_id)).scalar()
        since = received or since
    ours = select(OutboxMessage.sent_at, OutboxMessage.state).filter_by(person_id=flag.person_id)
    ours = ours.where(OutboxMessage.lane != STAFF)
    ours = (
        ours.where(OutboxMessage.turn_id == message_id) if message_id else ours.where(OutboxMessage.created_at >= since)
    )
    first = session.execute(ours.order_by(OutboxMessage.seq).limit(1)).first()
    again = select(func.min(InboxMessage.received_at)).filter_by(person_id=flag.person_id)
    again = again.where(InboxMessage.received_at > since, InboxMessage.kind != "follow_up")
    wrote_at = session.execute(again).scalar()
    return Answer(first.sent_at if first else None, bool(first and first.state == "undeliverable"), wrote_at)


def is_blocked(session: Any, person_id: str) -> bool:
    """Return whether he cannot be written to: he blocked the bot, or had everything wiped."""
    person = session.get(Person, person_id)
    return person.unreachable_at is not None or person.chat_sealed is None


def trend_of(session: Any, person_id: str, scale: str) -> list[tuple[datetime, int]] | Unopened:
    """Return times and values of one of ``SCALES``, oldest first, at most the newest dozen."""
    try:
        found = scores_of(session, person_id, scale)
    except UNOPENABLE:
        return UNOPENED
    return [(score["at"], int(score[SCALES[scale][1]])) for score in found][-SCORES_SHOWN:]


def plan_words(session: Any, person_id: str) -> Mapping[str, str] | Unopened:
    """Return his safety plan with the titles that staff read; empty where he has none."""
    try:
        plan = plan_of(session, person_id)
    except UNOPENABLE:
        return UNOPENED
    return {phrases.PLAN_PARTS.get(part, part): words for part, words in plan.items()}


def notes_on(session: Any, flag_id: str) -> list[Note]:
    """Return the notes, contacts and handovers of one flag, the latest first."""
    query = select(CaseNote).filter_by(flag_id=flag_id).order_by(CaseNote.at.desc(), CaseNote.id)
    rows = list(session.execute(query.limit(NOTES_SHOWN)).scalars())
    names = accounts.names_of(session, {one for row in rows for one in (row.staff_id, row.to_staff_id) if one})
    return [_note(row, names) for row in rows]


def second_looks_on(session: Any, flag_id: str, *, reader_id: str) -> list[Look]:
    """Return the questions to a second person on one flag, oldest first."""
    rows = looks_on(session, flag_id)
    names = accounts.names_of(session, {one for row in rows for one in (row.asked_by, row.answered_by) if one})
    return [_look(row, names, reader_id) for row in rows]


def _note(row: CaseNote, names: Mapping[str, str]) -> Note:
    body = opened(row, "body")
    text = body if isinstance(body, Unopened) else str((body or {}).get("text", ""))
    to = names.get(row.to_staff_id or "", "whoever is next")
    return Note(row.at, names.get(row.staff_id, "?"), phrases.note_words(row.kind), text, to)


def _look(row: SecondLook, names: Mapping[str, str], reader_id: str) -> Look:
    words = opened(row, "words")
    is_open = isinstance(words, Mapping)
    return Look(
        id=row.id,
        kind=row.kind,
        asked_at=row.asked_at,
        asked_by=names.get(row.asked_by, "?"),
        question=str(words["question"]) if is_open else UNOPENED,
        answered_by=names.get(row.answered_by or "", ""),
        agreed=row.agreed,
        answer=str(words["answer"]) if is_open else "",
        is_mine=row.asked_by == reader_id,
    )


def opened(row: Any, column: str) -> Any:
    """Return the value of a sealed column, None if it is empty, or ``UNOPENED``."""
    try:
        return open_value(getattr(row, column))
    except UNOPENABLE:
        return UNOPENED


def summary(scale: str, points: list[tuple[datetime, int]]) -> str:
    """Return the newest value in words: ``14 of 27, 5 more than on 3 Nov``."""
    value, most = points[-1][1], SCALES[scale][2]
    words = f"{value} of {most}"
    if len(points) > 1:
        before, change = points[-2][0], value - points[-2][1]
        moved = f"{abs(change)} {'more' if change > 0 else 'less'} than" if change else "the same as"
        words += f", {moved} on {before.day} {before:%b}"
    if scale == "phq9" and value >= PHQ9_MODERATE:
        words += f"; {PHQ9_MODERATE} or more is a reason to look closer"
    return words
