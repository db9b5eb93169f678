"""Sign in and out."""

from __future__ import annotations

import logging
import math
import re
from datetime import timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.escalation import audit
from bot.logs import log_event
from bot.staff import accounts, sessions, throttle
from bot.staff.browser import browser, staff_here
from bot.staff.office import now, office

blueprint = Blueprint("sign_in", __name__)
logger = logging.getLogger(__name__)

NOT_RIGHT = "The name or the password is not right."
_GOAL = re.compile(r"/flags/[0-9a-f]{32}")  # the only pages that a sign-in leads back to


@blueprint.get("/sign-in")
def form() -> ResponseReturnValue:
    """Show the form, or the queue to somebody who is signed in."""
    if browser().staff:
        return redirect(url_for("queue.home"), 303)
    notice = "Your session has ended. Sign in again." if "ended" in request.args else ""
    return _page(notice=notice)


@blueprint.post("/sign-in")
def submit() -> ResponseReturnValue:
    """Check name and password and open a session under a new cookie."""
    name, password = request.form.get("name", ""), request.form.get("password", "")
    key, at = office().web_key, now()
    account = throttle.subject_of(key, "account", accounts.clean_name(name))
    address = throttle.subject_of(key, "address", request.remote_addr or "")
    # The try counts as failed before the password is looked at: many at once cannot slip past the count.
    with office().database.write() as session:
        wait = throttle.remaining_wait(session, (account, address), at)
        noted = [] if wait > timedelta(0) else throttle.note_failure(session, (account, address), at)
    if not noted:
        return _ask_to_wait(name, wait)
    with office().database.read() as session:
        staff_id = accounts.account_that_opens(session, name, password)
    if staff_id is None:
        log_event(logger, "staff.sign_in_failed", level=logging.WARNING)
        return _page(name=name, error=NOT_RIGHT), 403
    _let_in(staff_id, account, noted)
    return redirect(_goal() or url_for("queue.home"), 303)


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this session, here and in the browser."""
    staff_id, here, at = staff_here().id, browser(), now()
    with office().database.write() as session:
        sessions.end_session(session, here.token or "")
        audit(session, actor=staff_id, action="staff.sign_out", subject=staff_id, at=at)
    here.is_leaving = True
    log_event(logger, "staff.sign_out", staff=staff_id)
    return redirect(url_for("sign_in.form"), 303)


def _let_in(staff_id: str, account: str, noted: list[int]) -> None:
    here, at = browser(), now()
    with office().database.write() as session:
        throttle.forgive(session, account, noted)
        sessions.end_old_sessions(session, at)
        sessions.end_session(session, here.token or "")
        here.new_token = sessions.start_session(session, staff_id=staff_id, at=at)
        audit(session, actor=staff_id, action="staff.sign_in", subject=staff_id, at=at)
    log_event(logger, "staff.sign_in", staff=staff_id)


def _ask_to_wait(name: str, wait: timedelta) -> ResponseReturnValue:
    seconds = math.ceil(wait.total_seconds())
    log_event(logger, "staff.sign_in_throttled", level=logging.WARNING, wait_seconds=seconds)
    span = f"{seconds} seconds" if seconds < 90 else f"{math.ceil(seconds / 60)} minutes"
    page = _page(name=name, error=f"Too many tries. Wait {span}, then try again. Nothing is locked.")
    return page, 429, {"Retry-After": str(seconds)}


def _goal() -> str | None:
    goal = request.values.get("next", "")
    return goal if _GOAL.fullmatch(goal) else None


def _page(*, name: str = "", error: str = "", notice: str = "") -> str:
    return render_template("staff/sign_in.html", name=name, error=error, notice=notice, goal=_goal())
