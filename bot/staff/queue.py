"""The flags: the queue, one flag, and the steps that staff take on it."""

from __future__ import annotations

import logging
from itertools import groupby
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.crisis import inspect_classifier
from bot.errors import FlagConflictError, KeyMissingError, SealBrokenError
from bot.escalation import audit, claim_flag, resolve_flag
from bot.escalation.flags import OUTCOMES
from bot.escalation.lookup import count_open_flags, find_flag, history_of, open_flags
from bot.logs import log_event
from bot.staff import accounts, phrases, words
from bot.staff.browser import staff_here
from bot.staff.cards import cards_of
from bot.staff.office import now, office
from bot.staff.roles import home_of
from bot.storage.models import Flag

blueprint = Blueprint("queue", __name__)
logger = logging.getLogger(__name__)

FLAGS_SHOWN = 200
HISTORY_SHOWN = 100
LONGEST_NOTE = 4_000  # characters

CHANGED = (
    "Nothing was saved: this flag changed after you opened it, or somebody else holds it. This is how it stands now."
)
SEALED_OFF = "Nothing was saved: this man's key is gone or damaged, so no note can be kept for this flag."


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Lead to the queue, or to what else the role begins with."""
    return redirect(url_for(home_of(staff_here().role)), 303)


@blueprint.get("/flags")
def index() -> ResponseReturnValue:
    """List the open flags, the gravest and the soonest due first. Nothing sealed is opened."""
    at, staff = now(), staff_here()
    with office().database.read() as session:
        cards = cards_of(session, open_flags(session, limit=FLAGS_SHOWN), reader_id=staff.id, at=at)
        counts = count_open_flags(session)
    total = sum(counts.values())
    return render_template(
        "staff/queue.html",
        cards=cards,
        counts=counts,
        total=total,
        at=at,
        levels=phrases.LEVELS,
        screening_fault=inspect_classifier(),
    )


@blueprint.get("/flags/<row_id:flag_id>")
def show(flag_id: str) -> ResponseReturnValue:
    """Show one flag: why it fired, who has it, what was done. His words stay closed."""
    return _flag_page(flag_id, "flag.view")


@blueprint.get("/flags/<row_id:flag_id>/<any(words, claim, resolve):step>")
def back(flag_id: str, step: str) -> ResponseReturnValue:  # noqa: ARG001 - part of the address only
    """Lead back to the flag when somebody loads the address of one of its forms."""
    return redirect(url_for("queue.show", flag_id=flag_id), 303)


@blueprint.post("/flags/<row_id:flag_id>/words")
def reveal(flag_id: str) -> ResponseReturnValue:
    """Show the flag with what he wrote, and write down who read it."""
    return _flag_page(flag_id, "flag.reveal")


@blueprint.post("/flags/<row_id:flag_id>/claim")
def claim(flag_id: str) -> ResponseReturnValue:
    """Take the flag for ten minutes, or for ten more."""
    staff_id, version = staff_here().id, _version()
    try:
        with office().database.write() as session:
            _find(session, flag_id)
            claim_flag(session, flag_id, version=version, staff_id=staff_id, at=now())
    except FlagConflictError:
        return _flag_page(flag_id, "flag.view", error=CHANGED), 409
    log_event(logger, "staff.claim", staff=staff_id, flag=flag_id)
    return redirect(url_for("queue.show", flag_id=flag_id), 303)


@blueprint.post("/flags/<row_id:flag_id>/resolve")
def resolve(flag_id: str) -> ResponseReturnValue:
    """Close the flag with what came of it."""
    staff_id, version = staff_here().id, _version()
    outcome, note = request.form.get("outcome", ""), request.form.get("note", "").strip()
    problem = _problem_with(outcome, note)
    if problem:
        return _flag_page(flag_id, "flag.view", form_error=problem), 422
    try:
        with office().database.write() as session:
            _find(session, flag_id)
            resolve_flag(session, flag_id, version=version, staff_id=staff_id, outcome=outcome, note=note, at=now())
    except FlagConflictError:
        return _flag_page(flag_id, "flag.view", error=CHANGED), 409
    except (KeyMissingError, SealBrokenError):
        return _flag_page(flag_id, "flag.view", error=SEALED_OFF), 409
    log_event(logger, "staff.resolve", staff=staff_id, flag=flag_id, outcome=outcome)
    return redirect(url_for("queue.show", flag_id=flag_id), 303)


def _flag_page(flag_id: str, action: str, *, error: str = "", form_error: str = "") -> str:
    """Render one flag in the transaction that writes down that it was opened."""
    at, staff = now(), staff_here()
    with office().database.write() as session:
        flag = _find(session, flag_id)
        audit(session, actor=staff.id, action=action, subject=flag_id, at=at)
        page = {
            "card": cards_of(session, [flag], reader_id=staff.id, at=at)[0],
            "firings": words.firings_of(flag),
            "messages": words.messages_of(session, flag) if action == "flag.reveal" else None,
            "resolution": words.resolution_of(flag),
            "history": _history(session, flag_id),
        }
    return render_template("staff/flag.html", **page, error=error, form_error=form_error)


def _history(session: Any, flag_id: str) -> list[tuple[Any, str, str, int]]:
    """Return when, who, what and how often in a row, oldest first."""
    entries = history_of(session, flag_id, limit=HISTORY_SHOWN)
    names = accounts.names_of(session, {entry.actor for entry in entries})
    names |= {"ballast": "Ballast", "person": "He"}
    told = []
    for (actor, action), run in groupby(entries, key=lambda entry: (entry.actor, entry.action)):
        same = list(run)
        told.append((same[-1].at, names.get(actor, "?"), phrases.step_words(action), len(same)))
    return told


def _find(session: Any, flag_id: str) -> Flag:
    flag = find_flag(session, flag_id)
    if flag is None:
        abort(404)
    return flag


def _version() -> int:
    raw = request.form.get("version", "")
    if not (raw.isascii() and raw.isdecimal() and len(raw) < 10):
        abort(400)
    return int(raw)


def _problem_with(outcome: str, note: str) -> str:
    if outcome not in OUTCOMES:
        return "Choose what came of it."
    if not note:
        return "Write a short note: what you did, and what happens next."
    if len(note) > LONGEST_NOTE:
        return f"The note is too long: {len(note)} characters, of at most {LONGEST_NOTE}."
    return ""
