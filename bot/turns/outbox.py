"""The outbox: replies committed before they are sent, each with its lane and its fate.

``pending -> sending -> sent | pending again (due later) | uncertain | undeliverable``. A message found in ``sending``
though nobody sends to him was cut off midway: nobody knows whether it arrived. It is sent again only where twice does
no harm: a question of the questionnaire or a receipt is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update

from bot.storage.columns import new_id
from bot.storage.models import ButtonToken, OutboxMessage, Person
from bot.turns.messages import Reply

CRISIS, STAFF, TURN = "crisis", "staff", "turn"
DIRECT_QUESTION = "/safety_yes"  # a choice below every bubble that asks whether he thinks of ending his life
MOST_ATTEMPTS = 40  # of a message that Telegram refuses for good
GIVEN_UP_AFTER = timedelta(days=1)  # of one that it could not take: as long as Telegram keeps his
MOST_PAUSE_SECONDS = {CRISIS: 2.0, TURN: 60.0}  # between two tries


@dataclass(frozen=True)
class Parcel:
    """An outbox message opened for sending."""

    id: str
    person_id: str
    chat_id: str
    text: str
    buttons: tuple[tuple[str, str], ...]
    attempts: int
    lane: str
    created_at: datetime
    file: str = ""  # one of ``his_data.FILES``: made when it is sent, so that its content lies nowhere
    paper: Mapping[str, Any] | None = None  # what is drawn when it is sent, see ``bot.turns.papers``


def queue(
    session: Any,
    person_id: str,
    replies: Sequence[Reply],
    *,
    at: datetime,
    turn_id: str | None = None,
    lane: str = TURN,
    resend: bool = True,
    file: str = "",
) -> None:
    """Put replies into the outbox, in order, in the caller's transaction.

    Args:
        session: The transaction.
        person_id: Who gets them.
        replies: The bubbles.
        at: Now.
        turn_id: Inbox id of the message they answer.
        lane: ``crisis`` overtakes ``staff`` (what people at the clinic write), and that overtakes ``turn``.
        resend: Whether a second copy after an uncertain send does no harm; a question of a questionnaire never may.
        file: Name of a file that goes with the bubble and is made when it is sent.
    """
    for reply in replies:
        row = OutboxMessage(id=new_id(), person_id=person_id, turn_id=turn_id, lane=lane)
        row.resend = resend and not reply.is_prompt
        row.state, row.attempts, row.created_at, row.due_at = "pending", 0, at, at
        session.add(row)
        buttons = [_offer(session, row, button.label, button.payload) for button in reply.buttons]
        more = {"file": file} if file else {"paper": dict(reply.paper)} if reply.paper else {}
        row.body = {"text": reply.text, "buttons": buttons} | more
        session.flush()  # keeps the numbering in the order of the bubbles


def _offer(session: Any, row: OutboxMessage, label: str, payload: str) -> dict[str, str]:
    token = ButtonToken(id=new_id(), person_id=row.person_id, outbox_id=row.id)
    session.add(token)
    token.choice = {"label": label, "payload": payload}
    return {"label": label, "token": token.id}


def asked_directly(session: Any, person_id: str) -> bool:
    """Return whether the last bubble for him asks if he thinks of ending his life; so a "yes" is an answer to that."""
    query = select(OutboxMessage.id).filter_by(person_id=person_id)
    last = session.execute(query.order_by(OutboxMessage.created_at.desc(), OutboxMessage.seq.desc()).limit(1)).scalar()
    if last is None:
        return False
    offers = session.execute(select(ButtonToken).filter_by(outbox_id=last)).scalars()
    return any(offer.choice.reveal()["payload"] == DIRECT_QUESTION for offer in offers)


def was_in_crisis(session: Any, person_id: str, *, since: datetime) -> bool:
    """Return whether he was given a crisis text since then."""
    query = select(OutboxMessage.id).filter_by(person_id=person_id, lane=CRISIS)
    return session.execute(query.where(OutboxMessage.created_at >= since).limit(1)).scalar() is not None


def is_by_staff(row: OutboxMessage) -> bool:
    """Return whether a person at the clinic wrote it: such a row names its talk, our own words about one do not."""
    return row.lane == STAFF and row.turn_id is not None


def recover(session: Any, person_id: str, *, at: datetime) -> int:
    """Settle what was being sent to him when a process died; return how many."""
    rows = select(OutboxMessage).filter_by(person_id=person_id, state="sending")
    found = session.execute(rows).scalars().all()
    for row in found:
        settle_uncertain(row, at=at)
    return len(found)


def due_persons(session: Any, door: str, *, at: datetime) -> list[str]:
    """Return who has something to be sent now or was being sent something, those in crisis first."""
    lane = OutboxMessage.person_id, OutboxMessage.lane
    firsts = select(func.min(OutboxMessage.seq)).where(OutboxMessage.state.in_(("pending", "sending"))).group_by(*lane)
    is_due = (OutboxMessage.due_at <= at) | (OutboxMessage.state == "sending")
    query = (
        select(OutboxMessage.person_id)
        .join(Person, Person.id == OutboxMessage.person_id)
        .where(Person.door == door, OutboxMessage.seq.in_(firsts), is_due)
        .order_by(OutboxMessage.lane != CRISIS, OutboxMessage.seq)
    )
    return list(dict.fromkeys(session.execute(query).scalars()))


def take_next(session: Any, person_id: str, *, at: datetime) -> Parcel | None:
    """Mark this man's next message as being sent and return it; None when nothing of his is due.

    The crisis lane overtakes, then what staff write. Within a lane a message that waits for its retry holds back those
    after it.
    """
    for lane in (CRISIS, STAFF, TURN):
        query = select(OutboxMessage).filter_by(person_id=person_id, state="pending", lane=lane)
        row = session.execute(query.order_by(OutboxMessage.seq).limit(1)).scalar()
        if row is not None and row.due_at <= at:
            row.state, row.attempts = "sending", row.attempts + 1
            return _parcel(session, row)
    return None


def _parcel(session: Any, row: OutboxMessage) -> Parcel:
    body = row.body.reveal()
    buttons = tuple((button["label"], button["token"]) for button in body["buttons"])
    chat_id = session.get(Person, row.person_id).chat.reveal()
    told = row.id, row.person_id, chat_id, body["text"], buttons, row.attempts, row.lane, row.created_at
    return Parcel(*told, file=body.get("file", ""), paper=body.get("paper"))


def settle_sent(row: OutboxMessage, *, at: datetime, delivery_ref: int | None) -> None:
    """Note that the messenger took it."""
    row.state, row.sent_at, row.delivery_ref = "sent", at, delivery_ref


def pause_seconds(row: OutboxMessage) -> float:
    """Return how long to wait after a failure: ever longer, but a man in crisis is not kept waiting."""
    return min(MOST_PAUSE_SECONDS[row.lane], float(2.0 ** min(row.attempts, 6)))


def settle_retry(row: OutboxMessage, *, at: datetime, after_seconds: float, is_refused: bool = False) -> None:
    """Try again later; what is refused for good is not tried for ever, nor what is a day old.

    Args:
        row: What was not sent.
        at: Now.
        after_seconds: When to try again.
        is_refused: Whether the messenger would not have it, rather than could not take it now.
    """
    is_hopeless = row.attempts >= MOST_ATTEMPTS if is_refused else at - row.created_at >= GIVEN_UP_AFTER
    row.state = "undeliverable" if is_hopeless else "pending"
    row.due_at = at + timedelta(seconds=after_seconds)


def settle_uncertain(row: OutboxMessage, *, at: datetime) -> None:
    """It may have arrived: send again only what may safely arrive twice."""
    if row.resend:
        settle_retry(row, at=at, after_seconds=1)
    else:
        row.state = "uncertain"


def settle_undeliverable(session: Any, person_id: str, *, at: datetime) -> None:
    """He cannot be reached: nothing more is tried until he writes again."""
    waiting = update(OutboxMessage).where(
        OutboxMessage.person_id == person_id, OutboxMessage.state.in_(("pending", "sending"))
    )
    session.execute(waiting.values(state="undeliverable").execution_options(synchronize_session="fetch"))
    session.get(Person, person_id).unreachable_at = at
