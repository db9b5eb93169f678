"""Keep a man's scores, once a message even if the turn is run again."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import select

from bot.storage.models import Record

_NAMESPACE = uuid.UUID("5b0e7d6e-6f0f-4d0c-9f3e-0a3f7c1f6b11")


def keep_score(
    session: Any, *, person_id: str, kind: str, body: dict[str, Any], message_id: str | None, at: datetime
) -> None:
    """Write one score down, sealed.

    Args:
        session: The transaction.
        person_id: Whose score.
        kind: ``phq9`` or ``mood``.
        body: What to keep.
        message_id: The message that completed it; a second call for it changes nothing.
        at: When.
    """
    record_id = uuid.uuid5(_NAMESPACE, f"{kind}:{message_id or uuid.uuid4().hex}").hex
    if session.get(Record, record_id) is not None:
        return
    row = Record(id=record_id, person_id=person_id, kind=kind, at=at)
    session.add(row)
    row.body = body


def scores_of(session: Any, person_id: str, kind: str) -> list[dict[str, Any]]:
    """Return his scores of a kind, oldest first, each with its time under ``at``."""
    query = select(Record).filter_by(person_id=person_id, kind=kind).order_by(Record.at)
    return [{**row.body.reveal(), "at": row.at} for row in session.execute(query).scalars()]
