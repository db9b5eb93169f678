"""The clocks of the levels, when staff read, and what men are told about it: set by leads."""

from __future__ import annotations

import logging
from datetime import time

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.errors import SettingError
from bot.escalation import hours
from bot.escalation.levels import LEVELS, LONGEST_MINUTES, SHORTEST_MINUTES, Rule, all_rules, change_rule
from bot.logs import log_event
from bot.staff import phrases
from bot.staff.browser import staff_here
from bot.staff.office import now, office

blueprint = Blueprint("levels", __name__, url_prefix="/levels")
logger = logging.getLogger(__name__)


@blueprint.get("")
def index() -> ResponseReturnValue:
    """Show levels and hours as they stand."""
    return _page()


@blueprint.post("/<any(red, orange, yellow):level>")
def change(level: str) -> ResponseReturnValue:
    """Change one level's clock."""
    staff, form = staff_here(), request.form
    raw = form.get("minutes", "")
    minutes = int(raw) if raw.isascii() and raw.isdecimal() and len(raw) < 6 else 0
    rule = Rule(level, minutes, notifies="notifies" in form, skips_closed_days="skips" in form)
    try:
        with office().database.write() as session:
            change_rule(session, rule, staff_id=staff.id, at=now())
    except SettingError as error:
        return _page(error=str(error), at_fault=level), 422
    log_event(logger, "staff.level_changed", staff=staff.id, rule=level)
    return redirect(url_for("levels.index"), 303)


@blueprint.post("/hours")
def change_hours() -> ResponseReturnValue:
    """Change hours and sentences."""
    staff, form = staff_here(), request.form
    try:
        days = {day: span for day in range(7) if (span := _span(day)) is not None}
        wanted = hours.Hours(form.get("zone", ""), days, form.get("open", "").strip(), form.get("closed", "").strip())
        with office().database.write() as session:
            hours.change_hours(session, wanted, staff_id=staff.id, at=now())
    except SettingError as error:
        return _page(error=str(error), at_fault="hours"), 422
    log_event(logger, "staff.hours_changed", staff=staff.id)
    return redirect(url_for("levels.index"), 303)


@blueprint.get("/<any(red, orange, yellow, hours):step>")
def back(step: str) -> ResponseReturnValue:  # noqa: ARG001 - part of the address only
    """Lead back when somebody loads the address of one of its forms."""
    return redirect(url_for("levels.index"), 303)


def _page(*, error: str = "", at_fault: str = "") -> str:
    at = now()
    with office().database.read() as session:
        rules, clinic = all_rules(session), hours.hours_of(session)
        told = hours.staff_sentence(session, office().settings.staff_reads_until, at=at)
    assert tuple(rules) == LEVELS  # noqa: S101 - the page shows every level once
    limits = {"least": SHORTEST_MINUTES, "most": LONGEST_MINUTES}
    page = {"rules": rules, "hours": clinic, "days": hours.DAYS, "told": told, "is_open": clinic.is_open(at)}
    return render_template("staff/levels.html", **page, **limits, words=phrases.LEVELS, error=error, at_fault=at_fault)


def _span(day: int) -> tuple[time, time] | None:
    """Return from and until of one day, None if it is closed.

    Raises:
        SettingError: Only one of the two is given, or it is no time.
    """
    begin, end = request.form.get(f"from_{day}", ""), request.form.get(f"until_{day}", "")
    if not begin and not end:
        return None
    try:
        span = time.fromisoformat(begin), time.fromisoformat(end)
    except ValueError:
        raise SettingError(f"{hours.DAYS[day]} needs both times, such as 09:00 and 17:00, or neither.") from None
    if any(part.tzinfo is not None for part in span):
        abort(400)
    return span
