"""What staff do besides closing a flag: hand it over, ask a second person, write a note, mark a message as misread."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from bot.errors import FlagConflictError, KeyMissingError, SealBrokenError
from bot.escalation import audit
from bot.escalation.steps import OPINION, answer_second, ask_second, hand_over
from bot.logs import log_event
from bot.staff import accounts, phrases
from bot.staff.browser import staff_here
from bot.staff.flag_page import CHANGED, REVEAL, SEALED_OFF, find_or_404, flag_page, note_problem, row_id_in, version
from bot.staff.marks import MarkError, mark_false_alarms, mark_message
from bot.staff.office import now, office
from bot.staff.roles import LEAD, REVIEWER
from bot.storage.clinic_models import CaseNote, SecondLook
from bot.storage.columns import new_id
from bot.turns.staffed import end_talk_on

blueprint = Blueprint("steps", __name__, url_prefix="/flags/<row_id:flag_id>")
logger = logging.getLogger(__name__)

NO_HANDOVER = "Write what the next one must know."
NO_QUESTION = "Write what you want a second person to look at."
NO_TEXT = "Write what was done, or what matters for the next one."


@blueprint.post("/hand-over")
def give(flag_id: str) -> ResponseReturnValue:
    """Give the flag back to the queue, for a colleague or for whoever is next."""
    of_form, note, to = version(), _typed("note"), row_id_in("to")
    if request.form.get("to") and not to:
        abort(400)
    problem = note_problem(note, NO_HANDOVER)
    if problem:
        return flag_page(flag_id, problems={"hand_over": problem}), 422

    def step(session: Any) -> None:
        find_or_404(session, flag_id)
        staff_id, to_id = staff_here().id, _colleague(session, to)
        hand_over(session, flag_id, version=of_form, staff_id=staff_id, to_staff_id=to_id, note=note, at=now())

    return _done(flag_id, "hand_over", step)


@blueprint.post("/second")
def second(flag_id: str) -> ResponseReturnValue:
    """Ask a second person to look."""
    question = _typed("question")
    problem = note_problem(question, NO_QUESTION)
    if problem:
        return flag_page(flag_id, problems={"second": problem}), 422

    def step(session: Any) -> None:
        find_or_404(session, flag_id)
        ask_second(session, flag_id, staff_id=staff_here().id, kind=OPINION, question=question, at=now())

    return _done(flag_id, "second", step)


@blueprint.post("/answer")
def answer(flag_id: str) -> ResponseReturnValue:
    """Answer as the second person; whoever asked cannot."""
    of_form, words, said = version(), _typed("answer"), request.form.get("agreed", "")
    look_id = row_id_in("look")
    problem = note_problem(words, "")
    if said not in ("yes", "no"):
        abort(400)
    if problem:
        return flag_page(flag_id, problems={"answer": problem}), 422

    def step(session: Any) -> None:
        flag = find_or_404(session, flag_id)
        look = session.get(SecondLook, look_id)
        if look is None or look.flag_id != flag_id:
            abort(404)
        staff_id, agreed = staff_here().id, said == "yes"
        if answer_second(session, look.id, version=of_form, staff_id=staff_id, agreed=agreed, answer=words, at=now()):
            end_talk_on(session, flag, by=staff_id, at=now())
            mark_false_alarms(session, flag, staff_id=staff_id, at=now())

    return _done(flag_id, "second_answer", step)


@blueprint.post("/note")
def note(flag_id: str) -> ResponseReturnValue:
    """Keep a note or a contact outside the bot."""
    kind, text = request.form.get("kind", ""), _typed("text")
    if kind not in phrases.NOTE_KINDS:
        abort(400)
    problem = note_problem(text, NO_TEXT)
    if problem:
        return flag_page(flag_id, problems={"note": problem}), 422

    def step(session: Any) -> None:
        flag = find_or_404(session, flag_id)
        more = {"staff_id": staff_here().id, "kind": kind, "at": now()}
        row = CaseNote(id=new_id(), person_id=flag.person_id, flag_id=flag_id, **more)
        session.add(row)
        row.body = {"text": text}
        audit(session, actor=staff_here().id, action="flag.note", subject=flag_id, at=now())

    return _done(flag_id, "note", step)


@blueprint.post("/mark")
def mark(flag_id: str) -> ResponseReturnValue:
    """Make one of his messages a candidate for the test set; a lead decides later."""
    verdict, message_id = request.form.get("verdict", ""), row_id_in("message")
    try:
        with office().database.write() as session:
            flag = find_or_404(session, flag_id)
            mark_message(session, flag, message_id, verdict=verdict, staff_id=staff_here().id, at=now())
    except MarkError as error:
        return flag_page(flag_id, REVEAL, error=str(error)), 422
    return flag_page(flag_id, REVEAL)


@blueprint.get("/<any(note, second, answer, mark):step>")
@blueprint.get("/<any('hand-over'):step>")
def back(flag_id: str, step: str) -> ResponseReturnValue:  # noqa: ARG001 - part of the address only
    """Lead back to the flag when somebody loads the address of one of its forms."""
    return redirect(url_for("flag.show", flag_id=flag_id), 303)


def _done(flag_id: str, what: str, step: Callable[[Any], None]) -> ResponseReturnValue:
    """Take a step in one transaction and lead back to the flag, or tell why nothing was saved."""
    try:
        with office().database.write() as session:
            step(session)
    except FlagConflictError:
        return flag_page(flag_id, error=CHANGED), 409
    except (KeyMissingError, SealBrokenError):
        return flag_page(flag_id, error=SEALED_OFF), 409
    log_event(logger, f"staff.{what}", staff=staff_here().id, flag=flag_id)
    return redirect(url_for("flag.show", flag_id=flag_id), 303)


def _typed(field: str) -> str:
    return request.form.get(field, "").replace("\x00", "").strip()


def _colleague(session: Any, staff_id: str) -> str | None:
    """Return the id of a colleague who may take flags, or None for whoever is next."""
    if not staff_id:
        return None
    account = accounts.find_account(session, staff_id)
    if account is None or account.disabled_at or account.role not in (LEAD, REVIEWER):
        abort(400)
    return account.id
