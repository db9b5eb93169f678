"""Tables of coding by people: a round is a sample of turns, and each coder's codes on a turn are a row."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, UniqueConstraint

from bot.storage.columns import Base, UtcDateTime, new_id
from bot.storage.sealed import Sealed, SealedBlob

_ID = String(32)


class CodingRound(Base):
    """A sample of turns that researchers code, each blind to the others until he is done."""

    __tablename__ = "coding_rounds"
    id = Column(_ID, primary_key=True, default=new_id)
    protocol = Column(String(64), ForeignKey("research_protocols.name"), nullable=False)
    opened_by = Column(_ID, ForeignKey("staff.id"), nullable=False)
    opened_at = Column(UtcDateTime, nullable=False)


class CodingTurn(Base):
    """A turn of the sample, by its place in it."""

    __tablename__ = "coding_turns"
    round_id = Column(_ID, ForeignKey("coding_rounds.id", ondelete="CASCADE"), primary_key=True)
    number = Column(Integer, primary_key=True)
    person_id = Column(_ID, ForeignKey("persons.id", ondelete="CASCADE"), nullable=False, index=True)
    message_id = Column(_ID, nullable=False)
    __table_args__ = (UniqueConstraint("round_id", "message_id"),)


class CodingDone(Base):
    """That a coder is done with a round: from here on he sees the others' codes, and changes his own no more."""

    __tablename__ = "coding_done"
    round_id = Column(_ID, ForeignKey("coding_rounds.id", ondelete="CASCADE"), primary_key=True)
    staff_id = Column(_ID, ForeignKey("staff.id"), primary_key=True)
    at = Column(UtcDateTime, nullable=False)


class Coding(Base):
    """The codes that one person gave to one turn; none of them, where he found that none applies."""

    __tablename__ = "codings"
    id = Column(_ID, primary_key=True, default=new_id)
    round_id = Column(_ID, ForeignKey("coding_rounds.id", ondelete="CASCADE"), nullable=False)
    number = Column(Integer, nullable=False)
    staff_id = Column(_ID, ForeignKey("staff.id"), nullable=False)
    person_id = Column(_ID, ForeignKey("persons.id", ondelete="CASCADE"), nullable=False, index=True)
    at = Column(UtcDateTime, nullable=False)
    revision = Column(Integer, nullable=False, default=1)
    codes_sealed = Column(SealedBlob)
    codes = Sealed("codes_sealed")  # ids of the codebook
    __table_args__ = (
        UniqueConstraint("round_id", "number", "staff_id"),
        Index("codings_of_a_coder", "round_id", "staff_id"),
    )
