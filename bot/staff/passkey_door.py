"""Ask a browser for a passkey and take its answer, with the same growing delay as codes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from flask import request

from bot.escalation import audit
from bot.logs import log_event
from bot.staff import passkeys, throttle
from bot.staff.browser import browser, staff_here
from bot.staff.office import now, office
from bot.staff.passkeys import PasskeyCopiedError, PasskeyRefusedError, Place

logger = logging.getLogger(__name__)

ENTER, FACTOR, MAKE = "enter", "factor", "make"  # what a challenge is for; none counts for another
REFUSED = "This passkey was not accepted. Load the page again, or use your code."
COPIED = "This passkey was used elsewhere in between and is not accepted. Use your code, and tell your lead."


@dataclass(frozen=True)
class Asked:
    """What a page needs to ask for a passkey: options for the browser, or the address where passkeys work."""

    options: str = ""
    elsewhere: str = ""


@dataclass(frozen=True)
class Shown:
    """What came of an answer: whose passkey it was, or what to say instead."""

    staff_id: str | None
    error: str = ""
    status: int = 403
    headers: Mapping[str, str] = field(default_factory=dict)


def place() -> Place:
    """Return where this app's passkeys work."""
    return passkeys.place_of(office().settings)


def ask_anybody() -> Asked:
    """Ask for a passkey before anybody has said who he is."""
    return _ask(ENTER, None)


def ask_for_factor() -> Asked | None:
    """Ask for a passkey of whoever gave his password; None when he has none."""
    staff_id = staff_here().id
    with office().database.read() as session:
        has_one = passkeys.count(session, staff_id) > 0
    return _ask(FACTOR, staff_id) if has_one else None


def ask_to_make() -> Asked:
    """Ask the browser to make a passkey for whoever is here."""
    if not _is_here():
        return Asked(elsewhere=place().origin)
    staff = staff_here()
    with office().database.write() as session:
        challenge = passkeys.make_challenge(session, browser().mark(MAKE), now())
        options = passkeys.making_options(session, place(), challenge, staff_id=staff.id, name=staff.name)
    return Asked(options)


def take_challenge(purpose: str) -> bytes | None:
    """Return the challenge that this browser got for a purpose and use it up, whatever comes of the answer."""
    with office().database.write() as session:
        return passkeys.take_challenge(session, browser().mark(purpose), now())


def try_passkey(purpose: str, staff_id: str | None) -> Shown:
    """Check the answer in the form. Failures are counted for the address, and for the account where one is known."""
    at, key = now(), office().web_key
    address = throttle.subject_of(key, "address", request.remote_addr or "")
    account = throttle.subject_of(key, "code", staff_id) if staff_id else ""
    limits = (account, address) if account else (address,)
    with office().database.write() as session:
        wait = throttle.remaining_wait(session, limits, at)
        noted = [] if wait > timedelta(0) else throttle.note_failure(session, limits, at)
    if not noted:
        return Shown(None, throttle.wait_words(wait), 429, throttle.retry_header(wait))
    challenge = take_challenge(purpose)
    try:
        if challenge is None:
            raise PasskeyRefusedError("No challenge is out for this browser.")
        with office().database.write() as session:
            found = passkeys.check(session, place(), _answer(), challenge, at=at, staff_id=staff_id)
            throttle.forgive(session, account, noted)
    except PasskeyRefusedError as error:
        return _refusal(error)
    return Shown(found)


def _refusal(error: PasskeyRefusedError) -> Shown:
    log_event(logger, "staff.passkey_failed", level=logging.WARNING, error=type(error).__name__)
    if not isinstance(error, PasskeyCopiedError):
        return Shown(None, REFUSED)
    with office().database.write() as session:
        audit(session, actor=error.staff_id, action="staff.passkey_copied", subject=error.staff_id, at=now())
    return Shown(None, COPIED)


def _ask(purpose: str, staff_id: str | None) -> Asked:
    if not _is_here():
        return Asked(elsewhere=place().origin)
    with office().database.write() as session:
        challenge = passkeys.make_challenge(session, browser().mark(purpose), now())
        return Asked(passkeys.asking_options(session, place(), challenge, staff_id=staff_id))


def _is_here() -> bool:
    return request.host_url.rstrip("/") == place().origin


def _answer() -> str:
    return request.form.get("credential", "")
