"""Exports as jobs: each has a row, and the audit holds a digest of that row, so that neither changes unseen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from bot.escalation import audit
from bot.research.dialogues import Counts
from bot.research.protocols import men_who_took_it_back
from bot.storage.models import AuditEntry, ResearchExport, ResearchPseudonym

RUNNING, DONE, STOPPED, FAILED = "running", "done", "stopped", "failed"
_DIGEST_DIGITS = 31  # an audit row's subject holds 64 characters: id, colon, digest (124 bits)
_AT_ONCE = 500


def pseudonym_of(session: Any, export_id: str, person_id: str) -> str:
    """Return what a man is called in one export: 16 hexadecimal digits that only the key file leads back from."""
    keyring = session.info["vault"].keyring
    return str(keyring.mark("export pseudonym", f"{export_id}\x00{person_id}".encode())[:8].hex())


def begin_job(
    session: Any, *, staff: str, purpose: str, protocol: str, formats: Iterable[str], release: str, at: datetime
) -> str:
    """Write down that an export begins, and return its id."""
    row = ResearchExport(staff=staff, purpose=purpose, protocol=protocol, formats=" ".join(formats), release=release)
    row.state, row.started_at = RUNNING, at
    session.add(row)
    session.flush()
    _audit(session, row, at)
    export_id: str = row.id
    return export_id


def finish_job(
    session: Any, export_id: str, *, counts: Counts, sha256: str, pseudonyms: list[str], at: datetime
) -> None:
    """Write down what an export holds, in the transaction after which its files appear."""
    row = session.get(ResearchExport, export_id)
    row.dialogues, row.turns, row.withheld = counts.dialogues, counts.turns, counts.withheld
    row.state, row.sha256, row.ended_at = DONE, sha256, at
    for start in range(0, len(pseudonyms), _AT_ONCE):
        chunk = [{"export_id": export_id, "pseudonym": name} for name in pseudonyms[start : start + _AT_ONCE]]
        session.execute(insert(ResearchPseudonym.__table__), chunk)
    _audit(session, row, at)


def end_job(session: Any, export_id: str, *, state: str, at: datetime) -> None:
    """Write down that an export came to nothing: ``stopped`` by a person, or ``failed``. Only a running one can."""
    row = session.get(ResearchExport, export_id)
    if row is not None and row.state == RUNNING:
        row.state, row.ended_at = state, at
        _audit(session, row, at)


def is_as_audited(session: Any, row: ResearchExport) -> bool:
    """Return whether a job's row is as it was when the audit last named it."""
    query = select(AuditEntry.subject).where(AuditEntry.subject.startswith(f"{row.id}:", autoescape=True))
    newest = session.execute(query.order_by(AuditEntry.seq.desc()).limit(1)).scalar()
    return bool(newest == _subject(row))


def withdrawn_from(session: Any) -> Iterator[tuple[ResearchExport, list[str]]]:
    """Yield each finished export that holds men who took their consent back since, with their pseudonyms there."""
    gone = men_who_took_it_back(session)
    done = select(ResearchExport).filter_by(state=DONE).order_by(ResearchExport.started_at, ResearchExport.id)
    for export in session.execute(done).scalars().all():
        query = select(ResearchPseudonym.pseudonym).filter_by(export_id=export.id)
        inside = set(session.execute(query).scalars())
        names = sorted(inside & {pseudonym_of(session, export.id, person_id) for person_id in gone})
        if names:
            yield export, names


def _audit(session: Any, row: ResearchExport, at: datetime) -> None:
    session.flush()
    audit(session, actor=row.staff, action=f"research.export.{row.state}", subject=_subject(row), at=at)


def _subject(row: ResearchExport) -> str:
    names = [column.name for column in ResearchExport.__table__.columns]
    if row.release is None:
        names.remove("release")  # a job of before there were two; its digest was made without
    values = [getattr(row, name) for name in names]
    record = json.dumps([value.isoformat() if isinstance(value, datetime) else value for value in values])
    return f"{row.id}:{hashlib.sha256(record.encode()).hexdigest()[:_DIGEST_DIGITS]}"
