"""The queue: every open flag in the order in which it must be seen, live where scripts run, and "take the next"."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.crisis import inspect_classifier
from bot.escalation.lookup import (
    HOLDERS,
    Reader,
    closed_flags,
    count_by_holder,
    newest_entry,
    news_since,
    open_flags,
)
from bot.escalation.taking import take_next
from bot.logs import log_event
from bot.staff import phrases
from bot.staff.browser import staff_here
from bot.staff.cards import cards_of
from bot.staff.office import now, office
from bot.staff.roles import home_of
from bot.staff.signs import signs_of

blueprint = Blueprint("queue", __name__)
logger = logging.getLogger(__name__)

FLAGS_SHOWN = 200
CLOSED_SHOWN = 50
NEWS_TOLD = 5  # flags that one announcement names; a reader is not read a list of twenty
CLOSED = "closed"


@dataclass(frozen=True)
class Choice:
    """What of the queue is shown: a level, a holder, or the closed ones; empty is all."""

    level: str = ""
    holder: str = ""
    show: str = ""

    @property
    def given(self) -> dict[str, str]:
        """The part of an address that leads here again."""
        return {name: value for name, value in vars(self).items() if value}


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Lead to the queue, or to what else the role begins with."""
    return redirect(url_for(home_of(staff_here().role)), 303)


@blueprint.get("/flags")
def index() -> ResponseReturnValue:
    """List the open flags, the gravest and the soonest due first. Nothing sealed is opened."""
    with office().database.read() as session:
        after = newest_entry(session)
        page = _page(session, _choice())
    return render_template(
        "staff/queue.html", **page, after=after, screening_fault=inspect_classifier(), is_idle="next" in request.args
    )


@blueprint.get("/flags/live")
def live() -> ResponseReturnValue:
    """Return what an open queue page has to change; asked for every few seconds, it keeps no session awake."""
    after, seen = _number("after"), request.args.get("seen", "")
    with office().database.read() as session:
        newest = newest_entry(session)
        news = news_since(session, min(after, newest), limit=NEWS_TOLD)
        page = _page(session, _choice())
    is_same = page["mark"] == seen and not news
    told = [phrases.news_words(action, flag.level, flag.kind) for action, flag in news]
    answer = Response(render_template("staff/queue_news.html", **page, after=newest, told=told, is_same=is_same))
    if is_same:
        answer.headers["HX-Reswap"] = "none"  # the list stays; only the time beside the heading is put anew
    return answer


@blueprint.post("/flags/next")
def take() -> ResponseReturnValue:
    """Take the most urgent flag that nobody holds and open it."""
    staff_id = staff_here().id
    with office().database.write() as session:
        flag_id = take_next(session, staff_id=staff_id, at=now())
    if flag_id is None:
        return redirect(url_for("queue.index", next="none"), 303)
    log_event(logger, "staff.claim", staff=staff_id, flag=flag_id)
    return redirect(url_for("flag.show", flag_id=flag_id), 303)


@blueprint.get("/flags/next")
def back() -> ResponseReturnValue:
    """Lead back to the queue when somebody loads the address of its form."""
    return redirect(url_for("queue.index"), 303)


def _page(session: Any, choice: Choice) -> dict[str, Any]:
    """Return what the page shows, and a mark by which an equal list is known."""
    at, staff = now(), staff_here()
    reader = Reader(staff.id, at)
    if choice.show == CLOSED:
        flags = closed_flags(session, limit=CLOSED_SHOWN)
    else:
        wanted = {"level": choice.level, "holder": choice.holder}
        flags = open_flags(session, limit=FLAGS_SHOWN, reader=reader, **wanted)
    counts = count_by_holder(session, reader)
    page: dict[str, Any] = {
        "cards": cards_of(session, flags, reader_id=staff.id, at=at),
        "signs": signs_of(session, flags, reader_id=staff.id),
        "choice": choice,
        "at": at,
        "levels": phrases.LEVELS,
        "total": sum(counts.values()),
        "by_level": {level: _sum(counts, level=level) for level in phrases.LEVELS},
        "by_holder": {holder: _sum(counts, holder=holder) for holder in HOLDERS},
        "holders": phrases.HOLDERS,
    }
    shown = (page["cards"], sorted(page["signs"].items()), counts, choice)
    return page | {"mark": hashlib.blake2b(repr(shown).encode(), digest_size=8).hexdigest()}


def _sum(counts: dict[tuple[str, str], int], *, level: str = "", holder: str = "") -> int:
    return sum(count for (one, whose), count in counts.items() if level in ("", one) and holder in ("", whose))


def _choice() -> Choice:
    level, holder = request.args.get("level", ""), request.args.get("holder", "")
    show = CLOSED if request.args.get("show") == CLOSED else ""
    return Choice(level if level in phrases.LEVELS else "", holder if holder in HOLDERS else "", show)


def _number(name: str) -> int:
    raw = request.args.get(name, "")
    return int(raw) if raw.isascii() and raw.isdecimal() and len(raw) < 16 else 0
