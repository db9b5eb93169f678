"""Stands before every page: who is this, and may he enter."""

from __future__ import annotations

import logging

from flask import current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.logs import log_event
from bot.staff.browser import browser
from bot.staff.goals import goal
from bot.staff.office import now
from bot.staff.roles import BY_ITSELF, HALF, NEW, REASONS, STEP_UP, STRANGER, may_enter

STOP_ASKING = 286  # htmx takes what is in the answer and asks no more
logger = logging.getLogger(__name__)

_NEXT_STEP = {HALF: "sign_in.code", NEW: "account.authenticator"}


def refuse_strangers() -> ResponseReturnValue | None:
    """Send strangers to sign in and tell staff without the right role why a page stays closed."""
    if request.endpoint is None:
        return None  # no such page: the answer is 404 or 405 for everybody
    staff = browser().staff
    standing = staff.standing if staff else STRANGER
    if may_enter(standing, request.endpoint):
        return None
    if staff is None and request.endpoint in BY_ITSELF:
        return render_template("staff/gone.html"), STOP_ASKING
    if staff is None:
        return redirect(_sign_in_address(), 303)
    if standing in _NEXT_STEP:
        return redirect(url_for(_NEXT_STEP[standing], next=_wanted()), 303)
    log_event(logger, "staff.refused", level=logging.WARNING, staff=staff.id, page=request.endpoint)
    why = REASONS.get(staff.role, "Your role does not open this page.")
    return render_template("staff/message.html", title="Not open to your role", lines=[why], is_final=True), 403


def ask_again() -> ResponseReturnValue | None:
    """Ask for the second factor anew before what could lock somebody out or open who a man is."""
    back, staff = STEP_UP.get(request.endpoint or ""), browser().staff
    if back is None or staff is None or not staff.is_inside or staff.is_confirmed(now()):
        return None
    return redirect(url_for("account.confirm", next=_address_of(back)), 303)


def _address_of(endpoint: str) -> str:
    """Return the address of a page that is about the same row as this request, if it is about one."""
    (rule,) = current_app.url_map.iter_rules(endpoint)
    given = {name: value for name, value in (request.view_args or {}).items() if name in rule.arguments}
    return url_for(endpoint, **given)


def _sign_in_address() -> str:
    ended = "1" if browser().token else None
    return url_for("sign_in.form", ended=ended, next=_wanted())


def _wanted() -> str | None:
    return request.path if request.method == "GET" and request.endpoint in ("flag.show", "alerts.show") else goal()
