"""What a lead wants to know: were the clocks kept, and who looked at whom."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from bot.escalation import audit
from bot.staff import figures, phrases
from bot.staff.browser import staff_here
from bot.staff.office import now, office

blueprint = Blueprint("report", __name__, url_prefix="/report")

SPANS = (7, 30, 90)  # days
USUAL_SPAN = 30


@blueprint.get("")
def index() -> ResponseReturnValue:
    """Show clocks and medians of each level."""
    at, days = now(), days_asked()
    with office().database.read() as session:
        levels = figures.figures_since(session, at - timedelta(days=days), at)
    return render_template("staff/report.html", levels=levels, days=days, spans=SPANS, at=at, words=phrases.LEVELS)


@blueprint.get("/looks")
def looks() -> ResponseReturnValue:
    """Show who opened flags of which man; that this was looked up is written down too."""
    at, days, staff = now(), days_asked(), staff_here()
    with office().database.write() as session:
        audit(session, actor=staff.id, action="report.looks", subject=staff.id, at=at)
        found = figures.looks_since(session, at - timedelta(days=days))
    most = figures.VIEWS_SHOWN
    return render_template("staff/looks.html", looks=found, days=days, spans=SPANS, at=at, most=most)


def days_asked() -> int:
    """Return the span that the address asks for, or the usual one."""
    asked = request.args.get("days", "")
    return next((days for days in SPANS if str(days) == asked), USUAL_SPAN)
