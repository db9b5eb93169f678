"""What leaves the house when a man agrees that his case is passed on: flags, PHQ-9, contacts. Never his messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from bot.escalation.flags import OPEN_STATES
from bot.escalation.identity import sheet_of
from bot.records import scores_of
from bot.staff import phrases
from bot.storage.clinic_models import CaseNote, Conversation
from bot.storage.models import Flag

WRITTEN = "written"  # a talk through the bot; the other kinds of contact are those of ``phrases.NOTE_KINDS``
_NO_CONTACT = ("note", "handover")


@dataclass(frozen=True)
class FlagFact:
    """One flag: when, how grave, what of, and how it ended."""

    id: str
    level: str
    kind: str
    opened_at: datetime
    closed_at: datetime | None
    outcome: str

    @property
    def words(self) -> str:
        """Level and kind as staff read them."""
        return f"{phrases.level_words(self.level).word}: {phrases.kind_words(self.kind)}"


@dataclass(frozen=True)
class Phq9Fact:
    """One finished questionnaire."""

    at: datetime
    answers: tuple[int, ...]
    total: int


@dataclass(frozen=True)
class Contact:
    """One contact: a call, a visit, a talk through the bot; ``text`` is what staff wrote about it."""

    id: str
    at: datetime
    kind: str
    text: str

    @property
    def words(self) -> str:
        """What kind of contact it was."""
        return "Wrote with him through the bot" if self.kind == WRITTEN else phrases.note_words(self.kind)

    @property
    def has_reached(self) -> bool:
        """Whether somebody was reached."""
        return self.kind != "call_missed"


@dataclass(frozen=True)
class CaseFacts:
    """One man's case.

    Attributes:
        person_id: His pseudonym.
        made_at: When this was put together.
        flags: Oldest first.
        phq9: Oldest first.
        contacts: Oldest first.
        identity: What staff know of who he is; empty where he stays a pseudonym.
    """

    person_id: str
    made_at: datetime
    flags: list[FlagFact]
    phq9: list[Phq9Fact]
    contacts: list[Contact]
    identity: Mapping[str, str] = field(default_factory=dict)


def facts_of(session: Any, person_id: str, *, at: datetime, with_identity: bool) -> CaseFacts:
    """Return one man's case, opened.

    Raises:
        SealBrokenError: Something of it cannot be opened; a case with a silent gap is worse than none.
        KeyMissingError: His key is gone.
    """
    scores = scores_of(session, person_id, "phq9")
    return CaseFacts(
        person_id=person_id,
        made_at=at,
        flags=[_flag(row) for row in _rows(session, Flag, person_id, Flag.opened_at)],
        phq9=[Phq9Fact(score["at"], tuple(score["answers"]), int(score["total"])) for score in scores],
        contacts=_contacts(session, person_id),
        identity={name: value for name, value in sheet_of(session, person_id).items() if value}
        if with_identity
        else {},
    )


def _contacts(session: Any, person_id: str) -> list[Contact]:
    notes = [row for row in _rows(session, CaseNote, person_id, CaseNote.at) if row.kind not in _NO_CONTACT]
    found = [Contact(row.id, row.at, row.kind, str(row.body.reveal()["text"])) for row in notes]
    talks = _rows(session, Conversation, person_id, Conversation.opened_at)
    found += [Contact(row.id, row.opened_at, WRITTEN, "") for row in talks]
    return sorted(found, key=lambda contact: contact.at)


def _flag(row: Flag) -> FlagFact:
    is_open = row.state in OPEN_STATES
    outcome = "" if is_open or row.resolution is None else str(row.resolution.reveal()["outcome"])
    words = phrases.OUTCOME_WORDS.get(outcome, outcome)
    return FlagFact(row.id, row.level, row.kind, row.opened_at, None if is_open else row.closed_at, words)


def _rows(session: Any, model: Any, person_id: str, order: Any) -> list[Any]:
    return list(session.execute(select(model).filter_by(person_id=person_id).order_by(order, model.id)).scalars())
