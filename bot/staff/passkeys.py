"""Passkeys (WebAuthn): made, asked for, checked and counted.

A passkey answers only on the page of its own name (``STAFF_ORIGIN``), so that no copied page gets anything from it,
and only to whoever unlocked it with finger, face or PIN: that makes it two factors at once. What is kept is its
public key. Each challenge has 32 random bytes, belongs to one browser and one purpose, and is good once.

Source: Web Authentication level 2, sections 7.1 and 7.2.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import webauthn
from sqlalchemy import delete, func, select
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from bot.config import Settings
from bot.errors import BallastError
from bot.escalation import audit
from bot.staff.roles import ISSUER
from bot.storage.columns import new_id
from bot.storage.models import StaffAccount
from bot.storage.passkey_models import StaffChallenge, StaffPasskey

GOOD_FOR = timedelta(minutes=5)
LONGEST_NAME = 40
MOST_PASSKEYS = 10
_CHALLENGE_BYTES = 32


class PasskeyRefusedError(BallastError):
    """What the browser sent is no answer of a passkey of this account to the challenge that is out."""


class PasskeyCopiedError(PasskeyRefusedError):
    """The passkey's counter went back: there may be a copy of it.

    Attributes:
        staff_id: Whose passkey it is.
    """

    def __init__(self, staff_id: str) -> None:
        super().__init__("The counter of this passkey went back.")
        self.staff_id = staff_id


@dataclass(frozen=True)
class Place:
    """Where passkeys work: the name that they are bound to, and the address that the browser must show."""

    name: str
    origin: str


def place_of(settings: Settings) -> Place:
    """Return where this app's passkeys work."""
    origin = settings.staff_origin or f"http://localhost:{settings.staff_port}"
    return Place(urlsplit(origin).hostname or "", origin)


def make_challenge(session: Any, mark: str, at: datetime) -> bytes:
    """Return a new challenge for the browser and purpose that ``mark`` stands for; an earlier one is over."""
    over = (StaffChallenge.id == mark) | (StaffChallenge.made_at <= at - GOOD_FOR)
    session.execute(delete(StaffChallenge).where(over))
    challenge = secrets.token_bytes(_CHALLENGE_BYTES)
    session.add(StaffChallenge(id=mark, challenge=challenge, made_at=at))
    return challenge


def take_challenge(session: Any, mark: str, at: datetime) -> bytes | None:
    """Return the challenge that is out and use it up; None when there is none or it is too old."""
    query = select(StaffChallenge.challenge).filter_by(id=mark).where(StaffChallenge.made_at > at - GOOD_FOR)
    challenge: bytes | None = session.execute(query).scalar()
    gone = session.execute(delete(StaffChallenge).filter_by(id=mark, challenge=challenge))
    return challenge if gone.rowcount == 1 else None


def making_options(session: Any, place: Place, challenge: bytes, *, staff_id: str, name: str) -> str:
    """Return what the browser needs to make a passkey, as JSON. A device that has one already says so."""
    options = webauthn.generate_registration_options(
        rp_id=place.name,
        rp_name=ISSUER,
        user_id=staff_id.encode(),
        user_name=name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=_descriptors(session, staff_id),
    )
    return webauthn.options_to_json(options)


def asking_options(session: Any, place: Place, challenge: bytes, *, staff_id: str | None) -> str:
    """Return what the browser needs to ask for a passkey, as JSON; without an id the device says whose it is."""
    options = webauthn.generate_authentication_options(
        rp_id=place.name,
        challenge=challenge,
        allow_credentials=_descriptors(session, staff_id) if staff_id else [],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def adopt(session: Any, place: Place, answer: str, challenge: bytes, *, staff_id: str, name: str, at: datetime) -> None:
    """Give the account the passkey that the browser has just made.

    Raises:
        PasskeyRefusedError: It is no right answer, is known already, or the account has enough of them.
    """
    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=place.name,
            expected_origin=place.origin,
            require_user_verification=True,
        )
    except Exception as error:
        raise PasskeyRefusedError("This is no passkey that was made here.") from error
    if session.execute(select(StaffPasskey.id).filter_by(credential_id=made.credential_id)).first():
        raise PasskeyRefusedError("This passkey is known already.")
    if count(session, staff_id) >= MOST_PASSKEYS:
        raise PasskeyRefusedError(f"An account has at most {MOST_PASSKEYS} passkeys. Remove one first.")
    row = StaffPasskey(id=new_id(), staff_id=staff_id, name=clean_name(name) or "Passkey", created_at=at)
    row.credential_id, row.public_key, row.sign_count = made.credential_id, made.credential_public_key, made.sign_count
    session.add(row)
    audit(session, actor=staff_id, action="staff.passkey_made", subject=staff_id, at=at)


