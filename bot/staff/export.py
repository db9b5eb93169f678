"""Pass a man's case on as FHIR, table or sheet: with his own consent only, which staff ask for through the bot."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.consent import SHARE, answer_of
from bot.errors import UnreachableError
from bot.escalation import audit
from bot.escalation.identity import window_of
from bot.logs import log_event
from bot.staff.browser import staff_here
from bot.staff.cards import cards_of
from bot.staff.case_facts import CaseFacts, facts_of
from bot.staff.case_papers import csv_of, sheet_of
from bot.staff.fhir_case import bundle_of
from bot.staff.flag_page import find_or_404
from bot.staff.office import now, office
from bot.staff.words import UNOPENABLE
from bot.turns.staffed import ask_to_share

blueprint = Blueprint("export", __name__, url_prefix="/flags/<row_id:flag_id>/export")
logger = logging.getLogger(__name__)

FORMATS: Mapping[str, tuple[str, str, Callable[[CaseFacts], bytes]]] = {
    "fhir": ("application/fhir+json", "json", lambda facts: bundle_of(facts).json(indent=1).encode()),
    "csv": ("text/csv", "csv", csv_of),
    "pdf": ("application/pdf", "pdf", sheet_of),
}
NOT_AGREED = "Nothing was made: he has not agreed, or has taken it back."
UNOPENED = "Nothing was made: a part of his case cannot be opened, and a case with a silent gap is worse than none."
SEALED_OFF = "Nothing was asked: his settings cannot be opened. Tell whoever runs this app."
CLOSED = "Nothing was made: who he is is not open for you now. Open it first, or leave it out."


@blueprint.get("")
def show(flag_id: str) -> ResponseReturnValue:
    """Show whether he agreed, ask him, and offer the files."""
    return _page(flag_id)


@blueprint.post("/ask")
def ask(flag_id: str) -> ResponseReturnValue:
    """Ask him through the bot."""
    staff = staff_here()
    try:
        with office().database.write() as session:
            ask_to_share(session, find_or_404(session, flag_id), staff_id=staff.id, at=now())
    except UnreachableError as error:
        return _page(flag_id, problem=str(error)), 409
    except UNOPENABLE:
        return _page(flag_id, problem=SEALED_OFF), 409
    log_event(logger, "staff.export_asked", staff=staff.id, flag=flag_id)
    return redirect(url_for("export.show", flag_id=flag_id, asked=1), 303)


@blueprint.post("/file")
def file(flag_id: str) -> ResponseReturnValue:
    """Hand out one file; that, in which form, and whether with who he is, is written down."""
    kind, with_identity = request.form.get("format", ""), "identity" in request.form
    if kind not in FORMATS:
        abort(400)
    staff, at = staff_here(), now()
    try:
        with office().database.write() as session:
            flag = find_or_404(session, flag_id)
            problem = _refusal(session, flag.person_id, with_identity=with_identity)
            if not problem:
                facts = facts_of(session, flag.person_id, at=at, with_identity=with_identity)
                action = f"flag.export.{kind}{'.named' if with_identity else ''}"
                audit(session, actor=staff.id, action=action, subject=flag_id, at=at)
    except UNOPENABLE:
        problem = UNOPENED
    if problem:
        return _page(flag_id, problem=problem), 409
    mimetype, ending, make = FORMATS[kind]
    answer = Response(make(facts), mimetype=mimetype)
    answer.headers["Content-Disposition"] = f'attachment; filename="case-{facts.person_id[:8]}.{ending}"'
    log_event(logger, "staff.export", staff=staff.id, flag=flag_id)
    return answer


@blueprint.get("/<any(ask, file):step>")
def back(flag_id: str, step: str) -> ResponseReturnValue:  # noqa: ARG001 - part of the address only
    """Lead back to the page when somebody loads the address of one of its forms."""
    return redirect(url_for("export.show", flag_id=flag_id), 303)


def _refusal(session: object, person_id: str, *, with_identity: bool) -> str:
    if answer_of(session, person_id, SHARE) is not True:
        return NOT_AGREED
    if with_identity and window_of(session, person_id, staff_id=staff_here().id, at=now()) is None:
        return CLOSED
    return ""


def _page(flag_id: str, *, problem: str = "") -> str:
    staff, at = staff_here(), now()
    with office().database.read() as session:
        flag = find_or_404(session, flag_id)
        page = {
            "card": cards_of(session, [flag], reader_id=staff.id, at=at)[0],
            "agreed": answer_of(session, flag.person_id, SHARE),
            "is_open": window_of(session, flag.person_id, staff_id=staff.id, at=at) is not None,
        }
    return render_template("staff/export.html", **page, problem=problem, is_asked="asked" in request.args)
