"""What staff do about one man: notes, talks through the bot, second looks, who he is, candidates for the test set."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String

from bot.storage.columns import Base, UtcDateTime, new_id
from bot.storage.sealed import Sealed, SealedBlob

_ID = String(32)


def _person_column() -> Column:
    return Column(_ID, ForeignKey("persons.id", ondelete="CASCADE"), nullable=False, index=True)


def _flag_column() -> Column:
    return Column(_ID, ForeignKey("flags.id", ondelete="CASCADE"), nullable=False, index=True)


def _staff_column(*, nullable: bool = False) -> Column:
    return Column(_ID, ForeignKey("staff.id"), nullable=nullable)


class CaseNote(Base):
    """A note, a contact outside the bot, or a handover, written by staff on one flag."""

    __tablename__ = "case_notes"
    id = Column(_ID, primary_key=True, default=new_id)
    person_id = _person_column()
    flag_id = _flag_column()
    staff_id = _staff_column()
    to_staff_id = _staff_column(nullable=True)  # of a handover: whom it is meant for; none: whoever is next
    kind = Column(String(16), nullable=False)
    at = Column(UtcDateTime, nullable=False)
    revision = Column(Integer, nullable=False, default=1)
    body_sealed = Column(SealedBlob)
    body = Sealed("body_sealed")  # {"text"}, of a contact also {"reached"}


class Conversation(Base):
    """A stretch of time in which his texts go to staff and not to the dialogue. The words stand in inbox and outbox."""

    __tablename__ = "conversations"
    id = Column(_ID, primary_key=True, default=new_id)
    person_id = _person_column()
    flag_id = _flag_column()
    staff_id = _staff_column()  # who wrote last
    opened_at = Column(UtcDateTime, nullable=False)
    wrote_at = Column(UtcDateTime, nullable=False)  # when staff wrote last
    read_seq = Column(BigInteger, nullable=False, default=0)  # the newest of his inbox rows that staff have read
    closed_at = Column(UtcDateTime)
    ended_by = Column(_ID)  # a staff id, ``person`` or ``ballast``
    __table_args__ = (Index("conversations_open", "closed_at", "person_id"),)


class SecondLook(Base):
    """A question to a second member of staff: is a red a false alarm, or simply what he makes of it."""

    __tablename__ = "second_looks"
    tallied = ("kind", "asked_by", "answered_by", "agreed")
    id = Column(_ID, primary_key=True, default=new_id)
    person_id = _person_column()
    flag_id = _flag_column()
    kind = Column(String(16), nullable=False)
    asked_by = _staff_column()
    asked_at = Column(UtcDateTime, nullable=False)
    answered_by = _staff_column(nullable=True)
    answered_at = Column(UtcDateTime)
    agreed = Column(Boolean)
    revision = Column(Integer, nullable=False, default=1)
    words_sealed = Column(SealedBlob)
    words = Sealed("words_sealed")  # {"question", "answer"}


class IdentitySheet(Base):
    """Who he is, as he told staff; apart from everything else about him."""

    __tablename__ = "identity_sheets"
    id = Column(_ID, primary_key=True, default=new_id)
    person_id = Column(_ID, ForeignKey("persons.id", ondelete="CASCADE"), nullable=False, unique=True)
    updated_by = _staff_column()
    updated_at = Column(UtcDateTime, nullable=False)
    revision = Column(Integer, nullable=False, default=1)
    body_sealed = Column(SealedBlob)
    body = Sealed("body_sealed")  # {"name", "phone", "address", "contact"}


class IdentityLook(Base):
    """That somebody opened who a man is: for how long, and what a colleague makes of the reason."""

    __tablename__ = "identity_looks"
    tallied = ("staff_id", "at", "reviewed_by", "in_order")
    id = Column(_ID, primary_key=True, default=new_id)
    person_id = _person_column()
    flag_id = _flag_column()
    staff_id = _staff_column()
    at = Column(UtcDateTime, nullable=False)
    until = Column(UtcDateTime, nullable=False)
    reviewed_by = _staff_column(nullable=True)
    reviewed_at = Column(UtcDateTime, index=True)
    in_order = Column(Boolean)
    revision = Column(Integer, nullable=False, default=1)
    words_sealed = Column(SealedBlob)
    words = Sealed("words_sealed")  # {"reason", "review"}


class TestCandidate(Base):
    """A message that staff marked as screened wrongly, without what identifies, for a lead to decide on."""

    __test__ = False  # not a test, whatever pytest makes of the name
    __tablename__ = "test_candidates"
    id = Column(_ID, primary_key=True, default=new_id)
    person_id = _person_column()
    flag_id = _flag_column()
    message_id = Column(_ID, nullable=False, unique=True)
    verdict = Column(String(16), nullable=False)
    marked_by = _staff_column()
    marked_at = Column(UtcDateTime, nullable=False)
    decided_by = _staff_column(nullable=True)
    decided_at = Column(UtcDateTime, index=True)
    accepted = Column(Boolean)
    revision = Column(Integer, nullable=False, default=1)
    body_sealed = Column(SealedBlob)
    body = Sealed("body_sealed")  # {"text", "level", "reasons"}
