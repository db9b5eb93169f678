"""What is said in words while the dialogue is away: it fits what he wrote, differs each time, and is never silence."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import aliased

from bot import measures
from bot.content import say
from bot.crisis import Kind, Level
from bot.escalation import follow_ups
from bot.escalation.flags import CRISIS_KINDS, has_open
from bot.storage import Database
from bot.storage.models import InboxMessage, Person
from bot.turns import outbox
from bot.turns.messages import Kind as MessageKind
from bot.turns.messages import Reply
from bot.turns.people import settings_of


def text_for(session: Any, row: InboxMessage) -> str:
    """Return which of the gate's texts stands in for the dialogue; empty where we speak unasked and nothing is lost.

    A "yes" or "ok" while his flag is open still belongs to the crisis, whatever it screens as by itself. A
    check-back asks all the same.
    """
    if row.kind == MessageKind.FOLLOW_UP:
        kind = follow_ups.kind_of(session, row.id)
        return f"check_back_{kind}" if kind in follow_ups.CHECK_BACKS else ""
    screening = row.screening.reveal()
    level, kind = Level(screening["level"]), Kind(screening.get("kind", "self"))
    if kind.harms_others and level >= Level.CONCERN:
        return "violence_static"
    if kind.is_about_another:
        return "failure"
    if level >= Level.HIGH or has_open(session, row.person_id, CRISIS_KINDS):
        return "safety_static"
    return "concern_static" if level is Level.CONCERN else "failure"


def stand_in(session: Any, person_id: str, message_id: str, name: str, at: datetime) -> None:
    """Queue a text, if there is one; how many of his other messages were answered so picks the variation."""
    if not name:
        return
    told = select(func.count(InboxMessage.id)).filter_by(person_id=person_id).where(InboxMessage.attempts > 0)
    earlier = session.execute(told.where(InboxMessage.id != message_id)).scalar()
    region = settings_of(session.get(Person, person_id))["region"]
    replies = [Reply(bubble) for bubble in say(name, region, turn=earlier)]
    outbox.queue(session, person_id, replies, at=at, turn_id=message_id)
    measures.stand_ins.add()


def messages_behind(database: Database, door: str, at: datetime) -> list[tuple[str, str]]:
    """Return person and id of what waits, unanswered, behind a message that Rasa could not take."""
    first = aliased(InboxMessage)
    mine = first.person_id == InboxMessage.person_id
    is_behind = exists().where(
        mine, first.state == "pending", first.seq < InboxMessage.seq, first.retry_at > at, first.attempts > 0
    )
    waiting = InboxMessage.door == door, InboxMessage.state == "pending", InboxMessage.attempts == 0
    query = select(InboxMessage.person_id, InboxMessage.id).where(*waiting, is_behind).order_by(InboxMessage.seq)
    with database.read() as session:
        return [(person_id, message_id) for person_id, message_id in session.execute(query)]


def tell_one_behind(database: Database, person_id: str, message_id: str, at: datetime) -> None:
    """Answer a waiting message in words; it stays in the inbox and gets its own answer in order.

    Raises:
        SealBrokenError: It cannot be opened.
    """
    with database.write() as session:
        row = session.execute(select(InboxMessage).filter_by(id=message_id, person_id=person_id)).scalar()
        if row is not None and row.state == "pending" and row.attempts == 0:
            stand_in(session, person_id, message_id, text_for(session, row), at)
            row.attempts = 1
