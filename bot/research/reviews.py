"""The review before a release: turns drawn by lot, read by a person against what the recognisers left in them.

A turn is shown de-identified, with the two before it. Whose consent no longer reaches the protocol is neither shown nor
counted. The words behind the replacements are shown for one turn at a time, when somebody asks for them.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from bot.errors import BallastError, KeyMissingError, SealBrokenError
from bot.escalation import audit
from bot.research.companions import detector_sha256
from bot.research.corrections import Corrected, CorrectionError, corrections_of, give_back, mark_missed
from bot.research.dialogues import Counts, legible, turns_with_ids
from bot.research.protocols import agreeing_men, has_agreed, valid_protocol
from bot.research.replaced import Part
from bot.storage.models import AuditEntry, InboxMessage, ResearchProtocol
from bot.storage.review_models import ReviewSample, ReviewTurn

MOST_TURNS = 1_000  # of a sample
CONTEXT = 2  # turns shown before the one to be reviewed
LOOK, REVEAL = "review.look", "review.reveal"
_MEN_AT_ONCE = 5_000  # more than one statement can name are drawn by lot
_SPARE = 3  # drawn for each turn that is wanted, as some hold a command only or cannot be opened


class ReviewError(BallastError):
    """A sample cannot be drawn or a turn reviewed like that: too large, no turns, or gone meanwhile."""


@dataclass(frozen=True)
class ShownTurn:
    """One turn as a reviewer sees it.

    Attributes:
        speaker: ``man`` or ``ballast``.
        parts: What stays and what was taken out, in order.
    """

    speaker: str
    parts: tuple[Part, ...]

    @property
    def taken_out(self) -> list[Part]:
        """The parts that something stands for."""
        return [part for part in self.parts if part.surrogate is not None]


@dataclass(frozen=True)
class Shown:
    """A turn to be reviewed: its place in the sample, the turns before it, and whether it was reviewed already."""

    number: int
    before: tuple[ShownTurn, ...]
    turn: ShownTurn
    is_reviewed: bool


def open_sample(session: Any, protocol: str, size: int, *, staff_id: str, at: datetime) -> str:
    """Draw turns by lot and return the sample's id.

    Raises:
        ProtocolError: The protocol does not allow anything now.
        ReviewError: The size is out of range, or no man whom the protocol reaches has said anything.
    """
    if not 1 <= size <= MOST_TURNS:
        raise ReviewError(f"A sample takes 1 to {MOST_TURNS} turns.")
    allowed = valid_protocol(session, protocol, at=at)
    drawn = _drawn(session, agreeing_men(session, allowed, at=at), size)
    if not drawn:
        raise ReviewError(f"No man whom {protocol} reaches has said anything yet.")
    row = ReviewSample(protocol=protocol, opened_by=staff_id, opened_at=at)
    session.add(row)
    session.flush()
    for number, (message_id, person_id) in enumerate(drawn, 1):
        session.add(ReviewTurn(sample_id=row.id, number=number, person_id=person_id, message_id=message_id))
    audit(session, actor=staff_id, action="review.open", subject=row.id, at=at)
    sample_id: str = row.id
    return sample_id


def shown(session: Any, sample_id: str, number: int, *, at: datetime) -> Shown | None:
    """Return a turn as the reviewer sees it, or None: it is gone, or its man's consent no longer reaches the protocol.

    The man's whole dialogue up to it is de-identified for that: call it outside a transaction that writes, and write
    down that somebody looks before he sees it (:func:`note`).
    """
    turn = turn_of(session, sample_id, number)
    if turn is None or not _is_there(session, turn, at=at):
        return None
    try:
        corrected = Corrected(corrections_of(session, turn.person_id))
    except (SealBrokenError, KeyMissingError):
        return None
    before: list[ShownTurn] = []
    for message_id, said in turns_with_ids(session, turn.person_id, Counts(), corrected):
        parts = tuple(replace(part, text=legible(part.text)) for part in corrected.parts)
        if message_id == turn.message_id:
            return Shown(number, tuple(before[-CONTEXT:]), ShownTurn(said.speaker, parts), turn.reviewed_at is not None)
        before.append(ShownTurn(said.speaker, parts))
        del before[:-CONTEXT]
    return None


def found_in(session: Any, sample_id: str, number: int, *, at: datetime) -> dict[str, int]:
    """Return how many identifiers the recognisers took out of a turn by themselves, missed, and took out wrongly.

    Raises:
        ReviewError: The turn is gone, or its man's consent no longer reaches the protocol.
    """
    turn = turn_of(session, sample_id, number)
    there = shown(session, sample_id, number, at=at)
    alone = Corrected()
    if turn is not None and there is not None:
        for message_id, _ in turns_with_ids(session, turn.person_id, Counts(), alone):
            if message_id == turn.message_id:
                return _compared(alone.parts, there.turn.parts)
    raise ReviewError("This turn is there no more.")


def finish_turn(
    session: Any, sample_id: str, number: int, found: dict[str, int], *, staff_id: str, at: datetime
) -> None:
    """Write down that somebody reviewed a turn, and what was found in it (:func:`found_in`)."""
    row = turn_of(session, sample_id, number)
    row.staff_id, row.reviewed_at, row.detector, row.found = staff_id, at, detector_sha256(), found
    audit(session, actor=staff_id, action="review.done", subject=f"{sample_id}:{number}", at=at)


def correct_missed(
    session: Any,
    sample_id: str,
    number: int,
    words: str,
    kind: str,
    *,
    parts: Sequence[Part],
    staff_id: str,
    at: datetime,
) -> None:
    """Keep that words of a turn were missed; it is to be reviewed anew.

    Raises:
        CorrectionError: They are not there, or cannot be taken out like that.
    """
    row = turn_of(session, sample_id, number)
    kept = mark_missed(session, row.person_id, row.message_id, words, kind, parts=list(parts), staff_id=staff_id, at=at)
    _reopen(session, row, kept, "review.missed", staff_id, at)


def correct_wrong(
    session: Any, sample_id: str, number: int, chosen: Sequence[Part], *, staff_id: str, at: datetime
) -> None:
    """Give back what was taken out of a turn wrongly; it is to be reviewed anew.

    Raises:
        CorrectionError: He has not looked at the words behind it, or nothing was taken out there.
    """
    if not has_asked(session, sample_id, number, staff_id=staff_id):
        raise CorrectionError("Look at the words behind the replacements first.")
    if not chosen:
        raise CorrectionError("Tick what was removed wrongly.")
    row = turn_of(session, sample_id, number)
    for part in chosen:
        kept = give_back(session, row.person_id, row.message_id, part, staff_id=staff_id, at=at)
        _reopen(session, row, kept, "review.wrong", staff_id, at)


def note(session: Any, action: str, sample_id: str, number: int, *, staff_id: str, at: datetime) -> None:
    """Write down that somebody reads a turn (:data:`LOOK`), or the words behind its replacements (:data:`REVEAL`)."""
    audit(session, actor=staff_id, action=action, subject=f"{sample_id}:{number}", at=at)


def has_asked(session: Any, sample_id: str, number: int, *, staff_id: str) -> bool:
    """Return whether somebody has looked at the words behind a turn's replacements."""
    query = select(AuditEntry.seq).filter_by(actor=staff_id, action=REVEAL, subject=f"{sample_id}:{number}").limit(1)
    return session.execute(query).scalar() is not None


