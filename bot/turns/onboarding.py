"""First meeting: say what this is, ask for consent, keep what he already wrote until he has chosen.

A message in crisis never waits for a form: it passes, and the questions come later. Region and tone are asked after his
choice and after the answer to what he wrote before it; both can be skipped, and neither holds a message back.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from bot.consent import ADULT, STORAGE, answer_of, record_answer
from bot.content import label, say
from bot.escalation import follow_ups
from bot.storage.models import InboxMessage, Person
from bot.turns import outbox
from bot.turns.check_backs import speak_next
from bot.turns.messages import Reply, ReplyButton
from bot.turns.people import settings_of
from bot.turns.preferences import FIRST_QUESTIONS, ask_first

CHOICES = ("consent_yes", "consent_no", "too_young")


def may_pass(session: Any, person: Person) -> bool:
    """Return whether he has answered the first questions and is of age."""
    return answer_of(session, person.id, STORAGE) is not None and answer_of(session, person.id, ADULT) is not False


def introduce(session: Any, person: Person, row: InboxMessage, *, has_words: bool, at: datetime) -> None:
    """Introduce Ballast or, if that was done, ask again; what he wrote waits for his choice."""
    region = settings_of(person)["region"]
    if answer_of(session, person.id, ADULT) is False:
        outbox.queue(session, person.id, _bubbles("too_young", region), at=at, turn_id=row.id)
        row.state = "done"
        return
    first = person.introduced_at is None
    bubbles = _bubbles("intro" if first else "consent_reminder", region)
    question = Reply(say("consent_question", region)[0], tuple(_choice(name) for name in CHOICES))
    outbox.queue(session, person.id, [*bubbles, question], at=at, turn_id=row.id)
    person.introduced_at = person.introduced_at or at
    row.state = "held" if has_words else "done"


def answer_consent(session: Any, person: Person, row: InboxMessage, choice: str, *, at: datetime) -> None:
    """Record one of ``CHOICES`` and let the messages go on that waited for it."""
    record_answer(session, person_id=person.id, kind=ADULT, given=choice != "too_young", at=at)
    record_answer(session, person_id=person.id, kind=STORAGE, given=choice == "consent_yes", at=at)
    held = select(InboxMessage.seq).filter_by(person_id=person.id, state="held")
    is_waiting = session.execute(held.limit(1)).scalar() is not None
    asks_first = not is_waiting and not follow_ups.is_question_open(session, person.id)
    name = choice if choice == "too_young" or asks_first else f"{choice}_waiting"
    outbox.queue(session, person.id, _bubbles(name, settings_of(person)["region"]), at=at, turn_id=row.id)
    released = update(InboxMessage).where(InboxMessage.person_id == person.id, InboxMessage.state == "held")
    state = "done" if choice == "too_young" else "pending"
    session.execute(released.values(state=state).execution_options(synchronize_session="fetch"))
    row.state = "done"
    if choice != "too_young" and is_waiting:
        speak_next(session, person.id, row.door, f"gate:{FIRST_QUESTIONS}", at)  # behind the answers
    elif choice != "too_young" and asks_first:
        _ask_region(session, person, row, at)


def _ask_region(session: Any, person: Person, row: InboxMessage, at: datetime) -> None:
    asked = ask_first(person, has_words=False)
    buttons = tuple(ReplyButton(text, f"gate:{choice}") for text, choice in asked.choices)
    outbox.queue(session, person.id, [Reply(asked.bubbles[0], buttons)], at=at, turn_id=row.id)


def _bubbles(name: str, region: str) -> list[Reply]:
    return [Reply(bubble) for bubble in say(name, region)]


def _choice(name: str) -> ReplyButton:
    return ReplyButton(label(name), f"gate:{name}")
