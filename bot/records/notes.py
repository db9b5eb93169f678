"""A man's own short records (notes, things to do, what helped): listed, added to and deleted by him."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from bot.storage.models import Record

NOTE, STRENGTH, ACTIVITY, SIGNS = "note", "strength", "activity", "signs"


def records_of(session: Any, person_id: str, kind: str) -> list[dict[str, Any]]:
    """Return his records of a kind, newest first, each with ``id`` and ``at``."""
    query = select(Record).filter_by(person_id=person_id, kind=kind).order_by(Record.at.desc(), Record.id)
    return [{**row.body.reveal(), "id": row.id, "at": row.at} for row in session.execute(query).scalars()]


def change(session: Any, person_id: str, record_id: str, more: dict[str, Any]) -> None:
    """Add to a record of his, or replace what stood under the same names; nothing where it is not his or gone."""
    row = _his(session, person_id, record_id)
    if row is not None:
        row.body = row.body.reveal() | more


def delete(session: Any, person_id: str, record_id: str) -> None:
    """Delete a record of his; nothing where it is not his or gone."""
    row = _his(session, person_id, record_id)
    if row is not None:
        session.delete(row)


def _his(session: Any, person_id: str, record_id: str) -> Record | None:
    row: Record | None = session.get(Record, record_id)
    return row if row is not None and row.person_id == person_id else None
