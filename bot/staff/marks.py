"""Messages that staff say were screened wrongly become candidates for the test set, without what identifies him.

Only of men who let us keep their talk: whoever keeps nothing was told that his words go, and a copy would outlive them.
A lead decides over each candidate before it is used for anything.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from bot.consent import STORAGE, has_given
from bot.errors import BallastError, KeyMissingError, SealBrokenError
from bot.escalation import audit
from bot.research.deidentify import Deidentifier
from bot.staff import words
from bot.storage.clinic_models import TestCandidate
from bot.storage.columns import new_id
from bot.storage.models import Flag, InboxMessage

FALSE_ALARM, MISSED = "false_alarm", "missed"
VERDICTS = (FALSE_ALARM, MISSED)

NOT_KEPT = "Nothing was marked: he does not want his talk kept, so no copy of it is made."
UNKNOWN = "Nothing was marked: this message is not his, has no words, or cannot be opened."


class MarkError(BallastError):
    """A message cannot become a candidate: he keeps nothing, or there is no such message with words."""


def mark_message(
    session: Any, flag: Flag, message_id: str, *, verdict: str, staff_id: str, at: datetime
) -> TestCandidate:
    """Keep a message as a candidate; marked again, the newer verdict counts.

    Raises:
        MarkError: He wants nothing kept, or there is nothing to mark.
    """
    if not has_given(session, flag.person_id, STORAGE):
        raise MarkError(NOT_KEPT)
    text, screening = _opened(session, flag, message_id)
    if verdict not in VERDICTS or not text:
        raise MarkError(UNKNOWN)
    row = session.execute(select(TestCandidate).filter_by(message_id=message_id)).scalar()
    if row is None:
        row = TestCandidate(id=new_id(), person_id=flag.person_id, flag_id=flag.id, message_id=message_id)
        session.add(row)
    row.verdict, row.marked_by, row.marked_at = verdict, staff_id, at
    row.decided_by = row.decided_at = row.accepted = None
    row.body = {"text": Deidentifier().replace(text), "level": screening["level"], "reasons": screening["reasons"]}
    audit(session, actor=staff_id, action="flag.mark", subject=flag.id, at=at)
    return row


def mark_false_alarms(session: Any, flag: Flag, *, staff_id: str, at: datetime) -> None:
    """Mark the messages that raised a flag which turned out to be a false alarm, as far as they may be kept."""
    for firing in (words.firings_of(flag) or [])[: words.LATEST_NAMED]:
        if firing.message_id:
            try:
                mark_message(session, flag, firing.message_id, verdict=FALSE_ALARM, staff_id=staff_id, at=at)
            except MarkError:
                continue


def marked_on(session: Any, person_id: str) -> dict[str, str]:
    """Return the verdict on each of his messages that was marked."""
    query = select(TestCandidate.message_id, TestCandidate.verdict).filter_by(person_id=person_id)
    return dict(tuple(row) for row in session.execute(query))


def _opened(session: Any, flag: Flag, message_id: str) -> tuple[str, dict[str, Any]]:
    row = session.execute(select(InboxMessage).filter_by(id=message_id, person_id=flag.person_id)).scalar()
    try:
        if row is None or row.body is None:
            return "", {}
        screening = row.screening.reveal() if row.screening is not None else {}
        text = str(row.body.reveal().get("text") or "")
    except (SealBrokenError, KeyMissingError):
        return "", {}
    return text, {"level": screening.get("level", ""), "reasons": screening.get("reasons", [])}
