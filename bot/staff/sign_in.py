"""Sign in, with a password and then a second factor, and out."""

from __future__ import annotations

import logging
from datetime import timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.escalation import audit
from bot.logs import log_event
from bot.staff import accounts, sessions, throttle
from bot.staff.browser import browser, staff_here
from bot.staff.factor_door import enter, enter_half, try_factor
from bot.staff.goals import goal, goal_or_home
from bot.staff.office import now, office
from bot.staff.passkey_door import ask_for_factor

blueprint = Blueprint("sign_in", __name__)
logger = logging.getLogger(__name__)

NOT_RIGHT = "The name or the password is not right."


@blueprint.get("/sign-in")
def form() -> ResponseReturnValue:
    """Show the form, or the queue to somebody who is signed in."""
    staff = browser().staff
    if staff and staff.is_inside:
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
        return _page(name=name, error=throttle.wait_words(wait)), 429, throttle.retry_header(wait)
    with office().database.read() as session:
        staff_id = accounts.account_that_opens(session, name, password)
    if staff_id is None:
        log_event(logger, "staff.sign_in_failed", level=logging.WARNING)
        return _page(name=name, error=NOT_RIGHT), 403
    with office().database.write() as session:
        throttle.forgive(session, account, noted)
        enter_half(session, staff_id, at)
    log_event(logger, "staff.password_right", staff=staff_id)
    return redirect(url_for("sign_in.code", next=goal()), 303)


@blueprint.get("/sign-in/code")
def code() -> ResponseReturnValue:
    """Ask for the second factor."""
    return code_page()


@blueprint.post("/sign-in/code")
def check_code() -> ResponseReturnValue:
    """Check the second factor and open the session under a new cookie."""
    staff, at = staff_here(), now()
    tried = try_factor(staff.id, request.form.get("code", ""))
    if tried.factor is None:
        return code_page(error=tried.error), tried.status, tried.headers
    enter(staff, at)
    return redirect(goal_or_home(), 303)


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


def _page(*, name: str = "", error: str = "", notice: str = "") -> str:
    with office().database.read() as session:
        is_empty = not accounts.has_any(session)
    return render_template(
        "staff/sign_in.html", name=name, error=error, notice=notice, goal=goal(), has_no_account=is_empty
    )


def code_page(*, error: str = "") -> str:
    """Return the page that asks for the second factor."""
    return render_template("staff/code.html", error=error, goal=goal(), is_sign_in=True, asked=ask_for_factor())
