"""What the dialogue tells the house about check-backs: that he answered, or that he wants none."""

from __future__ import annotations

from rasa_sdk import Tracker

from actions import direct_question
from actions.message import Events, database, intent_read, words
from bot.clock import utc_now
from bot.escalation import follow_ups
from bot.storage.models import Person
from bot.turns import reminders

_STILL_ASKED = (direct_question.ASKED, direct_question.ASKED_TWICE)


def note_answer(tracker: Tracker, events: Events) -> None:
    """Write down what his message did to the direct question: answered as safe, answered otherwise, or nothing.

    Read from the step before and after, so that it holds for every wording and every flow that takes an answer.

    Args:
        tracker: The dialogue before this turn's events.
        events: What this turn adds to it.
    """
    is_safe = _says_safe(tracker, events)
    if is_safe is None:
        return
    with database().write() as session:
        if session.get(Person, tracker.sender_id) is not None:
            follow_ups.answer(session, tracker.sender_id, is_safe=is_safe, at=utc_now())


def _says_safe(tracker: Tracker, events: Events) -> bool | None:
    was_open = direct_question.is_open(tracker) or intent_read(tracker).startswith("safety_")
    steps = [event["value"] for event in events if event.get("name") == direct_question.STEP]
    if not steps or not was_open:
        return None
    if steps[-1] is None:
        return True
    has_moved = steps[-1] not in (*_STILL_ASKED, direct_question.PASSED)
    return False if has_moved else None


def decline(tracker: Tracker) -> bool:
    """Let him off the check-backs; return whether one of them was what he answered.

    Who says in his own words that he wants none means his check-ins as well; the button below a check-back does not.
    """
    with database().write() as session:
        was_asked = follow_ups.has_been_asked(session, tracker.sender_id)
        follow_ups.decline(session, tracker.sender_id, at=utc_now())
        person = session.get(Person, tracker.sender_id)
        if words(tracker) and person is not None:
            reminders.set_check_ins(session, person, None, at=utc_now())
        return was_asked


def is_safety_open(tracker: Tracker) -> bool:
    """Return whether the direct question stands unanswered, here or in the house's own book."""
    if direct_question.is_open(tracker):
        return True
    with database().read() as session:
        return follow_ups.is_question_open(session, tracker.sender_id)