def check(
    session: Any, place: Place, answer: str, challenge: bytes, *, at: datetime, staff_id: str | None = None
) -> str:
    """Return the id of the open account whose passkey answered, and move its counter on.

    Args:
        session: A writing transaction.
        place: Where it must have answered.
        answer: JSON, as the browser's script sent it.
        challenge: What it had to sign.
        at: When.
        staff_id: The only account whose passkey counts; None where nobody has said yet who he is.

    Raises:
        PasskeyRefusedError: It is no right answer.
        PasskeyCopiedError: Its counter went back.
    """
    row = _row_of(session, answer)
    if row is None or (staff_id or row.staff_id) != row.staff_id:
        raise PasskeyRefusedError("No account here has this passkey.")
    try:
        found = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=place.name,
            expected_origin=place.origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=0,  # the counter is looked at below, to tell a copy from a wrong answer
            require_user_verification=True,
        )
    except Exception as error:
        raise PasskeyRefusedError("This is no answer to what was asked.") from error
    if max(found.new_sign_count, row.sign_count) > 0 and found.new_sign_count <= row.sign_count:
        raise PasskeyCopiedError(row.staff_id)
    row.sign_count, row.used_at = found.new_sign_count, at
    audit(session, actor=row.staff_id, action="staff.passkey_used", subject=row.staff_id, at=at)
    return str(row.staff_id)


def passkeys_of(session: Any, staff_id: str) -> list[StaffPasskey]:
    """Return the passkeys of an account, the oldest first."""
    query = select(StaffPasskey).filter_by(staff_id=staff_id).order_by(StaffPasskey.created_at, StaffPasskey.id)
    return list(session.execute(query).scalars())


def count(session: Any, staff_id: str) -> int:
    """Return how many passkeys an account has."""
    return int(session.execute(select(func.count()).select_from(StaffPasskey).filter_by(staff_id=staff_id)).scalar())


def has_passkey() -> Any:
    """Return the condition that an account has a passkey, for queries over accounts."""
    return select(StaffPasskey.id).where(StaffPasskey.staff_id == StaffAccount.id).exists()


def find(session: Any, staff_id: str, passkey_id: str) -> StaffPasskey | None:
    """Return this passkey if it is this account's."""
    found: StaffPasskey | None = session.execute(
        select(StaffPasskey).filter_by(id=passkey_id, staff_id=staff_id)
    ).scalar()
    return found


def take_away(session: Any, staff_id: str) -> None:
    """Take all passkeys from an account."""
    session.execute(delete(StaffPasskey).filter_by(staff_id=staff_id))


def clean_name(name: str) -> str:
    """Return a passkey's name as it is kept: printable, single spaces, not too long."""
    kept = "".join(character for character in " ".join(name.split()) if character.isprintable())
    return kept[:LONGEST_NAME].strip()


def _row_of(session: Any, answer: str) -> Any:
    """Return the row of the passkey that an answer names, if its account is open and the device names the same."""
    try:
        parsed = json.loads(answer)
        credential_id = base64url_to_bytes(parsed["rawId"])
        handle = parsed["response"].get("userHandle")
        owner = base64url_to_bytes(handle).decode() if handle else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    query = select(StaffPasskey).join(StaffAccount, StaffAccount.id == StaffPasskey.staff_id)
    query = query.where(StaffPasskey.credential_id == credential_id, StaffAccount.disabled_at.is_(None))
    row = session.execute(query).scalar()
    return row if row is not None and owner in (None, row.staff_id) else None


def _descriptors(session: Any, staff_id: str) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=row.credential_id) for row in passkeys_of(session, staff_id)]
