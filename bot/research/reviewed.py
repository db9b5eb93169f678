"""What the reviews found, counted: how many of the identifiers the present recognisers take out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from bot.errors import KeyMissingError, SealBrokenError
from bot.research.companions import detector_sha256
from bot.research.intervals import Share
from bot.research.protocols import has_agreed
from bot.storage.models import ResearchProtocol
from bot.storage.review_models import ReviewSample, ReviewTurn


@dataclass(frozen=True)
class Reviewed:
    """What the reviews with the present recognisers found.

    Attributes:
        turns: Different turns that were reviewed.
        replaced: What the recognisers took out of them.
        missed: Identifiers that they left in.
        wrong: Of what they took out, what was none.
    """

    turns: int = 0
    replaced: int = 0
    missed: int = 0
    wrong: int = 0

    @property
    def recall(self) -> Share:
        """How many of the identifiers the recognisers took out by themselves."""
        right = self.replaced - self.wrong
        return Share(right, right + self.missed)


def reviewed_under(session: Any, protocol: str, *, at: datetime) -> Reviewed:
    """Return what was found, with the recognisers as they are now, in turns of the men whom a protocol reaches."""
    allowed = session.get(ResearchProtocol, protocol)
    if allowed is None:
        return Reviewed()
    query = select(ReviewTurn).join(ReviewSample, ReviewSample.id == ReviewTurn.sample_id)
    query = query.where(ReviewSample.protocol == protocol, ReviewTurn.detector == detector_sha256())
    query = query.where(ReviewTurn.reviewed_at.isnot(None)).order_by(ReviewTurn.reviewed_at)
    latest = {row.message_id: row for row in session.execute(query).scalars().all()}
    figures = Reviewed()
    for row in latest.values():
        if has_agreed(session, row.person_id, allowed, at=at):
            figures = _added(figures, row)
    return figures


def _added(figures: Reviewed, row: ReviewTurn) -> Reviewed:
    try:
        found = row.found.reveal()
    except (SealBrokenError, KeyMissingError):
        return figures  # what cannot be opened is as if it had not been reviewed
    more = {name: getattr(figures, name) + found[name] for name in ("replaced", "missed", "wrong")}
    return Reviewed(figures.turns + 1, **more)
