"""Signed-in browsers, kept on the server.

The cookie holds 32 random bytes and nothing else; the table holds their SHA-256. A session ends after 15
minutes without use, 12 hours after sign-in, at sign-out, or when the account is disabled. Until the second
factor was given it opens nothing but the page that asks for it, and ends after five minutes.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update

from bot.staff.agents import UNKNOWN
from bot.staff.passkeys import has_passkey
from bot.staff.roles import HALF, NEW
from bot.storage import Database
from bot.storage.models import StaffAccount, StaffSession

IDLE = timedelta(minutes=15)
ABSOLUTE = timedelta(hours=12)
HALF_OPEN = timedelta(minutes=5)
CONFIRMED_FOR = timedelta(minutes=10)  # how long the second factor stands for what wants it anew
TOKEN_BYTES = 32
# A page seen again within this time writes nothing; a session may so end this much early, never late.
_SEEN_STEP = timedelta(seconds=30)


@dataclass(frozen=True)
class Staff:
    """Who is signed in.

    Attributes:
        id: The account.
        name: Its name.
        role: Its role.
        session_id: The session's row.
        since: When the password was given.
        confirmed_at: When the second factor was last given; None before it.
        has_factor: Whether the account has an authenticator or a passkey.
    """

    id: str
    name: str
    role: str
    session_id: str
    since: datetime
    confirmed_at: datetime | None
    has_factor: bool

    @property
    def standing(self) -> str:
        """What the table of access knows him as."""
        if self.confirmed_at is not None:
            return self.role
        return HALF if self.has_factor else NEW

    @property
    def is_inside(self) -> bool:
        """Whether both factors were given."""
        return self.confirmed_at is not None

    def is_confirmed(self, at: datetime) -> bool:
        """Return whether the second factor was given a short time ago."""
        return self.confirmed_at is not None and at - self.confirmed_at < CONFIRMED_FOR


@dataclass(frozen=True)
class OwnSession:
    """One signed-in browser of the reader's own."""

    id: str
    browser: str
    since: datetime
    seen_at: datetime
    is_this: bool


def new_token() -> str:
    """Return 32 random bytes as 43 URL-safe characters."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def start_session(
    session: Any, *, staff_id: str, at: datetime, confirmed_at: datetime | None = None, browser: str = ""
) -> str:
    """Open a session in the caller's transaction and return the cookie's value, which exists nowhere else.

    Args:
        session: A writing transaction.
        staff_id: Whose it is.
        at: When the password was given; the twelve hours count from here.
        confirmed_at: When the second factor was given, if it was.
        browser: The browser in a few words.
    """
    token = new_token()
    row = StaffSession(id=_fingerprint(token), staff_id=staff_id, created_at=at, seen_at=confirmed_at or at)
    row.confirmed_at, row.browser = confirmed_at, browser
    session.add(row)
    return token


def confirm(session: Any, session_id: str, at: datetime) -> None:
    """Write down that the second factor was given again."""
    session.execute(update(StaffSession).filter_by(id=session_id).values(confirmed_at=at))


def sessions_of(session: Any, staff: Staff, at: datetime) -> list[OwnSession]:
    """Return the sessions of this account that still open something, the newest first."""
    query = select(StaffSession).filter_by(staff_id=staff.id).where(StaffSession.confirmed_at.isnot(None))
    query = query.where(StaffSession.seen_at > at - IDLE, StaffSession.created_at > at - ABSOLUTE)
    rows = session.execute(query.order_by(StaffSession.created_at.desc(), StaffSession.id)).scalars()
    return [
        OwnSession(row.id, row.browser or UNKNOWN, row.created_at, row.seen_at, row.id == staff.session_id)
        for row in rows
    ]


def end_sessions_of(session: Any, staff_id: str, *, but: str | None = None, only: str | None = None) -> int:
    """Close sessions of one account and return how many.

    Args:
        session: A writing transaction.
        staff_id: Whose.
        but: A session that stays open.
        only: Close this one alone; nothing happens if it is another account's.
    """
    query = delete(StaffSession).where(StaffSession.staff_id == staff_id)
    query = query.where(StaffSession.id != but) if but else query
    query = query.where(StaffSession.id == only) if only else query
    return int(session.execute(query).rowcount)


def end_session(session: Any, token: str) -> None:
    """Close the session of this cookie; nothing happens if there is none."""
    session.execute(delete(StaffSession).where(StaffSession.id == _fingerprint(token)))


def end_old_sessions(session: Any, at: datetime) -> None:
    """Remove all sessions that nobody can use any more."""
    over = (StaffSession.seen_at <= at - IDLE) | (StaffSession.created_at <= at - ABSOLUTE)
    session.execute(delete(StaffSession).where(over))


def staff_of(database: Database, token: str, at: datetime, *, is_use: bool = True) -> Staff | None:
    """Return who is signed in with this cookie; None when the session is over.

    Args:
        database: Where.
        token: The cookie's value.
        at: Now.
        is_use: Whether this counts as a visit; what a page fetches by itself does not keep the session awake.
    """
    query = (
        select(
            StaffSession.created_at,
            StaffSession.seen_at,
            StaffSession.confirmed_at,
            StaffAccount.id,
            StaffAccount.name,
            StaffAccount.role,
            StaffAccount.totp_nonce,
            has_passkey().label("has_passkey"),
        )
        .join(StaffAccount, StaffAccount.id == StaffSession.staff_id)
        .where(StaffSession.id == _fingerprint(token), StaffAccount.disabled_at.is_(None))
    )
    with database.read() as session:
        row = session.execute(query).first()
    if row is None or at - row.seen_at >= IDLE or at - row.created_at >= ABSOLUTE:
        return None
    staff = Staff(
        id=row.id,
        name=row.name,
        role=row.role,
        session_id=_fingerprint(token),
        since=row.created_at,
        confirmed_at=row.confirmed_at,
        has_factor=row.totp_nonce is not None or row.has_passkey,
    )
    if staff.standing == HALF and at - row.created_at >= HALF_OPEN:
        return None
    if is_use and at - row.seen_at >= _SEEN_STEP:
        _note_seen(database, token, at)
    return staff


def _note_seen(database: Database, token: str, at: datetime) -> None:
    with database.write() as session:
        session.execute(update(StaffSession).where(StaffSession.id == _fingerprint(token)).values(seen_at=at))


def _fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
