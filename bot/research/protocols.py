"""What researchers may have: protocols, and whose consent a protocol reaches.

A man's yes counts for a protocol while it is the newest answer to the wording that the protocol names, and no older
than the protocol's days. A protocol counts until it expires or is closed, and only while men read that wording.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot.consent import RESEARCH, VERSIONS, has_given
from bot.errors import BallastError
from bot.escalation import audit
from bot.storage.models import Consent, Person, ResearchProtocol

LONGEST_REASON = 64  # what one column of a job or a protocol holds, in characters
CONSENT_DAYS = (
    730  # a yes is asked anew after two years of silence, when the man himself is erased (RETENTION_SILENT_DAYS)
)


class ProtocolError(BallastError):
    """A protocol is unknown, expired, closed, for another purpose, or cannot be registered as it is written."""


def register_protocol(
    session: Any,
    name: str,
    *,
    purpose: str,
    expires_at: datetime,
    by: str,
    at: datetime,
    consent_days: int = CONSENT_DAYS,
) -> None:
    """Write a protocol down, under the wording of consent that men read now.

    Args:
        session: The transaction.
        name: What the ethics board or the clinic calls it, up to 64 characters.
        purpose: What its data may be used for, up to 64 characters.
        expires_at: No export begins from this moment on.
        by: Who registers it; kept in the audit.
        at: Now.
        consent_days: How many days a man's yes counts.

    Raises:
        ProtocolError: The name is taken, something is missing or too long, or it would have expired already.
    """
    check_lengths(name=name, purpose=purpose, registrant=by)
    if expires_at <= at or consent_days < 1:
        raise ProtocolError("A protocol needs a day of expiry that lies ahead and consents that count a day or more.")
    if session.get(ResearchProtocol, name) is not None:
        raise ProtocolError(
            f"The protocol {name} is registered already. Close it and register the new one by another name."
        )
    row = ResearchProtocol(name=name, purpose=purpose, wording=VERSIONS[RESEARCH], consent_days=consent_days)
    row.registered_by, row.registered_at, row.expires_at = by, at, expires_at
    session.add(row)
    audit(session, actor=by, action="research.protocol.register", subject=name, at=at)


def close_protocol(session: Any, name: str, *, by: str, at: datetime) -> None:
    """End a protocol: no export under it begins any more.

    Raises:
        ProtocolError: It is unknown or closed already.
    """
    check_lengths(closer=by)
    row = _found(session, name)
    if row.closed_at is not None:
        raise ProtocolError(f"The protocol {name} is closed already.")
    row.closed_at = at
    audit(session, actor=by, action="research.protocol.close", subject=name, at=at)


def valid_protocol(session: Any, name: str, *, at: datetime) -> Any:
    """Return a protocol under which an export may run now.

    Raises:
        ProtocolError: It is unknown, expired, closed, or its men were asked in other words than men read now.
    """
    row = _found(session, name)
    if row.closed_at is not None:
        raise ProtocolError(f"The protocol {name} is closed.")
    if row.expires_at <= at:
        raise ProtocolError(f"The protocol {name} expired on {row.expires_at.date()}. Register what has replaced it.")
    if row.wording != VERSIONS[RESEARCH]:
        raise ProtocolError(f"Men read another wording of consent now than under {name}. Register a protocol for it.")
    return row


def has_agreed(session: Any, person_id: str, protocol: ResearchProtocol, *, at: datetime) -> bool:
    """Return whether his newest answer to the protocol's wording is a yes that still counts."""
    query = select(Consent.given, Consent.at).filter_by(person_id=person_id, kind=RESEARCH, version=protocol.wording)
    answer = session.execute(query.order_by(Consent.seq.desc()).limit(1)).one_or_none()
    return answer is not None and answer.given and at < answer.at + timedelta(days=protocol.consent_days)


def agreeing_men(session: Any, protocol: ResearchProtocol, *, at: datetime) -> list[str]:
    """Return the store's pseudonyms of all men whose consent a protocol reaches."""
    return [person_id for person_id in _asked(session) if has_agreed(session, person_id, protocol, at=at)]


def consenting_men(session: Any) -> list[str]:
    """Return the store's pseudonyms of all men with a current consent, whatever a protocol makes of its age."""
    return [person_id for person_id in _asked(session) if has_given(session, person_id, RESEARCH)]


def men_who_took_it_back(session: Any) -> list[str]:
    """Return the men whose newest answer about research is a no, and those who were erased with their answers.

    An answer that grew old, or a new wording, is no withdrawal.
    """
    answers = select(Consent.person_id, Consent.given).filter_by(kind=RESEARCH).order_by(Consent.seq)
    newest = {person_id: given for person_id, given in session.execute(answers)}  # noqa: C416 - rows are no pairs
    everybody = session.execute(select(Person.id)).scalars()
    return [person_id for person_id in everybody if not newest.get(person_id, False)]


def check_lengths(**reasons: str) -> None:
    """Refuse what the audit could not hold.

    Raises:
        ProtocolError: A value is blank or longer than 64 characters.
    """
    for name, value in reasons.items():
        if not value.strip() or len(value) > LONGEST_REASON:
            raise ProtocolError(f"The {name} takes 1 to {LONGEST_REASON} characters; it is kept in the audit.")


def _asked(session: Any) -> list[str]:
    query = select(Consent.person_id).filter_by(kind=RESEARCH).distinct()
    return list(session.execute(query).scalars())


def _found(session: Any, name: str) -> Any:
    row = session.get(ResearchProtocol, name)
    if row is None:
        raise ProtocolError(f"No protocol is called {name}. Register it with `ballast research protocol add`.")
    return row
