"""One flag: open it, show what he wrote, take it, close it."""

from __future__ import annotations

import logging

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from bot.errors import FlagConflictError, KeyMissingError, SealBrokenError
from bot.escalation import claim_flag
from bot.escalation.flags import OUTCOMES
from bot.escalation.steps import close_flag
from bot.logs import log_event
from bot.staff.browser import staff_here
from bot.staff.flag_page import CHANGED, REVEAL, SEALED_OFF, find_or_404, flag_page, note_problem, version
from bot.staff.marks import mark_false_alarms
from bot.staff.office import now, office
from bot.turns.staffed import end_talk_on

blueprint = Blueprint("flag", __name__, url_prefix="/flags/<row_id:flag_id>")
logger = logging.getLogger(__name__)

NO_NOTE = "Write a short note: what you did, and what happens next."


@blueprint.get("")
def show(flag_id: str) -> ResponseReturnValue:
    """Show one flag: why it fired, who has it, what was done. His words stay closed."""
    return flag_page(flag_id)


@blueprint.get("/<any(words, claim, resolve):step>")
def back(flag_id: str, step: str) -> ResponseReturnValue:  # noqa: ARG001 - part of the address only
    """Lead back to the flag when somebody loads the address of one of its forms."""
    return redirect(url_for("flag.show", flag_id=flag_id), 303)


@blueprint.post("/words")
def reveal(flag_id: str) -> ResponseReturnValue:
    """Show the flag with what he wrote, and write down who read it."""
    return flag_page(flag_id, REVEAL)


@blueprint.post("/claim")
def claim(flag_id: str) -> ResponseReturnValue:
    """Take the flag for ten minutes, or for ten more."""
    staff_id, of_form = staff_here().id, version()
    try:
        with office().database.write() as session:
            find_or_404(session, flag_id)
            claim_flag(session, flag_id, version=of_form, staff_id=staff_id, at=now())
    except FlagConflictError:
        return flag_page(flag_id, error=CHANGED), 409
    log_event(logger, "staff.claim", staff=staff_id, flag=flag_id)
    return redirect(url_for("flag.show", flag_id=flag_id), 303)


@blueprint.post("/resolve")
def resolve(flag_id: str) -> ResponseReturnValue:
    """Close the flag with what came of it; a red false alarm is put before a second person."""
    staff_id, of_form = staff_here().id, version()
    outcome, note = request.form.get("outcome", ""), request.form.get("note", "").strip()
    problem = "Choose what came of it." if outcome not in OUTCOMES else note_problem(note, NO_NOTE)
    if problem:
        return flag_page(flag_id, problems={"resolve": problem}), 422
    try:
        with office().database.write() as session:
            flag = find_or_404(session, flag_id)
            is_closed = close_flag(
                session, flag_id, version=of_form, staff_id=staff_id, outcome=outcome, note=note, at=now()
            )
            if is_closed:
                end_talk_on(session, flag, by=staff_id, at=now())
            if is_closed and outcome == "false_alarm":
                mark_false_alarms(session, flag, staff_id=staff_id, at=now())
    except FlagConflictError:
        return flag_page(flag_id, error=CHANGED), 409
    except (KeyMissingError, SealBrokenError):
        return flag_page(flag_id, error=SEALED_OFF), 409
    log_event(logger, "staff.resolve", staff=staff_id, flag=flag_id, outcome=outcome)
    return redirect(url_for("flag.show", flag_id=flag_id), 303)
