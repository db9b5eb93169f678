"""One's own account: authenticator, recovery codes, password, and where one is signed in."""

from __future__ import annotations

import logging
import re
from datetime import timedelta

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from bot.escalation import audit
from bot.logs import log_event
from bot.staff import accounts, passkeys, second_factor, sessions, throttle
from bot.staff.browser import browser, staff_here
from bot.staff.factor_door import enter, try_factor
from bot.staff.goals import goal, goal_or_home
from bot.staff.office import now, office
from bot.staff.passkey_door import ask_for_factor

blueprint = Blueprint("account", __name__, url_prefix="/account")
logger = logging.getLogger(__name__)

_SESSION = re.compile(r"[0-9a-f]{64}")

WRONG_CODE = "This code does not fit. Check that the phone's clock is right, wait for the next code and type it in."
WRONG_PASSWORD = "The present password is not right."  # noqa: S105 - what we say about one
DIFFERENT = "The two new passwords differ. Nothing was saved."


@blueprint.get("")
def index() -> ResponseReturnValue:
    """Show the account: its factors, and where it is signed in."""
    staff, at = staff_here(), now()
    with office().database.read() as session:
        page = {
            "codes_left": second_factor.count_recovery_codes(session, staff.id),
            "has_authenticator": second_factor.has_authenticator(session, staff.id),
            "passkeys": passkeys.passkeys_of(session, staff.id),
            "own_sessions": sessions.sessions_of(session, staff, at),
        }
    return render_template(
        "staff/account.html", **page, is_changed="changed" in request.args, longest=passkeys.LONGEST_NAME
    )


@blueprint.get("/awake")
def awake() -> ResponseReturnValue:
    """Keep the session open; that it was asked for is enough."""
    lines = ["Close this tab and go on where you were. What you typed there is still there."]
    return render_template("staff/message.html", title="You stay signed in", lines=lines, is_final=True)


@blueprint.get("/authenticator")
def authenticator() -> ResponseReturnValue:
    """Show the QR code of a new authenticator."""
    return _authenticator_page()


@blueprint.post("/authenticator")
def adopt() -> ResponseReturnValue:
    """Take the new authenticator if it shows the right code, and show the recovery codes once."""
    staff, at, key = staff_here(), now(), office().web_key
    limit = throttle.subject_of(key, "code", staff.id)
    with office().database.write() as session:
        wait = throttle.remaining_wait(session, (limit,), at)
        noted = [] if wait > timedelta(0) else throttle.note_failure(session, (limit,), at)
        codes = None
        if noted:
            codes = second_factor.adopt(
                session, key, staff_id=staff.id, nonce=_nonce(), typed=request.form.get("code", ""), at=at
            )
        if codes is not None:
            throttle.forgive(session, limit, noted)
            sessions.end_sessions_of(session, staff.id, but=staff.session_id)
            audit(session, actor=staff.id, action="staff.authenticator", subject=staff.id, at=at)
    if not noted:
        return _authenticator_page(error=throttle.wait_words(wait)), 429, throttle.retry_header(wait)
    if codes is None:
        return _authenticator_page(error=WRONG_CODE), 422
    log_event(logger, "staff.authenticator", staff=staff.id)
    enter(staff, at)  # under a new cookie: the next authenticator set up here gets another secret
    return codes_page(codes)


@blueprint.post("/recovery")
def recovery() -> ResponseReturnValue:
    """Make new recovery codes and show them once."""
    staff, at = staff_here(), now()
    with office().database.write() as session:
        codes = second_factor.make_recovery_codes(session, staff.id, at)
        audit(session, actor=staff.id, action="staff.recovery_made", subject=staff.id, at=at)
    log_event(logger, "staff.recovery_made", staff=staff.id)
    return codes_page(codes)


@blueprint.get("/confirm")
def confirm() -> ResponseReturnValue:
    """Ask for the second factor once more."""
    return confirm_page()