def turn_of(session: Any, sample_id: str, number: int) -> Any:
    """Return the row of one turn, or None."""
    return session.execute(select(ReviewTurn).filter_by(sample_id=sample_id, number=number)).scalar()


def next_number(session: Any, sample_id: str, *, at: datetime) -> int | None:
    """Return the first turn that nobody has reviewed and that can be shown, or None."""
    query = select(ReviewTurn).filter_by(sample_id=sample_id, reviewed_at=None).order_by(ReviewTurn.number)
    for turn in session.execute(query).scalars().all():
        if _is_there(session, turn, at=at):
            return int(turn.number)
    return None


def progress_of(session: Any, sample_id: str) -> tuple[int, int]:
    """Return how many turns of a sample were reviewed, and how many it has."""
    query = select(func.count(ReviewTurn.reviewed_at), func.count()).filter_by(sample_id=sample_id)
    reviewed, size = session.execute(query).one()
    return int(reviewed), int(size)


def _compared(alone: Sequence[Part], corrected: Sequence[Part]) -> dict[str, int]:
    taken = [part for part in alone if part.surrogate is not None]
    back = [part for part in corrected if part.is_given_back]
    return {
        "replaced": len(taken),
        "missed": sum(part.surrogate is not None and not part.touches(taken) for part in corrected),
        "wrong": sum(part.touches(back) for part in taken),
    }


def _reopen(session: Any, row: ReviewTurn, kept: str | None, action: str, staff_id: str, at: datetime) -> None:
    row.reviewed_at = None
    audit(session, actor=staff_id, action=action if kept else "review.undo", subject=kept or row.id, at=at)


def _drawn(session: Any, men: list[str], size: int) -> list[tuple[str, str]]:
    secrets.SystemRandom().shuffle(men)
    query = select(InboxMessage).where(InboxMessage.person_id.in_(men[:_MEN_AT_ONCE]), InboxMessage.kind != "button")
    query = query.where(InboxMessage.state == "done", InboxMessage.body_sealed.isnot(None))
    rows = session.execute(query.order_by(func.random()).limit(_SPARE * size)).scalars().all()
    return [(row.id, row.person_id) for row in rows if _has_words(row)][:size]


def _has_words(row: InboxMessage) -> bool:
    try:
        body = row.body.reveal()
    except (SealBrokenError, KeyMissingError):
        return False
    text = body.get("text") or body.get("caption") or ""
    return not text.startswith("/") and any(char.isalnum() for char in text)


def _is_there(session: Any, turn: ReviewTurn, *, at: datetime) -> bool:
    """Return whether a turn may be shown."""
    protocol = session.get(ResearchProtocol, session.get(ReviewSample, turn.sample_id).protocol)
    if not has_agreed(session, turn.person_id, protocol, at=at):
        return False
    query = select(InboxMessage.seq).filter_by(id=turn.message_id).where(InboxMessage.body_sealed.isnot(None))
    return session.execute(query).scalar() is not None
