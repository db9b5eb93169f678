"""The report's plots, as pictures of their own; the same numbers stand as a table beside each."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from bot.escalation.sample import estimate
from bot.staff import figures, phrases
from bot.staff.office import now, office
from bot.staff.report import days_asked
from bot.staff.sample import _weeks

blueprint = Blueprint("plots", __name__)

WEEKS_PLOTTED = 12


@blueprint.get("/report/in-time.svg")
def in_time() -> ResponseReturnValue:
    """Draw the share of clocks kept, by level."""
    from bot.papers import Bar, bars

    at, days = now(), days_asked()
    with office().database.read() as session:
        levels = figures.figures_since(session, at - timedelta(days=days), at)
    shares = [
        Bar(f"{phrases.level_words(one.level).word} ({one.decided})", 100 * one.in_time / one.decided)
        for one in levels
        if one.decided
    ]
    return _svg(bars(shares or [Bar("no flag yet", 0)], title=f"Taken in time, %, last {days} days").svg())


@blueprint.get("/report/medians.svg")
def medians() -> ResponseReturnValue:
    """Draw the median minutes until somebody took and closed a flag, by level."""
    from bot.papers import Bar, bars

    at, days = now(), days_asked()
    with office().database.read() as session:
        levels = figures.figures_since(session, at - timedelta(days=days), at)
    found = [
        Bar(f"{phrases.level_words(one.level).word}, {what}", span.total_seconds() / 60)
        for one in levels
        for what, span in (("taken", one.to_take), ("closed", one.to_close))
        if span is not None
    ]
    return _svg(bars(found or [Bar("no flag yet", 0)], title=f"Median minutes, last {days} days").svg())


@blueprint.get("/sample/missed.svg")
def sample() -> ResponseReturnValue:
    """Draw the share of rated messages that were missed, week by week, with its interval."""
    from bot.papers import Bar, bars

    with office().database.read() as session:
        weeks = [week.week for week, _, found, _ in _weeks(session)[:WEEKS_PLOTTED] if found.rated]
        found = [(week, estimate(session, [week])) for week in reversed(weeks)]
    shares = [Bar(week, 100 * one.missed / one.rated, 100 * one.low, 100 * one.high) for week, one in found]
    return _svg(bars(shares or [Bar("nothing rated", 0)], title="Missed, % of rated messages, 95 % interval").svg())


def _svg(picture: bytes) -> Response:
    return Response(picture, mimetype="image/svg+xml")
