"""Buttons that were offered: opaque on the messenger, good for one use, and worth the same typed as pressed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from bot.content import say
from bot.errors import KeyMissingError, SealBrokenError
from bot.storage.models import ButtonToken, OutboxMessage

# Whose labels may be typed: the gate's own, and the numbers of a check-in. What the dialogue offers it reads itself.
TYPEABLE = ("gate:", "/mood_checkin{")
# A yes to a question of consent counts for the words above the button; where they have changed he is asked anew.
_ASKS_ANEW = {
    "gate:research_yes": ("research_question", "gate:settings_research"),
    "gate:share_case_yes": ("share_case_question", "gate:settings_share_case"),
}


def use(session: Any, person_id: str, token: str | None, *, at: datetime) -> dict[str, str] | None:
    """Use up a button together with the others of its message; None if it is unknown, another's or spent."""
    button = session.get(ButtonToken, token or "")
    if button is None or button.person_id != person_id or button.used_at is not None:
        return None
    choice: dict[str, str] = button.choice.reveal()
    siblings = session.query(ButtonToken).filter_by(outbox_id=button.outbox_id).all()
    for sibling in siblings:
        sibling.used_at = at
    question, anew = _ASKS_ANEW.get(choice["payload"], ("", ""))
    if question and not _has_read(session, button, question):
        return {**choice, "payload": anew}
    return choice


def typed(session: Any, person_id: str, text: str, *, at: datetime) -> str | None:
    """Return what a button of our last bubble stands for whose label he typed, and use it up; else None."""
    last = select(OutboxMessage.id).filter_by(person_id=person_id)
    newest = last.order_by(OutboxMessage.created_at.desc(), OutboxMessage.seq.desc()).limit(1)
    offered = select(ButtonToken).where(ButtonToken.outbox_id == newest.scalar_subquery())
    for button in session.execute(offered.where(ButtonToken.used_at.is_(None))).scalars().all():
        choice = button.choice.reveal()
        if choice["payload"].startswith(TYPEABLE) and _same(choice["label"], text):
            used = use(session, person_id, button.id, at=at)
            return None if used is None else used["payload"]
    return None


def _has_read(session: Any, button: ButtonToken, question: str) -> bool:
    """Return whether the bubble above a button holds the question in its present words; no region changes them."""
    bubble = session.execute(select(OutboxMessage).filter_by(id=button.outbox_id)).scalar()
    try:
        read = None if bubble is None or bubble.body is None else bubble.body.reveal()["text"]
    except (SealBrokenError, KeyMissingError):
        return False
    return read in say(question, "us")


def _same(label: str, text: str) -> bool:
    return _bare(label) == _bare(text)


def _bare(text: str) -> str:
    return text.replace("\u2019", "'").casefold().strip(" .")
