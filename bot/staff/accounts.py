"""Accounts of staff: made by command, opened by name and password.

Passwords are kept as argon2id hashes. A name that nobody has costs the same work as a wrong password.
"""

from __future__ import annotations

import functools
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type
from sqlalchemy import func, select, update

from bot.errors import BallastError
from bot.escalation import audit
from bot.staff.passkeys import has_passkey
from bot.staff.passwords import weakness_of
from bot.staff.roles import ROLES
from bot.storage.columns import new_id
from bot.storage.models import StaffAccount, StaffSession

LONGEST_NAME = 64

# 64 MiB, 3 passes, 4 lanes: the second recommended option of RFC 9106, section 4. Measured: 162 ms.
_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4, hash_len=32, salt_len=16, type=Type.ID)


@dataclass(frozen=True)
class Account:
    """An account as other staff see it.

    Attributes:
        id: Its row.
        name: What its owner signs in with.
        role: What he may do.
        created_at: When it was made.
        disabled_at: When it was closed, or None.
        has_factor: Whether it has an authenticator or a passkey.
        seen_at: When one of its sessions was last used, as long as that session is kept.
    """

    id: str
    name: str
    role: str
    created_at: datetime
    disabled_at: datetime | None
    has_factor: bool
    seen_at: datetime | None


class AccountError(BallastError):
    """An account cannot be made: its name is taken or unusable, its role unknown, its password too weak."""


def clean_name(name: str) -> str:
    """Return the name as it is kept: compatibility characters folded, single spaces, lower case."""
    return " ".join(unicodedata.normalize("NFKC", name).split()).casefold()


def create_account(
    session: Any, *, name: str, role: str, password: str | None, at: datetime, actor: str = "ballast"
) -> str:
    """Make an account and return its id.

    Args:
        session: A writing transaction.
        name: What the person signs in with; kept in lower case.
        role: One of :data:`bot.staff.roles.ROLES`.
        password: As :mod:`bot.staff.passwords` wants it; kept only as an argon2id hash. None: nobody can sign in
            until a link was used.
        at: When, in UTC.
        actor: Who makes it.

    Raises:
        AccountError: The name is taken or unusable, the role unknown, or the password too weak.
    """
    name = clean_name(name)
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise AccountError(f"A name has 1 to {LONGEST_NAME} printable characters.")
    if role not in ROLES:
        raise AccountError(f"There is no role {role!r}. It is one of: {', '.join(ROLES)}.")
    if password is not None:
        check_password(password, name)
    if session.execute(select(StaffAccount.id).filter_by(name=name)).first():
        raise AccountError(f"There is an account named {name!r} already. Choose another name.")
    account = StaffAccount(id=new_id(), name=name, role=role, created_at=at)
    account.password_hash = _HASHER.hash(_clean_password(password or secrets.token_urlsafe(32)))
    session.add(account)
    session.flush()
    audit(session, actor=actor, action="staff.add", subject=account.id, at=at)
    return str(account.id)


def check_password(password: str, name: str) -> None:
    """Refuse a password that is too easy to guess.

    Raises:
        AccountError: It is too short, too long, too uniform, too common, or holds the name.
    """
    weakness = weakness_of(_clean_password(password), name)
    if weakness:
        raise AccountError(weakness)


def set_password(session: Any, staff_id: str, password: str, *, actor: str, at: datetime) -> None:
    """Give an account another password.

    Raises:
        AccountError: The password is too easy to guess.
    """
    account = session.get(StaffAccount, staff_id)
    check_password(password, account.name)
    account.password_hash = _HASHER.hash(_clean_password(password))
    audit(session, actor=actor, action="staff.set_password", subject=staff_id, at=at)


