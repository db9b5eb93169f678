"""The second factor: six digits of an authenticator (TOTP), or a recovery code that is good once.

The secret that the authenticator holds is stored nowhere. It follows from the key file, the account and a random
number in the account's row, so that a stolen database opens nothing. Recovery codes are kept as SHA-256: they have
120 random bits, which nobody tries through.

Source: RFC 6238 (30 seconds, six digits, SHA-1: what every authenticator can do); one step of drift to either side.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Any, Literal

import pyotp
import segno
from sqlalchemy import delete, func, select, update

from bot.staff.roles import ISSUER
from bot.storage.models import StaffAccount, StaffRecovery

STEP_SECONDS = 30
DRIFT_STEPS = 1
RECOVERY_CODES = 8
_SECRET_BYTES = 20  # RFC 4226, section 4: 160 bits
_RECOVERY_BYTES = 15
_RECOVERY_CHARACTERS = 24
_GROUP = 4

Factor = Literal["code", "recovery"]


def nonce_of(key: bytes, session_id: str) -> str:
    """Return the number that an authenticator set up in this session will have; another session has another one."""
    return hmac.new(key, f"authenticator\x00{session_id}".encode(), hashlib.sha256).hexdigest()[:32]


def secret_of(key: bytes, staff_id: str, nonce: str) -> str:
    """Return the secret that the authenticator is given, 32 characters of base32."""
    digest = hmac.new(key, f"totp\x00{staff_id}\x00{nonce}".encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:_SECRET_BYTES]).decode()


def picture_of(secret: str, name: str) -> str:
    """Return the QR code that an authenticator reads, as an SVG element to stand in a page."""
    address = pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)
    code = segno.make_qr(address, error="m")
    picture: str = code.svg_inline(
        border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None, title="QR code"
    )
    return picture


def in_groups(code: str) -> str:
    """Return a secret or recovery code in groups of four, as people copy it."""
    return " ".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))


def adopt(session: Any, key: bytes, *, staff_id: str, nonce: str, typed: str, at: datetime) -> list[str] | None:
    """Give the account the authenticator of this nonce if it shows the right code now.

    Returns:
        New recovery codes, which are shown once; None when the code is not right.
    """
    step = _matching_step(secret_of(key, staff_id, nonce), _clean(typed), at, after=-1)
    if step is None:
        return None
    session.execute(update(StaffAccount).filter_by(id=staff_id).values(totp_nonce=nonce, totp_step=step))
    return make_recovery_codes(session, staff_id, at)


def check(session: Any, key: bytes, *, staff_id: str, typed: str, at: datetime) -> Factor | None:
    """Return which factor this is, and use it up; None when it is neither a code nor a recovery code of the account."""
    typed = _clean(typed)
    if len(typed) == _RECOVERY_CHARACTERS:
        gone = session.execute(delete(StaffRecovery).filter_by(id=_fingerprint(typed), staff_id=staff_id))
        return "recovery" if gone.rowcount == 1 else None
    row = session.execute(select(StaffAccount.totp_nonce, StaffAccount.totp_step).filter_by(id=staff_id)).one()
    if row.totp_nonce is None:
        return None
    step = _matching_step(secret_of(key, staff_id, row.totp_nonce), typed, at, after=row.totp_step)
    if step is None:
        return None
    session.execute(update(StaffAccount).filter_by(id=staff_id).values(totp_step=step))
    return "code"


def has_authenticator(session: Any, staff_id: str) -> bool:
    """Return whether the account has an authenticator."""
    return session.execute(select(StaffAccount.totp_nonce).filter_by(id=staff_id)).scalar() is not None


def take_away(session: Any, staff_id: str) -> None:
    """Take the authenticator and the recovery codes from an account; it sets up new ones when it next signs in."""
    session.execute(update(StaffAccount).filter_by(id=staff_id).values(totp_nonce=None, totp_step=None))
    session.execute(delete(StaffRecovery).filter_by(staff_id=staff_id))


def make_recovery_codes(session: Any, staff_id: str, at: datetime) -> list[str]:
    """Replace the recovery codes of an account and return the new ones, which exist nowhere else."""
    codes = [base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode() for _ in range(RECOVERY_CODES)]
    session.execute(delete(StaffRecovery).filter_by(staff_id=staff_id))
    session.add_all(StaffRecovery(id=_fingerprint(code), staff_id=staff_id, created_at=at) for code in codes)
    return codes


def count_recovery_codes(session: Any, staff_id: str) -> int:
    """Return how many recovery codes the account has left."""
    query = select(func.count()).select_from(StaffRecovery).filter_by(staff_id=staff_id)
    return int(session.execute(query).scalar())


def _matching_step(secret: str, typed: str, at: datetime, *, after: int) -> int | None:
    totp, now = pyotp.TOTP(secret), int(at.timestamp()) // STEP_SECONDS
    found = None
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):  # all of them, so that the time tells nothing
        if hmac.compare_digest(totp.generate_otp(step).encode(), typed.encode()) and step > after:
            found = step
    return found


def _clean(typed: str) -> str:
    return "".join(typed.split()).replace("-", "").upper()


def _fingerprint(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