@blueprint.post("/confirm")
def check() -> ResponseReturnValue:
    """Check it, and lead on to what wanted it."""
    staff, at = staff_here(), now()
    tried = try_factor(staff.id, request.form.get("code", ""))
    if tried.factor is None:
        return confirm_page(error=tried.error), tried.status, tried.headers
    with office().database.write() as session:
        sessions.confirm(session, staff.session_id, at)
        audit(session, actor=staff.id, action="staff.confirm", subject=staff.id, at=at)
    return redirect(goal_or_home(), 303)


@blueprint.get("/password")
def password() -> ResponseReturnValue:
    """Show the form for a new password."""
    return render_template("staff/password.html", error="")


@blueprint.post("/password")
def change_password() -> ResponseReturnValue:
    """Set a new password, and sign out everywhere else."""
    staff, at = staff_here(), now()
    present, new = request.form.get("present", ""), request.form.get("new", "")
    limit = throttle.subject_of(office().web_key, "account", staff.name)
    with office().database.write() as session:
        wait = throttle.remaining_wait(session, (limit,), at)
        noted = [] if wait > timedelta(0) else throttle.note_failure(session, (limit,), at)
    if not noted:
        return _password_page(throttle.wait_words(wait)), 429, throttle.retry_header(wait)
    with office().database.read() as session:
        is_right = accounts.account_that_opens(session, staff.name, present) == staff.id
    if not is_right:
        return _password_page(WRONG_PASSWORD), 403
    if new != request.form.get("again", ""):
        return _password_page(DIFFERENT), 422
    try:
        with office().database.write() as session:
            throttle.forgive(session, limit, noted)
            accounts.set_password(session, staff.id, new, actor=staff.id, at=at)
            sessions.end_sessions_of(session, staff.id, but=staff.session_id)
    except accounts.AccountError as error:
        return _password_page(str(error)), 422
    log_event(logger, "staff.password_changed", staff=staff.id)
    return redirect(url_for("account.index", changed=1), 303)


@blueprint.post("/sessions/end")
def end_session() -> ResponseReturnValue:
    """Sign out in one other browser."""
    staff, at, named = staff_here(), now(), request.form.get("session", "")
    if not _SESSION.fullmatch(named):
        abort(400)
    with office().database.write() as session:
        if sessions.end_sessions_of(session, staff.id, only=named):
            audit(session, actor=staff.id, action="staff.end_session", subject=staff.id, at=at)
    return redirect(url_for("account.index"), 303)


@blueprint.post("/sessions/end-all")
def end_sessions() -> ResponseReturnValue:
    """Sign out everywhere, here too."""
    staff, at = staff_here(), now()
    with office().database.write() as session:
        sessions.end_sessions_of(session, staff.id)
        audit(session, actor=staff.id, action="staff.end_sessions", subject=staff.id, at=at)
    browser().is_leaving = True
    log_event(logger, "staff.end_sessions", staff=staff.id)
    return redirect(url_for("sign_in.form"), 303)


def _nonce() -> str:
    return second_factor.nonce_of(office().web_key, staff_here().session_id)


def _authenticator_page(*, error: str = "") -> str:
    staff = staff_here()
    secret = second_factor.secret_of(office().web_key, staff.id, _nonce())
    picture = Markup(second_factor.picture_of(secret, staff.name))  # noqa: S704 - segno escapes what it draws
    return render_template(
        "staff/authenticator.html", error=error, goal=goal(), picture=picture, secret=second_factor.in_groups(secret)
    )


def codes_page(codes: list[str]) -> str:
    """Return the page that shows new recovery codes once."""
    return render_template(
        "staff/recovery.html", codes=[second_factor.in_groups(code) for code in codes], onward=goal_or_home()
    )


def confirm_page(*, error: str = "") -> str:
    """Return the page that asks for the second factor once more."""
    return render_template("staff/code.html", error=error, goal=goal(), is_sign_in=False, asked=ask_for_factor())


def _password_page(error: str) -> str:
    return render_template("staff/password.html", error=error)
