"""Where a one-time link leads: choose a password, the first one also a name, then set up the authenticator."""

from __future__ import annotations

import logging

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.logs import log_event
from bot.staff import links
from bot.staff.accounts import AccountError
from bot.staff.factor_door import enter_half
from bot.staff.links import Invited, LinkOverError
from bot.staff.office import now, office

blueprint = Blueprint("welcome", __name__)
logger = logging.getLogger(__name__)

DIFFERENT = "The two passwords differ. Nothing was saved."


@blueprint.get("/welcome/<token>")
def form(token: str) -> ResponseReturnValue:
    """Show the form that the link is for."""
    return _page(_invited(token))


@blueprint.post("/welcome/<token>")
def submit(token: str) -> ResponseReturnValue:
    """Set the password and lead on to the authenticator."""
    invited, at = _invited(token), now()
    name, password = request.form.get("name", ""), request.form.get("password", "")
    if password != request.form.get("again", ""):
        return _page(invited, error=DIFFERENT), 422
    try:
        with office().database.write() as session:
            staff_id = links.use_link(session, office().web_key, token, name=name, password=password, at=at)
            enter_half(session, staff_id, at)
    except LinkOverError:
        abort(404)
    except AccountError as error:
        return _page(invited, error=str(error)), 422
    log_event(logger, "staff.link_used", staff=staff_id)
    return redirect(url_for("account.authenticator"), 303)


def _invited(token: str) -> Invited:
    with office().database.read() as session:
        invited = links.invited_by(session, office().web_key, token, now())
    if invited is None:
        abort(404)
    return invited


def _page(invited: Invited, *, error: str = "") -> str:
    typed = request.form.get("name", "")
    return render_template("staff/welcome.html", invited=invited, name=invited.name or typed, error=error)
