"""The dialogues of men with a current research consent, as a stream of turns without what identifies them."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from bot.config import REGIONS
from bot.content import say
from bot.errors import KeyMissingError, SealBrokenError
from bot.research.corrections import Corrected, corrections_of
from bot.storage.clinic_models import Conversation
from bot.storage.models import InboxMessage, OutboxMessage, Turn

MAN, BALLAST = "man", "ballast"
STAFF = "staff"  # lane of what people at the clinic write; their words are not ours to hand on
_LINE_END = re.compile("\r\n?|[\u2028\u2029\x0b\x0c\x85]")
_UNWRITABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_ABOUT_HIM = say("me", "us")[0]  # how the answer to /me begins
_ROWS_AT_ONCE = 200  # rows held in memory while a dialogue streams


@dataclass
class Counts:
    """What an export, or a preview of one, holds.

    Attributes:
        dialogues: Men with at least one turn in it.
        turns: Turns in it.
        withheld: Turns that could not be opened and were left out.
    """

    dialogues: int = 0
    turns: int = 0
    withheld: int = 0


@dataclass(frozen=True)
class DialogueTurn:
    """One turn, ready to be written; it holds no id, no absolute time and no direct identifier.

    Attributes:
        turn: Number within the dialogue from 1; a withheld turn leaves a gap.
        day: Days since the dialogue's first day, in UTC.
        speaker: ``man`` or ``ballast``.
        text: De-identified.
        intent: What the model read in it, or None.
        codes: ``{"id", "score"}`` of the codebook, best first.
        model: Hash of the model that read it, or None.
    """

    turn: int
    day: int
    speaker: str
    text: str
    intent: str | None = None
    codes: list[dict[str, Any]] = field(default_factory=list)
    model: str | None = None


@dataclass(frozen=True)
class _Row:
    at: datetime
    speaker: str
    message: Any
    turn: Any = None


def possible_turns(session: Any, person_id: str) -> int:
    """Return how many finished messages a man's dialogue has, without opening any."""
    came = select(func.count()).select_from(InboxMessage).filter_by(person_id=person_id, state="done")
    came = came.where(~_is_for_staff())
    went = select(func.count()).select_from(OutboxMessage).filter_by(person_id=person_id, state="sent")
    went = went.where(OutboxMessage.lane != STAFF)
    return int(session.execute(came).scalar_one()) + int(session.execute(went).scalar_one())


def dialogue_of(session: Any, person_id: str, counts: Counts) -> Iterator[DialogueTurn]:
    """Yield one man's turns in the order in which they happened, and count them.

    Args:
        session: A session for reading; rows stream through it, a few at a time.
        person_id: His pseudonym in the store.
        counts: Grows by his turns and by those that cannot be opened.
    """
    for _, turn in turns_with_ids(session, person_id, counts):
        yield turn


def turns_with_ids(
    session: Any, person_id: str, counts: Counts, deidentifier: Corrected | None = None
) -> Iterator[tuple[str, DialogueTurn]]:
    """Yield the same turns, each with the id of its message; for use inside the house only.

    A deidentifier that is given tells the parts of the turn that came last. Without one, what was corrected in his
    words is heeded; where that cannot be opened none of his turns is safe, and all are withheld.
    """
    try:
        deidentifier = deidentifier or Corrected(corrections_of(session, person_id))
    except (SealBrokenError, KeyMissingError):
        counts.withheld += possible_turns(session, person_id)
        return
    first_day, number = None, 0
    for row in heapq.merge(_came(session, person_id), _went(session, person_id), key=_moment):
        first_day = first_day or row.at.date()
        try:
            text, reading = _opened(row)
        except (SealBrokenError, KeyMissingError):
            counts.withheld += 1
            number += 1
            continue
        if text:
            number += 1
            counts.turns += 1
            yield (
                row.message.id,
                _turn(row, legible(deidentifier.replace(text, row.message.id)), reading, number, first_day),
            )


