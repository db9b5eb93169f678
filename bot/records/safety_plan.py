"""A man's own plan for bad hours: six parts in his words, sealed, every version kept until he clears it.

The six parts follow Stanley and Brown's safety plan in order and sense, not in wording. Source: Stanley & Brown 2012,
Cognitive and Behavioral Practice 19:256-264. There is no promise in it to stay alive: such contracts do not protect.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from bot.storage.models import Record

PARTS = ("signs", "alone", "places", "people", "professionals", "safer")
SHORT = ("alone", "people", "safer")  # what a man in crisis can take in
MOST_CHARACTERS = 500  # of a part: three parts and their titles stay well within one message
MOST_VERSIONS = 30
KIND = "safety_plan"
Plan = dict[str, str]
_NAMESPACE = uuid.UUID("0c8f5b39-7f64-4c55-9a0e-6f0b1df3a2d7")


def with_part(plan: Plan, part: str, words: str) -> Plan:
    """Return the plan with one part changed, cut to what fits; empty words take the part out.

    Raises:
        ValueError: There is no such part.
    """
    if part not in PARTS:
        raise ValueError(f"A safety plan has no part {part!r}. It has: {', '.join(PARTS)}.")
    kept = words.strip()[:MOST_CHARACTERS]
    changed = plan | {part: kept}
    return {name: changed[name] for name in PARTS if changed.get(name)}


def keep_part(session: Any, *, person_id: str, part: str, words: str, message_id: str | None, at: datetime) -> Plan:
    """Write a new version of his plan with one part changed.

    Args:
        session: The transaction.
        person_id: Whose plan.
        part: One of ``PARTS``.
        words: His words.
        message_id: The message that holds them; a second call for it changes nothing.
        at: When.

    Returns:
        The plan as it stands now.
    """
    plan = with_part(plan_of(session, person_id), part, words)
    record_id = uuid.uuid5(_NAMESPACE, message_id or uuid.uuid4().hex).hex
    if session.get(Record, record_id) is not None:
        return plan_of(session, person_id)
    row = Record(id=record_id, person_id=person_id, kind=KIND, at=at)
    session.add(row)
    row.body = {"parts": plan}
    session.flush()
    for old in _versions(session, person_id)[MOST_VERSIONS:]:
        session.delete(old)
    return plan


def plan_of(session: Any, person_id: str) -> Plan:
    """Return his plan as it stands; empty where there is none."""
    versions = _versions(session, person_id, most=1)
    return dict(versions[0].body.reveal()["parts"]) if versions else {}


def versions_of(session: Any, person_id: str) -> list[dict[str, Any]]:
    """Return all versions, newest first, each as ``{"at", "parts"}``."""
    return [{"at": row.at, "parts": dict(row.body.reveal()["parts"])} for row in _versions(session, person_id)]


def clear_plan(session: Any, person_id: str) -> None:
    """Delete his plan with all its versions."""
    gone = delete(Record).where(Record.person_id == person_id, Record.kind == KIND)
    session.execute(gone.execution_options(synchronize_session=False))


def first_gap(plan: Plan) -> str | None:
    """Return the first part that is still empty, or None where the plan is whole."""
    return next((part for part in PARTS if not plan.get(part)), None)


def _versions(session: Any, person_id: str, most: int | None = None) -> list[Record]:
    query = select(Record).filter_by(person_id=person_id, kind=KIND).order_by(Record.at.desc(), Record.id)
    return list(session.execute(query.limit(most)).scalars())
