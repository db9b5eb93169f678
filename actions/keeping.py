"""What he has me keep: notes, things to do, what helped; sealed, and nothing where he wants no log."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker

from actions.message import database, message_id
from bot.clock import utc_now
from bot.records import keep_score, notes
from bot.storage.models import Person
from bot.turns.commit import keeps_log


def may_keep(tracker: Tracker) -> bool:
    """Return whether what he says may be stored."""
    with database().read() as session:
        return session.get(Person, tracker.sender_id) is not None and keeps_log(session, tracker.sender_id)


def keep(tracker: Tracker, kind: str, body: dict[str, Any]) -> bool:
    """Store one record of his, once a message; return whether it is kept."""
    with database().write() as session:
        if session.get(Person, tracker.sender_id) is None or not keeps_log(session, tracker.sender_id):
            return False
        facts = {"person_id": tracker.sender_id, "kind": kind, "body": body}
        keep_score(session, **facts, message_id=message_id(tracker), at=utc_now())
        return True


def kept(tracker: Tracker, kind: str) -> list[dict[str, Any]]:
    """Return his records of a kind, newest first, each with ``id`` and ``at``."""
    with database().read() as session:
        return notes.records_of(session, tracker.sender_id, kind)


def change(tracker: Tracker, record_id: str, more: dict[str, Any]) -> None:
    """Add to a record of his; nothing where it is gone."""
    with database().write() as session:
        notes.change(session, tracker.sender_id, record_id, more)


def drop(tracker: Tracker, record_id: str) -> None:
    """Delete a record of his."""
    with database().write() as session:
        notes.delete(session, tracker.sender_id, record_id)
