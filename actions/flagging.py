"""Tell staff."""

from __future__ import annotations

from rasa_sdk import Tracker

from actions.message import database, message_id
from bot.clock import utc_now
from bot.escalation import follow_ups, open_flag
from bot.storage.models import Person


def raise_flag(tracker: Tracker, *, level: str, kind: str, reason: str, check_back: bool = False) -> None:
    """Open or renew a flag for the man who is talking.

    Args:
        tracker: The dialogue.
        level: ``red``, ``orange`` or ``yellow``.
        kind: As in ``bot.escalation.open_flag``; what was screened about himself always owes him check-backs.
        reason: A sentence that staff can read.
        check_back: Whether a flag of another kind owes him check-backs too.

    Raises:
        StorageError: It could not be written; the turn fails and nothing is promised.
    """
    with database().write() as session:
        if session.get(Person, tracker.sender_id) is None:
            return  # Rasa's own shell or tests: nobody is there who could be reached
        at = utc_now()
        flag = open_flag(
            session,
            person_id=tracker.sender_id,
            level=level,
            kind=kind,
            reasons=[reason],
            at=at,
            message_id=message_id(tracker),
        )
        if check_back or kind == "screening":
            follow_ups.schedule(session, person_id=tracker.sender_id, flag_id=flag.id, at=at)


def check_backs_owed(tracker: Tracker) -> frozenset[str]:
    """Return the kinds of check-back that he has still to expect."""
    with database().read() as session:
        return follow_ups.owed(session, tracker.sender_id)
