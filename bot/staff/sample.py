"""The weekly sample: staff rate messages that raised no flag, and see how many such messages the screening misses."""

from __future__ import annotations

import logging
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from bot.errors import SettingError
from bot.escalation import audit, sample
from bot.logs import log_event
from bot.staff.browser import staff_here
from bot.staff.office import now, office
from bot.storage.alarm_models import SampledMessage, SampleWeek

blueprint = Blueprint("sample", __name__, url_prefix="/sample")
logger = logging.getLogger(__name__)

WEEKS_SHOWN = 26
RATING_WORDS = {
    sample.FINE: "Rightly no flag",
    sample.MISSED: "Missed: a person should have seen this",
    sample.UNSURE: "Cannot tell from this alone",
}


@blueprint.get("")
def index() -> ResponseReturnValue:
    """Show the estimate, week by week, and how much is left to rate. Nothing sealed is opened."""
    with office().database.read() as session:
        weeks = _weeks(session)
        whole = sample.estimate(session, [week.week for week, *_ in weeks])
        left = sum(left for *_, left in weeks)
    return render_template("staff/sample.html", weeks=weeks, whole=whole, left=left, size=sample.SIZE)


@blueprint.post("/next")
def following() -> ResponseReturnValue:
    """Open the next message that nobody has rated; draw last week's sample first if that was not done."""
    return _message_page()


@blueprint.post("/<row_id:sample_id>/rate")
def rate(sample_id: str) -> ResponseReturnValue:
    """Write a rating down and open the next message."""
    rating = request.form.get("rating", "")
    try:
        with office().database.write() as session:
            flag_id = sample.rate(session, sample_id, rating, staff_id=staff_here().id, at=now())
    except SettingError as error:
        return _message_page(error=str(error), status=422)
    log_event(logger, "staff.sample_rated", sample=sample_id, rating=rating)
    if flag_id is not None:
        return redirect(url_for("flag.show", flag_id=flag_id), 303)
    return _message_page()


@blueprint.get("/next")
@blueprint.get("/<row_id:sample_id>/rate")
def back(sample_id: str = "") -> ResponseReturnValue:  # noqa: ARG001 - part of the address only
    """Lead back when somebody loads the address of a form: a message is opened by pressing a button only."""
    return redirect(url_for("sample.index"), 303)


def _message_page(*, error: str = "", status: int = 200) -> ResponseReturnValue:
    at, staff = now(), staff_here()
    week = sample.last_week(at)
    with office().database.write() as session:
        sample.draw(session, week, at=at)
        weeks = [one.week for one, *_ in _weeks(session)]
        row = next((row for one in weeks if (row := sample.next_unrated(session, one))), None)
        if row is None:
            return redirect(url_for("sample.index"), 303)
        audit(session, actor=staff.id, action="sample.view", subject=row.id, at=at)
        words, shown = sample.words_of(session, row), row.week
    page = {"id": row.id, "words": words, "week": shown, "ratings": RATING_WORDS, "error": error}
    return render_template("staff/sample_message.html", **page), status


def _weeks(session: Any) -> list[tuple[SampleWeek, int, sample.Estimate, int]]:
    """Return for each week, the newest first: its draw, how many were drawn, the estimate, how many are left."""
    drawn = select(SampledMessage.week, func.count(), func.count(SampledMessage.rating)).group_by(SampledMessage.week)
    counts = {week: (total, rated) for week, total, rated in session.execute(drawn)}
    query = select(SampleWeek).order_by(SampleWeek.week.desc()).limit(WEEKS_SHOWN)
    found = []
    for week in session.execute(query).scalars().all():
        total, rated = counts.get(week.week, (0, 0))
        found.append((week, total, sample.estimate(session, [week.week]), total - rated))
    return found
