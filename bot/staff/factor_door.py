"""Take a second factor from a form, with the same growing delay as passwords, and open the session for good."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import request

from bot.escalation import audit
from bot.logs import log_event
from bot.staff import second_factor, sessions, throttle
from bot.staff.agents import browser_words
from bot.staff.browser import browser
from bot.staff.office import now, office
from bot.staff.sessions import Staff

logger = logging.getLogger(__name__)

NOT_RIGHT = "This code is not right, or it was used already. Wait for the next one and try again."


@dataclass(frozen=True)
class Tried:
    """What came of a typed code: which factor it was, or what to say instead."""

    factor: second_factor.Factor | None
    error: str = ""
    status: int = 403
    headers: Mapping[str, str] = field(default_factory=dict)


def try_factor(staff_id: str, typed: str) -> Tried:
    """Check a typed code and use it up. Failures are counted for the account and for the address."""
    key, at = office().web_key, now()
    account = throttle.subject_of(key, "code", staff_id)
    address = throttle.subject_of(key, "address", request.remote_addr or "")
    # One transaction: of many tries at once each is counted before the next is looked at.
    with office().database.write() as session:
        wait = throttle.remaining_wait(session, (account, address), at)
        if wait > timedelta(0):
            return Tried(None, throttle.wait_words(wait), 429, throttle.retry_header(wait))
        noted = throttle.note_failure(session, (account, address), at)
        factor = second_factor.check(session, key, staff_id=staff_id, typed=typed, at=at)
        if factor is not None:
            throttle.forgive(session, account, noted)
        if factor == "recovery":
            audit(session, actor=staff_id, action="staff.recovery_used", subject=staff_id, at=at)
    if factor is None:
        log_event(logger, "staff.code_failed", level=logging.WARNING, staff=staff_id)
        return Tried(None, NOT_RIGHT)
    return Tried(factor)


def enter_half(session: Any, staff_id: str, at: datetime) -> None:
    """Open a session that leads to the second factor and nowhere else, in the caller's transaction."""
    here = browser()
    sessions.end_old_sessions(session, at)
    sessions.end_session(session, here.token or "")
    words = browser_words(request.user_agent.string)
    here.renew(sessions.start_session(session, staff_id=staff_id, at=at, browser=words))
    audit(session, actor=staff_id, action="staff.password", subject=staff_id, at=at)


def enter(staff: Staff, at: datetime) -> None:
    """Replace the half-open session by one that opens the app, under a new cookie."""
    enter_whole(staff.id, staff.since, at)


def enter_whole(staff_id: str, since: datetime, at: datetime) -> None:
    """Open a session that opens the app, under a new cookie; its twelve hours count from ``since``."""
    here = browser()
    with office().database.write() as session:
        sessions.end_old_sessions(session, at)
        sessions.end_session(session, here.token or "")
        words = browser_words(request.user_agent.string)
        token = sessions.start_session(session, staff_id=staff_id, at=since, confirmed_at=at, browser=words)
        audit(session, actor=staff_id, action="staff.sign_in", subject=staff_id, at=at)
    here.renew(token)
    log_event(logger, "staff.sign_in", staff=staff_id)
