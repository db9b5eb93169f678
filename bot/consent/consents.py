"""Record and look up answers to the questions of consent.

An answer counts only for the version of the wording that he saw; a new version must be asked anew.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from bot.storage.models import Consent

STORAGE, RESEARCH, ADULT = "storage", "research", "adult"
SHARE = "share_case"  # that the clinic may pass his case on
VERSIONS = {STORAGE: "2026-11.2", RESEARCH: "2026-11.3", ADULT: "2026-11", SHARE: "2026-11"}


def record_answer(session: Any, *, person_id: str, kind: str, given: bool, at: datetime) -> None:
    """Write down his answer to the present wording of one question."""
    session.add(Consent(person_id=person_id, kind=kind, version=VERSIONS[kind], given=given, at=at))
    session.flush()


def answer_of(session: Any, person_id: str, kind: str) -> bool | None:
    """Return his newest answer to the present wording, or None if he was not asked it yet."""
    query = select(Consent.given).filter_by(person_id=person_id, kind=kind, version=VERSIONS[kind])
    answer: bool | None = session.execute(query.order_by(Consent.seq.desc()).limit(1)).scalar()
    return answer


def has_given(session: Any, person_id: str, kind: str) -> bool:
    """Return whether he said yes to the present wording and has not taken it back."""
    return answer_of(session, person_id, kind) is True
