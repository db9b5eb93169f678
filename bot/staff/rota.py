"""Who is on call, and how each is reached. Everybody of the clinic sets his own ways; leads make the rota."""

from __future__ import annotations

import logging
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.errors import SettingError
from bot.escalation import rota
from bot.escalation.hours import hours_of
from bot.logs import log_event
from bot.staff import accounts
from bot.staff.alerts import CHANNEL_WORDS, rota_gap
from bot.staff.browser import staff_here
from bot.staff.office import now, office
from bot.staff.roles import LEAD, REVIEWER

blueprint = Blueprint("rota", __name__, url_prefix="/rota")
logger = logging.getLogger(__name__)

SHOWN = 200
TIER_WORDS = {rota.FIRST: "First", rota.SECOND: "Second", rota.LEADS: "Lead"}


@blueprint.get("")
def index() -> ResponseReturnValue:
    """Show who is on call now and next, and how the reader is reached."""
    return _page()


@blueprint.post("/add")
def add() -> ResponseReturnValue:
    """Put somebody on call."""
    staff, at = staff_here(), now()
    form = request.form
    try:
        with office().database.write() as session:
            zone = ZoneInfo(hours_of(session).zone)
            span = {name: _moment(form.get(name, ""), zone) for name in ("starts_at", "ends_at")}
            tier = next((tier for tier in rota.TIERS if str(tier) == form.get("tier")), 0)
            rota.add_shift(session, staff_id=form.get("staff", ""), tier=tier, **span, actor=staff.id, at=at)
    except SettingError as error:
        return _page(error=str(error)), 422
    log_event(logger, "staff.shift_made", staff=staff.id)
    return redirect(url_for("rota.index"), 303)


@blueprint.post("/<row_id:shift_id>/remove")
def remove(shift_id: str) -> ResponseReturnValue:
    """Take a shift out."""
    with office().database.write() as session:
        if not rota.remove_shift(session, shift_id, actor=staff_here().id, at=now()):
            abort(404)
    return redirect(url_for("rota.index"), 303)


@blueprint.post("/ways")
def ways() -> ResponseReturnValue:
    """Set how the reader himself is reached, in the order in which it is tried."""
    staff = staff_here()
    given = zip(request.form.getlist("channel"), request.form.getlist("address"), strict=False)
    wanted = [(channel, address.strip()) for channel, address in given if address.strip()]
    try:
        with office().database.write() as session:
            rota.set_ways(session, staff.id, wanted, actor=staff.id, at=now())
    except SettingError as error:
        return _page(ways_error=str(error), typed=wanted), 422
    return redirect(url_for("rota.index"), 303)


@blueprint.get("/<any(add, ways):step>")
def back(step: str) -> ResponseReturnValue:  # noqa: ARG001 - part of the address only
    """Lead back to the rota when somebody loads the address of one of its forms."""
    return redirect(url_for("rota.index"), 303)


def _page(*, error: str = "", ways_error: str = "", typed: list[tuple[str, str]] | None = None) -> str:
    staff, at = staff_here(), now()
    with office().database.read() as session:
        everybody = [one for one in accounts.all_accounts(session) if one.role in (REVIEWER, LEAD)]
        zone = hours_of(session).zone
        own = rota.ways_of(session, staff.id) if typed is None else typed
        page = {
            "shifts": rota.coming_shifts(session, at=at, limit=SHOWN),
            "names": {one.id: one.name for one in everybody},
            "unreachable": {one.id for one in everybody if not rota.ways_of(session, one.id)},
            "people": [one for one in everybody if not one.disabled_at],
            "gap": rota_gap(session, at),
        }
    own = [*own, *[("mail", "")] * (rota.MOST_WAYS - len(own))][: rota.MOST_WAYS]
    words = {"tiers": TIER_WORDS, "channels": {name: CHANNEL_WORDS[name] for name in rota.OWN_CHANNELS}}
    return render_template(
        "staff/rota.html", **page, **words, own=own, zone=zone, at=at, error=error, ways_error=ways_error
    )


def _moment(typed: str, zone: ZoneInfo) -> datetime:
    """Return a moment that was typed as the clinic's clock shows it.

    Raises:
        SettingError: It is none.
    """
    try:
        moment = datetime.fromisoformat(typed)
        if moment.tzinfo is not None or not 2000 <= moment.year <= 2200:  # a local time, near enough to be meant
            raise ValueError
    except ValueError:
        raise SettingError("Begin and end of a shift are dates with a time, such as 2026-11-23 08:00.") from None
    return moment.replace(tzinfo=zone)