def account_that_opens(session: Any, name: str, password: str) -> str | None:
    """Return the id of the account that this name and password open, or None.

    The work is the same for known and unknown names: the time says nothing about who has an account.
    """
    query = select(StaffAccount.id, StaffAccount.password_hash)
    name = clean_name(name).replace("\x00", "")  # PostgreSQL takes no such character, and no name has one
    query = query.where(StaffAccount.name == name, StaffAccount.disabled_at.is_(None))
    found = session.execute(query).first()
    fits = _fits(found.password_hash if found else nobodys_hash(), password)
    return str(found.id) if found and fits else None


@functools.cache
def nobodys_hash() -> str:
    """Return a hash that no password opens; made once a process, at the app's start."""
    return _HASHER.hash(secrets.token_urlsafe(32))


def set_role(session: Any, staff_id: str, role: str, *, actor: str, at: datetime) -> None:
    """Give an account another role."""
    session.execute(update(StaffAccount).filter_by(id=staff_id).values(role=role))
    audit(session, actor=actor, action=f"staff.role.{role}", subject=staff_id, at=at)


def close_account(session: Any, staff_id: str, *, actor: str, at: datetime) -> None:
    """Let nobody sign in with this account; what it did stays in the audit."""
    session.execute(update(StaffAccount).filter_by(id=staff_id, disabled_at=None).values(disabled_at=at))
    audit(session, actor=actor, action="staff.close", subject=staff_id, at=at)


def reopen_account(session: Any, staff_id: str, *, actor: str, at: datetime) -> None:
    """Let its owner sign in again, with the password and authenticator that he had."""
    session.execute(update(StaffAccount).filter_by(id=staff_id).values(disabled_at=None))
    audit(session, actor=actor, action="staff.reopen", subject=staff_id, at=at)


def find_account(session: Any, staff_id: str) -> Account | None:
    """Return the account with this id, open or closed, or None."""
    row = session.execute(_accounts().where(StaffAccount.id == staff_id)).first()
    return _account(row) if row else None


def id_of(session: Any, name: str) -> str | None:
    """Return the id of the open account with this name, or None."""
    query = select(StaffAccount.id).where(StaffAccount.name == clean_name(name), StaffAccount.disabled_at.is_(None))
    found: str | None = session.execute(query).scalar()
    return found


def all_accounts(session: Any) -> list[Account]:
    """Return all accounts, the open ones first, by name."""
    query = _accounts().order_by(StaffAccount.disabled_at.isnot(None), StaffAccount.name)
    return [_account(row) for row in session.execute(query)]


def has_any(session: Any) -> bool:
    """Return whether an account was ever made, also when it is closed by now."""
    return session.execute(select(StaffAccount.id).limit(1)).first() is not None


def names_of(session: Any, ids: set[str]) -> dict[str, str]:
    """Return the names of these accounts by id; unknown ids are left out."""
    query = select(StaffAccount.id, StaffAccount.name).where(StaffAccount.id.in_(ids))
    return dict(tuple(row) for row in session.execute(query))


def count_accounts(session: Any) -> int:
    """Return how many accounts can be used."""
    query = select(func.count()).select_from(StaffAccount).where(StaffAccount.disabled_at.is_(None))
    return int(session.execute(query).scalar())


def _accounts() -> Any:
    seen_at = select(func.max(StaffSession.seen_at)).filter_by(staff_id=StaffAccount.id).scalar_subquery()
    return select(StaffAccount, seen_at.label("seen_at"), has_passkey().label("has_passkey"))


def _account(row: Any) -> Account:
    found = row.StaffAccount
    return Account(
        found.id,
        found.name,
        found.role,
        found.created_at,
        found.disabled_at,
        has_factor=found.totp_nonce is not None or row.has_passkey,
        seen_at=row.seen_at,
    )


def _fits(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, _clean_password(password))
    except (VerificationError, InvalidHashError):
        return False


def _clean_password(password: str) -> str:
    # The same word typed on two keyboards must be the same bytes (NIST SP 800-63B, section 5.1.1.2).
    return unicodedata.normalize("NFKC", password)
