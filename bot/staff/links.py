"""One-time links: with one somebody sets the password of his account, and sets up his authenticator next.

The table holds the SHA-256 of a link's token. The link that makes the very first account is in no table: it follows
from the key file and opens only while there is no account at all.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from bot.escalation import audit
from bot.staff import accounts, passkeys, second_factor, sessions
from bot.staff.roles import LEAD
from bot.storage.models import StaffAccount, StaffLink

GOOD_FOR = timedelta(hours=72)


class LinkOverError(accounts.AccountError):
    """The link was used, replaced by a newer one, is too old, or never was one."""

    def __init__(self) -> None:
        super().__init__("This link was used already or is too old. Ask for a new one.")


@dataclass(frozen=True)
class Invited:
    """Whom a link is for; without an id it makes the first account."""

    staff_id: str | None
    name: str


def first_token(key: bytes) -> str:
    """Return the token of the link that makes the first account; every process with this key file knows it."""
    digest = hmac.new(key, b"first account", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def path_of(token: str) -> str:
    """Return the link's path in the app."""
    return f"/welcome/{token}"


def make_link(session: Any, staff_id: str, *, actor: str, at: datetime) -> str:
    """Return the token of a new link for this account; an earlier one is over."""
    token = sessions.new_token()
    session.execute(delete(StaffLink).filter_by(staff_id=staff_id))
    session.add(StaffLink(id=_fingerprint(token), staff_id=staff_id, created_at=at, expires_at=at + GOOD_FOR))
    audit(session, actor=actor, action="staff.link", subject=staff_id, at=at)
    return token


def invited_by(session: Any, key: bytes, token: str, at: datetime) -> Invited | None:
    """Return whom the link is for, or None when it is over."""
    if hmac.compare_digest(token.encode(), first_token(key).encode()):
        return None if accounts.has_any(session) else Invited(None, "")
    query = select(StaffAccount.id, StaffAccount.name).join(StaffLink, StaffLink.staff_id == StaffAccount.id)
    query = query.where(StaffLink.id == _fingerprint(token), StaffLink.expires_at > at)
    row = session.execute(query.where(StaffAccount.disabled_at.is_(None))).first()
    return Invited(row.id, row.name) if row else None


def use_link(session: Any, key: bytes, token: str, *, name: str, password: str, at: datetime) -> str:
    """Set the password of the account that the link is for, or make the first one, and return its id.

    The account's authenticator, passkeys, recovery codes, sessions and other links are over.

    Args:
        session: A writing transaction; nothing is used up when it is rolled back.
        key: The key file's web key.
        token: From the link.
        name: Name of the first account; the others have theirs.
        password: The new one.
        at: When.

    Raises:
        LinkOverError: The link is over.
        AccountError: The name or the password is unfit.
    """
    invited = invited_by(session, key, token, at)
    if invited is None:
        raise LinkOverError
    if invited.staff_id is None:
        return accounts.create_account(session, name=name, role=LEAD, password=password, at=at)
    accounts.set_password(session, invited.staff_id, password, actor=invited.staff_id, at=at)
    second_factor.take_away(session, invited.staff_id)
    passkeys.take_away(session, invited.staff_id)
    sessions.end_sessions_of(session, invited.staff_id)
    session.execute(delete(StaffLink).filter_by(staff_id=invited.staff_id))
    return invited.staff_id


def _fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
