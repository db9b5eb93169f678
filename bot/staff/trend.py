"""How his scores went, as a picture; the same numbers stand beside it on the flag's page."""

from __future__ import annotations

from flask import Blueprint, Response, abort
from flask.typing import ResponseReturnValue

from bot.escalation import audit
from bot.staff import case
from bot.staff.browser import staff_here
from bot.staff.flag_page import find_or_404
from bot.staff.office import now, office

blueprint = Blueprint("trend", __name__, url_prefix="/flags/<row_id:flag_id>")


@blueprint.get("/trend/<any(phq9, mood):scale>.svg")
def picture(flag_id: str, scale: str) -> ResponseReturnValue:
    """Return the plot of one scale; that his scores were seen is written down."""
    with office().database.write() as session:
        flag = find_or_404(session, flag_id)
        points = case.trend_of(session, flag.person_id, scale)
        if points:
            audit(session, actor=staff_here().id, action="flag.trend", subject=flag_id, at=now())
    if not points:
        abort(404)
    title, _, most = case.SCALES[scale]
    from bot.papers import line  # loads matplotlib, a second and 40 MB, with the first picture only

    chart = line(points, title=f"{title}, 0 to {most}", low=0, high=most)
    return Response(chart.svg(), mimetype="image/svg+xml")
