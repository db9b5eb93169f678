"""The audit: an append-only chain of who did what to which row, written in the caller's transaction."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import select

from bot.storage.models import AuditEntry

_START = bytes(32)


def audit(session: Any, *, actor: str, action: str, subject: str, at: datetime) -> None:
    """Append one entry to the chain.

    Args:
        session: The transaction that does the thing.
        actor: Staff id, ``ballast`` or ``person``.
        action: A short verb phrase such as ``flag.claim``.
        subject: Id of the row it was done to. Never content.
        at: When, in UTC.
    """
    session.flush()
    last = session.execute(select(AuditEntry.mac).order_by(AuditEntry.seq.desc()).limit(1)).scalar()
    entry = AuditEntry(at=at, actor=actor, action=action, subject=subject)
    entry.mac = _link(session, bytes(last or _START), entry)
    session.add(entry)
    session.flush()


def verify_audit(session: Any) -> int:
    """Return how many entries at the chain's start are intact; equal to the table's count when all are."""
    previous, intact = _START, 0
    for entry in session.execute(select(AuditEntry).order_by(AuditEntry.seq)).scalars():
        if bytes(entry.mac) != _link(session, previous, entry):
            return intact
        previous, intact = bytes(entry.mac), intact + 1
    return intact


def _link(session: Any, previous: bytes, entry: AuditEntry) -> bytes:
    fields = [entry.at.isoformat(), entry.actor, entry.action, entry.subject]
    link: bytes = session.info["vault"].keyring.chain(previous, json.dumps(fields).encode())
    return link
