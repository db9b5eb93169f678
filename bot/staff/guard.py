"""Stands before every page: who is this, and may he enter."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.staff.browser import browser
from bot.staff.roles import REASONS, STRANGER, may_enter


def refuse_strangers() -> ResponseReturnValue | None:
    """Send strangers to sign in and tell staff without the right role why a page stays closed."""
    if request.endpoint is None:
        return None  # no such page: the answer is 404 or 405 for everybody
    staff = browser().staff
    if may_enter(staff.role if staff else STRANGER, request.endpoint):
        return None
    if staff is None:
        return redirect(_sign_in_address(), 303)
    why = REASONS.get(staff.role, "Your role does not open this page.")
    return render_template("staff/message.html", title="Not open to your role", lines=[why], is_final=True), 403


def _sign_in_address() -> str:
    ended = "1" if browser().token else None
    goal = request.path if request.method == "GET" and request.endpoint == "queue.show" else None
    return url_for("sign_in.form", ended=ended, next=goal)
