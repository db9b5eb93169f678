from __future__ import annotations

from types import SimpleNamespace

import pytest

from bot.escalation import open_flag
from bot.storage.models import AuditEntry, Flag, StaffAccount


@pytest.fixture
def staff(database, clock):
    """Two members of staff by their ids."""
    with database.write() as session:
        for name in ("rosa", "tom"):
            account = StaffAccount(id=name, name=name, role="reviewer", password_hash="x", created_at=clock())
            session.add(account)
    return "rosa", "tom"


@pytest.fixture
def raise_flag(database, clock):
    """Open a flag, or add to the one that is open, and return its id."""

    def run(person_id, level="red", kind="screening", reasons=("says he wants to die",), message_id=None):
        with database.write() as session:
            flag = open_flag(
                session,
                person_id=person_id,
                level=level,
                kind=kind,
                reasons=list(reasons),
                at=clock(),
                message_id=message_id,
            )
            return flag.id

    return run


@pytest.fixture
def flag_of(database):
    """Return a flag as it stands in the database now, with what is sealed in it opened."""

    def read(flag_id):
        with database.read() as session:
            flag = session.get(Flag, flag_id)
            columns = {column.name: getattr(flag, column.name) for column in Flag.__table__.columns}
            reasons = flag.reasons.reveal()
            resolution = None if flag.resolution is None else flag.resolution.reveal()
        return SimpleNamespace(**columns, reasons=reasons, resolution=resolution)

    return read


@pytest.fixture
def audited(database):
    """Return who did what, oldest first."""

    def read():
        with database.read() as session:
            rows = session.query(AuditEntry).order_by(AuditEntry.seq)
            return [(row.actor, row.action, row.subject) for row in rows]

    return read
