"""The accounts of everybody: leads and administrators add people, change their roles, close and reopen accounts."""

from __future__ import annotations

import logging
from urllib.parse import urljoin

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.logs import log_event
from bot.staff import accounts, links, sessions
from bot.staff.browser import staff_here
from bot.staff.office import now, office
from bot.staff.roles import ROLES

blueprint = Blueprint("people", __name__, url_prefix="/people")
logger = logging.getLogger(__name__)

NOT_ONESELF = "Your own account is changed by another lead or administrator."


@blueprint.get("")
def index() -> ResponseReturnValue:
    """List the accounts."""
    return _page()


@blueprint.post("/add")
def add() -> ResponseReturnValue:
    """Make an account and show the link with which its owner sets his password."""
    staff, at = staff_here(), now()
    name, role = request.form.get("name", ""), request.form.get("role", "")
    try:
        with office().database.write() as session:
            staff_id = accounts.create_account(session, name=name, role=role, password=None, actor=staff.id, at=at)
            token = links.make_link(session, staff_id, actor=staff.id, at=at)
    except accounts.AccountError as error:
        return _page(error=str(error), name=name), 422
    log_event(logger, "staff.account_made", staff=staff_id, role=role)
    return _link_page(accounts.clean_name(name), token)


@blueprint.post("/<row_id:staff_id>/link")
def link(staff_id: str) -> ResponseReturnValue:
    """Show a new link for somebody who lost his password or his authenticator."""
    staff, at = staff_here(), now()
    name = _other(staff_id).name
    with office().database.write() as session:
        token = links.make_link(session, staff_id, actor=staff.id, at=at)
    log_event(logger, "staff.link_made", staff=staff_id)
    return _link_page(name, token)


@blueprint.post("/<row_id:staff_id>/role")
def role(staff_id: str) -> ResponseReturnValue:
    """Give somebody another role; it counts with his next page."""
    staff, at, wanted = staff_here(), now(), request.form.get("role", "")
    _other(staff_id)
    if wanted not in ROLES:
        abort(400)
    with office().database.write() as session:
        accounts.set_role(session, staff_id, wanted, actor=staff.id, at=at)
    log_event(logger, "staff.role_changed", staff=staff_id, role=wanted)
    return redirect(url_for("people.index"), 303)


@blueprint.post("/<row_id:staff_id>/close")
def close(staff_id: str) -> ResponseReturnValue:
    """Close an account and end its sessions."""
    staff, at = staff_here(), now()
    _other(staff_id)
    with office().database.write() as session:
        accounts.close_account(session, staff_id, actor=staff.id, at=at)
        sessions.end_sessions_of(session, staff_id)
    log_event(logger, "staff.account_closed", staff=staff_id)
    return redirect(url_for("people.index"), 303)


@blueprint.post("/<row_id:staff_id>/reopen")
def reopen(staff_id: str) -> ResponseReturnValue:
    """Open a closed account again."""
    staff, at = staff_here(), now()
    _other(staff_id)
    with office().database.write() as session:
        accounts.reopen_account(session, staff_id, actor=staff.id, at=at)
    log_event(logger, "staff.account_reopened", staff=staff_id)
    return redirect(url_for("people.index"), 303)


@blueprint.get("/<row_id:staff_id>/<any(link, role, close, reopen):step>")
def back(staff_id: str, step: str) -> ResponseReturnValue:  # noqa: ARG001 - part of the address only
    """Lead back to the list when somebody loads the address of one of its forms."""
    return redirect(url_for("people.index"), 303)


def _other(staff_id: str) -> accounts.Account:
    """Return an account that is not the reader's own: nobody locks himself out or raises his own role."""
    if staff_id == staff_here().id:
        abort(403, NOT_ONESELF)
    with office().database.read() as session:
        account = accounts.find_account(session, staff_id)
    if account is None:
        abort(404)
    return account


def _page(*, error: str = "", name: str = "") -> str:
    with office().database.read() as session:
        everybody = accounts.all_accounts(session)
    return render_template("staff/people.html", everybody=everybody, roles=ROLES, error=error, name=name)


def _link_page(name: str, token: str) -> str:
    address = urljoin(request.host_url, links.path_of(token))
    audience = {"name": name, "address": address, "hours": int(links.GOOD_FOR.total_seconds()) // 3600}
    return render_template("staff/link.html", **audience)
