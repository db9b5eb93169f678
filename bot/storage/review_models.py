"""Tables of the review before a release: samples of turns, what was found in them, and the corrections."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, String, UniqueConstraint

from bot.storage.columns import Base, UtcDateTime, new_id
from bot.storage.sealed import Sealed, SealedBlob

_ID = String(32)


class ReviewSample(Base):
    """Turns drawn by lot, to be read against what the recognisers left in them."""

    __tablename__ = "review_samples"
    id = Column(_ID, primary_key=True, default=new_id)
    protocol = Column(String(64), ForeignKey("research_protocols.name"), nullable=False)
    opened_by = Column(_ID, ForeignKey("staff.id"), nullable=False)
    opened_at = Column(UtcDateTime, nullable=False)


class ReviewTurn(Base):
    """A turn of a sample, by its place in it, and once somebody reviewed it what he found."""

    __tablename__ = "review_turns"
    id = Column(_ID, primary_key=True, default=new_id)
    sample_id = Column(_ID, ForeignKey("review_samples.id", ondelete="CASCADE"), nullable=False)
    number = Column(Integer, nullable=False)
    person_id = Column(_ID, ForeignKey("persons.id", ondelete="CASCADE"), nullable=False, index=True)
    message_id = Column(_ID, nullable=False)
    staff_id = Column(_ID, ForeignKey("staff.id"))
    reviewed_at = Column(UtcDateTime)
    detector = Column(String(64))  # hash of the recognisers that he reviewed
    revision = Column(Integer, nullable=False, default=1)
    found_sealed = Column(SealedBlob)
    found = Sealed("found_sealed")  # {"replaced", "missed", "wrong"}: how many of each
    __table_args__ = (UniqueConstraint("sample_id", "number"), UniqueConstraint("sample_id", "message_id"))


class Correction(Base):
    """What a person found in one turn: words that were missed, or that were removed wrongly."""

    __tablename__ = "corrections"
    id = Column(_ID, primary_key=True, default=new_id)
    person_id = Column(_ID, ForeignKey("persons.id", ondelete="CASCADE"), nullable=False, index=True)
    message_id = Column(_ID, nullable=False)
    finding = Column(String(8), nullable=False)  # missed or wrong
    kind = Column(String(16), nullable=False)
    staff_id = Column(_ID, ForeignKey("staff.id"), nullable=False)
    at = Column(UtcDateTime, nullable=False)
    revision = Column(Integer, nullable=False, default=1)
    words_sealed = Column(SealedBlob)
    words = Sealed("words_sealed")
