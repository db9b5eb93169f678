"""Signed-in browsers, kept on the server.

The cookie holds 32 random bytes and nothing else; the table holds their SHA-256. A session ends after 15
minutes without use, 12 hours after sign-in, at sign-out, or when the account is disabled.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update

from bot.storage import Database
from bot.storage.models import StaffAccount, StaffSession

IDLE = timedelta(minutes=15)
ABSOLUTE = timedelta(hours=12)
TOKEN_BYTES = 32
# A page seen again within this time writes nothing; a session may so end this much early, never late.
_SEEN_STEP = timedelta(seconds=30)


@dataclass(frozen=True)
class Staff:
    """Who is signed in."""

    id: str
    name: str
    role: str


def new_token() -> str:
    """Return 32 random bytes as 43 URL-safe characters."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def start_session(session: Any, *, staff_id: str, at: datetime) -> str:
    """Open a session in the caller's transaction and return the cookie's value, which exists nowhere else."""
    token = new_token()
    session.add(StaffSession(id=_fingerprint(token), staff_id=staff_id, created_at=at, seen_at=at))
    return token


def end_session(session: Any, token: str) -> None:
    """Close the session of this cookie; nothing happens if there is none."""
    session.execute(delete(StaffSession).where(StaffSession.id == _fingerprint(token)))


def end_old_sessions(session: Any, at: datetime) -> None:
    """Remove all sessions that nobody can use any more."""
    over = (StaffSession.seen_at <= at - IDLE) | (StaffSession.created_at <= at - ABSOLUTE)
    session.execute(delete(StaffSession).where(over))


def staff_of(database: Database, token: str, at: datetime) -> Staff | None:
    """Return who is signed in with this cookie, and note the visit; None when the session is over."""
    query = (
        select(
            StaffSession.created_at,
            StaffSession.seen_at,
            StaffAccount.id,
            StaffAccount.name,
            StaffAccount.role,
        )
        .join(StaffAccount, StaffAccount.id == StaffSession.staff_id)
        .where(StaffSession.id == _fingerprint(token), StaffAccount.disabled_at.is_(None))
    )
    with database.read() as session:
        row = session.execute(query).first()
    if row is None or at - row.seen_at >= IDLE or at - row.created_at >= ABSOLUTE:
        return None
    if at - row.seen_at >= _SEEN_STEP:
        _note_seen(database, token, at)
    return Staff(row.id, row.name, row.role)


def _note_seen(database: Database, token: str, at: datetime) -> None:
    with database.write() as session:
        session.execute(update(StaffSession).where(StaffSession.id == _fingerprint(token)).values(seen_at=at))


def _fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
