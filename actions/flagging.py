"""Tell staff."""

from __future__ import annotations

from rasa_sdk import Tracker

from actions.message import database, message_id
from bot.clock import utc_now
from bot.escalation import open_flag
from bot.storage.models import Person


def raise_flag(tracker: Tracker, *, level: str, kind: str, reason: str) -> None:
    """Open or renew a flag for the man who is talking.

    Raises:
        StorageError: It could not be written; the turn fails and nothing is promised.
    """
    with database().write() as session:
        if session.get(Person, tracker.sender_id) is None:
            return  # Rasa's own shell or tests: nobody is there who could be reached
        open_flag(
            session,
            person_id=tracker.sender_id,
            level=level,
            kind=kind,
            reasons=[reason],
            at=utc_now(),
            message_id=message_id(tracker),
        )