def own_words(session: Any, person_id: str) -> Iterator[str]:
    """Yield what he himself said, as he said it; for counting inside the house only."""
    for row in _came(session, person_id):
        try:
            yield _opened(row)[0]
        except (SealBrokenError, KeyMissingError):
            continue  # withheld from the export as well


def _came(session: Any, person_id: str) -> Iterator[_Row]:
    query = select(InboxMessage, Turn).outerjoin(Turn, Turn.id == InboxMessage.id)
    query = query.where(InboxMessage.person_id == person_id, InboxMessage.state == "done", ~_is_for_staff())
    query = query.order_by(InboxMessage.received_at, InboxMessage.seq)
    for message, turn in session.execute(query.execution_options(yield_per=_ROWS_AT_ONCE)):
        yield _Row(message.received_at, MAN, message, turn)


def _went(session: Any, person_id: str) -> Iterator[_Row]:
    moment = func.coalesce(OutboxMessage.sent_at, OutboxMessage.created_at)
    query = select(OutboxMessage).where(OutboxMessage.person_id == person_id, OutboxMessage.state == "sent")
    query = query.where(OutboxMessage.lane != STAFF)
    query = query.order_by(moment, OutboxMessage.seq)
    for message in session.execute(query.execution_options(yield_per=_ROWS_AT_ONCE)).scalars():
        yield _Row(message.sent_at or message.created_at, BALLAST, message)


def _is_for_staff() -> Any:
    """Return the condition that he wrote to a person at the clinic: that is care, and no talk with the program."""
    is_over = Conversation.closed_at < InboxMessage.received_at
    talk = select(Conversation.id).where(Conversation.person_id == InboxMessage.person_id)
    talk = talk.where(Conversation.opened_at <= InboxMessage.received_at, Conversation.closed_at.is_(None) | ~is_over)
    turn = select(Turn.id).where(Turn.id == InboxMessage.id)
    return talk.correlate(InboxMessage).exists() & ~turn.correlate(InboxMessage).exists()


def _moment(row: _Row) -> tuple[datetime, bool]:
    return row.at, row.speaker == BALLAST


def _opened(row: _Row) -> tuple[str, dict[str, Any]]:
    """Return what was said, empty where nothing was, and the model's reading of it."""
    body = row.message.body.reveal() if row.message.body is not None else {}
    has_reading = row.turn is not None and row.turn.reading is not None
    reading = row.turn.reading.reveal() if has_reading else {}
    return _said(row.message, body), reading or {}


def _said(message: Any, body: dict[str, Any]) -> str:
    if getattr(message, "kind", None) == "button":
        label = body.get("button")
        return "" if not label or _is_field(body) else f"[button: {label}]"
    if isinstance(message, OutboxMessage) and str(body.get("text") or "").startswith(_ABOUT_HIM):
        return _ABOUT_HIM  # the list below it repeats his region, dates and answers
    return "\n".join(part for part in (body.get("text"), body.get("caption")) if part)


def _is_field(body: dict[str, Any]) -> bool:
    """Return whether a button answered what is exported as a field, where it is made coarse; it would undo that."""
    choice = str(body.get("payload") or "").removeprefix("gate:")
    return choice.startswith("about_") or choice in REGIONS


def legible(text: str) -> str:
    """Return a text that every format can hold and every tool counts alike: one line end, no control characters."""
    return _UNWRITABLE.sub("\ufffd", _LINE_END.sub("\n", text))


def _turn(row: _Row, text: str, reading: dict[str, Any], number: int, first_day: date) -> DialogueTurn:
    codes = [{"id": code["id"], "score": code["score"]} for code in reading.get("codes") or []]
    return DialogueTurn(
        turn=number,
        day=(row.at.date() - first_day).days,
        speaker=row.speaker,
        text=text,
        intent=reading.get("intent"),
        codes=codes,
        model=None if row.turn is None else row.turn.model,
    )
