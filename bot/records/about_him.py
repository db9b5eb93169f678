"""What a man told researchers about himself, chosen from short lists and sealed in his records.

He is asked after he said yes to research, may skip each question, and loses the answers when he takes the yes back.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import delete

from bot.storage.models import Record

KIND = "about"
QUESTIONS = {
    "age": ("18-24", "25-34", "35-44", "45-54", "55-64", "65+"),
    "work": ("employed", "self-employed", "out-of-work", "off-sick", "retired", "studying", "other"),
    "home": ("alone", "partner", "partner-children", "children", "other"),
}
SKIP = "skip"
_NAMESPACE = uuid.UUID("9f3c1c0a-4a86-4a52-9a6d-51d1a8d5b7e4")


def keep_answer(session: Any, *, person_id: str, question: str, value: str, at: datetime) -> None:
    """Write down one answer; ``skip`` takes an earlier one away.

    Raises:
        ValueError: There is no such question, or it has no such answer.
    """
    if value not in (*QUESTIONS.get(question, ()), SKIP):
        raise ValueError(f"The question {question!r} has no answer {value!r}.")
    row = session.get(Record, _id(person_id))
    kept = {} if row is None else row.body.reveal()
    kept.pop(question, None)
    if row is None:
        row = Record(id=_id(person_id), person_id=person_id, kind=KIND, at=at)
        session.add(row)
    row.at, row.body = at, kept if value == SKIP else {**kept, question: value}


def answers_of(session: Any, person_id: str) -> dict[str, str]:
    """Return what he told, by question; empty where he told nothing."""
    row = session.get(Record, _id(person_id))
    return {} if row is None else dict(row.body.reveal())


def forget_answers(session: Any, person_id: str) -> None:
    """Delete what he told."""
    gone = delete(Record).where(Record.person_id == person_id, Record.kind == KIND)
    session.execute(gone.execution_options(synchronize_session="fetch"))


def _id(person_id: str) -> str:
    return uuid.uuid5(_NAMESPACE, person_id).hex
