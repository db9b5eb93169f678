"""Rounds of coding by people: a random sample of turns, coded blind, and what became of it.

A turn is shown de-identified, with the two before it. Whose consent no longer reaches the protocol is neither shown nor
counted. Nobody sees another's codes, or the model's, before he is done with the round himself; then his own stand fast.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from bot.codebook import code_ids
from bot.errors import BallastError, KeyMissingError, SealBrokenError
from bot.escalation import audit
from bot.research.coded import CodedUnit
from bot.research.dialogues import Counts, DialogueTurn, turns_with_ids
from bot.research.protocols import agreeing_men, has_agreed, valid_protocol
from bot.storage.coding_models import Coding, CodingDone, CodingRound, CodingTurn
from bot.storage.models import InboxMessage, ResearchProtocol, Turn

MOST_TURNS = 1_000  # of a round
CONTEXT = 2  # turns shown before the one to be coded
_MEN_AT_ONCE = 5_000  # more than one statement can name are drawn by lot
_SPARE = 3  # drawn for each turn that is wanted, as some hold a command only or cannot be opened


class RoundError(BallastError):
    """A round cannot be opened or coded like that: too large, no turns, a code that is none, or already done."""


@dataclass(frozen=True)
class Shown:
    """One turn to be coded.

    Attributes:
        number: Its place in the round, from 1.
        before: The turns before it, oldest first.
        turn: The turn, de-identified.
        mine: The codes that the reader gave it, or None.
        others: What others gave it, by their ids; empty while the reader is not done.
    """

    number: int
    before: tuple[DialogueTurn, ...]
    turn: DialogueTurn
    mine: frozenset[str] | None
    others: dict[str, frozenset[str]]


def open_round(session: Any, protocol: str, size: int, *, staff_id: str, at: datetime) -> str:
    """Draw a sample of turns by lot and return the round's id.

    Raises:
        ProtocolError: The protocol does not allow anything now.
        RoundError: The size is out of range, or no man whom the protocol reaches has said anything.
    """
    if not 1 <= size <= MOST_TURNS:
        raise RoundError(f"A round takes 1 to {MOST_TURNS} turns.")
    allowed = valid_protocol(session, protocol, at=at)
    drawn = _drawn(session, agreeing_men(session, allowed, at=at), size)
    if not drawn:
        raise RoundError(f"No man whom {protocol} reaches has said anything yet.")
    row = CodingRound(protocol=protocol, opened_by=staff_id, opened_at=at)
    session.add(row)
    session.flush()
    for number, (message_id, person_id) in enumerate(drawn, 1):
        session.add(CodingTurn(round_id=row.id, number=number, person_id=person_id, message_id=message_id))
    audit(session, actor=staff_id, action="coding.open", subject=row.id, at=at)
    round_id: str = row.id
    return round_id


def keep_codes(
    session: Any, round_id: str, number: int, codes: Collection[str], *, staff_id: str, at: datetime
) -> None:
    """Keep the codes that somebody gives to one turn, in place of those he gave it before.

    Raises:
        RoundError: There is no such turn, he is done already, or a code is not in the codebook.
    """
    turn = session.get(CodingTurn, (round_id, number))
    if turn is None or not set(codes) <= code_ids():
        raise RoundError("There is no such turn or code.")
    if is_done(session, round_id, staff_id):
        raise RoundError("You are done with this round: your codes stand.")
    where = {"round_id": round_id, "number": number, "staff_id": staff_id}
    row = session.execute(select(Coding).filter_by(**where)).scalar()
    if row is None:
        row = Coding(**where, person_id=turn.person_id, at=at)
        session.add(row)
        session.flush()
    row.at, row.codes = at, sorted(codes)


def finish(session: Any, round_id: str, *, staff_id: str, at: datetime) -> None:
    """Write down that somebody is done. A second time changes nothing.

    Raises:
        RoundError: He has not coded every turn that can be shown.
    """
    if next_number(session, round_id, staff_id, at=at) is not None:
        raise RoundError("Some turns have no code of yours yet, not even that none applies.")
    if not is_done(session, round_id, staff_id):
        session.add(CodingDone(round_id=round_id, staff_id=staff_id, at=at))
        audit(session, actor=staff_id, action="coding.done", subject=round_id, at=at)


def is_done(session: Any, round_id: str, staff_id: str) -> bool:
    """Return whether somebody is done with a round."""
    return session.get(CodingDone, (round_id, staff_id)) is not None


def next_number(session: Any, round_id: str, staff_id: str, *, at: datetime) -> int | None:
    """Return the first turn that he has not coded and that can be shown, or None."""
    coded = select(Coding.number).filter_by(round_id=round_id, staff_id=staff_id)
    query = select(CodingTurn).filter_by(round_id=round_id).where(CodingTurn.number.notin_(coded))
    for turn in session.execute(query.order_by(CodingTurn.number)).scalars().all():
        if _is_there(session, turn, at=at):
            return int(turn.number)
    return None


def shown(session: Any, round_id: str, number: int, *, staff_id: str, at: datetime) -> Shown | None:
    """Return a turn as the coder sees it, or None: it is gone, or its man's consent no longer reaches the protocol.

    The man's whole dialogue up to it is de-identified for that, so that a name keeps its surrogate: call it outside a
    transaction that writes, and write down that he looks before he sees it (:func:`note_look`).
    """
    turn = session.get(CodingTurn, (round_id, number))
    if turn is None or not _is_there(session, turn, at=at):
        return None
    before: list[DialogueTurn] = []
    for message_id, said in turns_with_ids(session, turn.person_id, Counts()):
        if message_id == turn.message_id:
            given = _given(session, round_id, number)
            mine = given.pop(staff_id, None)
            others = given if is_done(session, round_id, staff_id) else {}
            return Shown(number, tuple(before[-CONTEXT:]), said, mine, others)
        before.append(said)
        del before[:-CONTEXT]
    return None


def note_look(session: Any, round_id: str, numbers: Iterable[int], *, staff_id: str, at: datetime) -> None:
    """Write down which turns of a round somebody reads."""
    for number in numbers:
        audit(session, actor=staff_id, action="coding.look", subject=f"{round_id}:{number}", at=at)


def units_of_round(session: Any, round_id: str, *, at: datetime) -> list[CodedUnit]:
    """Return the turns of a round with the codes of everybody who is done, and the model's, for agreement."""
    done = set(session.execute(select(CodingDone.staff_id).filter_by(round_id=round_id)).scalars())
    units = []
    for turn in (
        session.execute(select(CodingTurn).filter_by(round_id=round_id).order_by(CodingTurn.number)).scalars().all()
    ):
        people = {name: codes for name, codes in _given(session, round_id, turn.number).items() if name in done}
        if people and _is_there(session, turn, at=at):
            units.append(CodedUnit(str(turn.number), people, _model(session, turn)))
    return units


