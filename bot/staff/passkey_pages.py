"""Passkeys in the browser: sign in with one, confirm with one, make, rename and remove them."""

from __future__ import annotations

import logging

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.escalation import audit
from bot.logs import log_event
from bot.staff import account, passkeys, second_factor, sessions
from bot.staff import sign_in as sign_in_pages
from bot.staff.agents import browser_words
from bot.staff.browser import browser, staff_here
from bot.staff.factor_door import enter, enter_whole
from bot.staff.goals import goal, goal_or_home
from bot.staff.office import now, office
from bot.staff.passkey_door import ENTER, FACTOR, MAKE, ask_anybody, ask_to_make, place, take_challenge, try_passkey
from bot.staff.passkeys import PasskeyRefusedError
from bot.staff.roles import NEW
from bot.storage.passkey_models import StaffPasskey

blueprint = Blueprint("passkeys", __name__)
logger = logging.getLogger(__name__)

NOT_MADE = "No passkey was made. Load the page again and repeat it."
LAST = "This is your only second factor. Make another passkey or set up an authenticator first. Nothing was removed."


@blueprint.get("/sign-in/passkey")
def form() -> ResponseReturnValue:
    """Ask for a passkey, without name and password."""
    staff = browser().staff
    return redirect(url_for("queue.home"), 303) if staff and staff.is_inside else _sign_in_page()


@blueprint.post("/sign-in/passkey")
def sign_in() -> ResponseReturnValue:
    """Check it and open the session under a new cookie."""
    shown, at = try_passkey(ENTER, None), now()
    if shown.staff_id is None:
        return _sign_in_page(error=shown.error), shown.status, shown.headers
    enter_whole(shown.staff_id, at, at)
    return redirect(goal_or_home(), 303)


@blueprint.post("/sign-in/code/passkey")
def second() -> ResponseReturnValue:
    """Take a passkey as second factor after the password."""
    staff, at = staff_here(), now()
    shown = try_passkey(FACTOR, staff.id)
    if shown.staff_id is None:
        return sign_in_pages.code_page(error=shown.error), shown.status, shown.headers
    enter(staff, at)
    return redirect(goal_or_home(), 303)


@blueprint.post("/account/confirm/passkey")
def confirm() -> ResponseReturnValue:
    """Take a passkey where the second factor is wanted once more."""
    staff, at = staff_here(), now()
    shown = try_passkey(FACTOR, staff.id)
    if shown.staff_id is None:
        return account.confirm_page(error=shown.error), shown.status, shown.headers
    with office().database.write() as session:
        sessions.confirm(session, staff.session_id, at)
        audit(session, actor=staff.id, action="staff.confirm", subject=staff.id, at=at)
    return redirect(goal_or_home(), 303)


@blueprint.get("/account/passkeys")
def new() -> ResponseReturnValue:
    """Offer to make a passkey."""
    return _making_page()


@blueprint.post("/account/passkeys")
def adopt() -> ResponseReturnValue:
    """Take the new passkey; whoever had no second factor yet is in with it and gets his recovery codes."""
    staff, at = staff_here(), now()
    challenge, codes = take_challenge(MAKE), None
    try:
        if challenge is None:
            raise PasskeyRefusedError(NOT_MADE)
        with office().database.write() as session:
            name, answer = request.form.get("name", ""), request.form.get("credential", "")
            passkeys.adopt(session, place(), answer, challenge, staff_id=staff.id, name=name, at=at)
            if staff.standing == NEW:
                codes = second_factor.make_recovery_codes(session, staff.id, at)
    except PasskeyRefusedError as error:
        return _making_page(error=str(error)), 422
    log_event(logger, "staff.passkey_made", staff=staff.id)
    if codes is None:
        return redirect(url_for("account.index"), 303)
    enter(staff, at)
    return account.codes_page(codes)


@blueprint.post("/account/passkeys/<row_id:passkey_id>/rename")
def rename(passkey_id: str) -> ResponseReturnValue:
    """Give a passkey another name."""
    staff, at, name = staff_here(), now(), passkeys.clean_name(request.form.get("name", ""))
    with office().database.write() as session:
        row = _find(session, passkey_id)
        if not name:
            abort(400)
        row.name = name
        audit(session, actor=staff.id, action="staff.passkey_renamed", subject=staff.id, at=at)
    return redirect(url_for("account.index"), 303)


@blueprint.post("/account/passkeys/<row_id:passkey_id>/remove")
def remove(passkey_id: str) -> ResponseReturnValue:
    """Remove a passkey, and sign out everywhere else: it may be in somebody else's hands."""
    staff, at = staff_here(), now()
    with office().database.write() as session:
        row = _find(session, passkey_id)
        if not second_factor.has_authenticator(session, staff.id) and passkeys.count(session, staff.id) == 1:
            return render_template("staff/message.html", title="Not removed", lines=[LAST]), 409
        session.delete(row)
        sessions.end_sessions_of(session, staff.id, but=staff.session_id)
        audit(session, actor=staff.id, action="staff.passkey_removed", subject=staff.id, at=at)
    log_event(logger, "staff.passkey_removed", staff=staff.id)
    return redirect(url_for("account.index"), 303)


@blueprint.get("/account/passkeys/<row_id:passkey_id>/<any(rename, remove):step>")
def back(passkey_id: str, step: str) -> ResponseReturnValue:  # noqa: ARG001 - part of the address only
    """Lead back to the account when somebody loads the address of one of its forms."""
    return redirect(url_for("account.index"), 303)


def _find(session: object, passkey_id: str) -> StaffPasskey:
    row = passkeys.find(session, staff_here().id, passkey_id)
    if row is None:
        abort(404)
    return row


def _sign_in_page(*, error: str = "") -> str:
    return render_template("staff/passkey_sign_in.html", error=error, goal=goal(), asked=ask_anybody())


def _making_page(*, error: str = "") -> str:
    name = browser_words(request.user_agent.string)
    return render_template(
        "staff/passkey_new.html", error=error, asked=ask_to_make(), name=name, longest=passkeys.LONGEST_NAME
    )