def latest_checked(session: Any) -> str | None:
    """Return the newest round that two people are done with, or None."""
    twice = select(CodingDone.round_id).group_by(CodingDone.round_id).having(func.count() > 1)
    query = select(CodingRound.id).where(CodingRound.id.in_(twice)).order_by(CodingRound.opened_at.desc())
    found: str | None = session.execute(query.limit(1)).scalar()
    return found


def progress_of(session: Any, round_id: str) -> dict[str, int]:
    """Return how many turns each coder has coded, by his id."""
    query = select(Coding.staff_id, func.count()).filter_by(round_id=round_id).group_by(Coding.staff_id)
    return {staff_id: count for staff_id, count in session.execute(query)}  # noqa: C416 - rows are no pairs


def size_of(session: Any, round_id: str) -> int:
    """Return how many turns a round has."""
    return int(session.execute(select(func.count()).select_from(CodingTurn).filter_by(round_id=round_id)).scalar_one())


def _drawn(session: Any, men: list[str], size: int) -> list[tuple[str, str]]:
    secrets.SystemRandom().shuffle(men)
    query = select(InboxMessage).join(Turn, Turn.id == InboxMessage.id)
    query = query.where(InboxMessage.person_id.in_(men[:_MEN_AT_ONCE]), Turn.reading_sealed.isnot(None))
    query = query.where(InboxMessage.kind == "text", InboxMessage.state == "done", InboxMessage.body_sealed.isnot(None))
    rows = session.execute(query.order_by(func.random()).limit(_SPARE * size)).scalars().all()
    return [(row.id, row.person_id) for row in rows if _has_words(row)][:size]


def _has_words(row: InboxMessage) -> bool:
    try:
        text = row.body.reveal().get("text") or ""
    except (SealBrokenError, KeyMissingError):
        return False
    return not text.startswith("/") and any(char.isalpha() for char in text)


def _is_there(session: Any, turn: CodingTurn, *, at: datetime) -> bool:
    """Return whether a turn may be shown and counted."""
    protocol = session.get(ResearchProtocol, session.get(CodingRound, turn.round_id).protocol)
    if not has_agreed(session, turn.person_id, protocol, at=at):
        return False
    query = select(InboxMessage.seq).filter_by(id=turn.message_id).where(InboxMessage.body_sealed.isnot(None))
    return session.execute(query).scalar() is not None


def _given(session: Any, round_id: str, number: int) -> dict[str, frozenset[str]]:
    return dict(_opened(session, select(Coding).filter_by(round_id=round_id, number=number)))


def _opened(session: Any, query: Any) -> Iterator[tuple[str, frozenset[str]]]:
    for row in session.execute(query).scalars().all():
        try:
            yield row.staff_id, frozenset(row.codes.reveal())
        except (SealBrokenError, KeyMissingError):
            continue  # what cannot be opened is as if it had not been coded


def _model(session: Any, turn: CodingTurn) -> frozenset[str] | None:
    row = session.get(Turn, turn.message_id)
    try:
        reading = None if row is None or row.reading is None else row.reading.reveal()
    except (SealBrokenError, KeyMissingError):
        return None
    return None if reading is None else frozenset(code["id"] for code in reading.get("codes") or [])
