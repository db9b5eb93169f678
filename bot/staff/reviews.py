"""What leads look over: why somebody opened who a man is, and which messages go into the test set."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from bot.errors import FlagConflictError
from bot.escalation import audit
from bot.escalation import identity as identities
from bot.staff import accounts
from bot.staff.browser import staff_here
from bot.staff.case import opened
from bot.staff.flag_page import LONGEST_NOTE
from bot.staff.office import now, office
from bot.staff.words import UNOPENABLE
from bot.storage.clinic_models import IdentityLook, TestCandidate

blueprint = Blueprint("reviews", __name__, url_prefix="/reviews")

SHOWN = 50
SEALED_OFF = "Nothing was saved: the reason cannot be opened. Tell whoever runs this app."
NOT_YOURS = "Nothing was saved: it was reviewed already, or it is your own look. Somebody else reviews that one."


@blueprint.get("")
def index() -> ResponseReturnValue:
    """List what waits for a lead."""
    return _page()


@blueprint.post("/identity/<row_id:look_id>")
def review(look_id: str) -> ResponseReturnValue:
    """Say whether the reason of a look holds."""
    verdict, words = request.form.get("in_order", ""), request.form.get("words", "").replace("\x00", "").strip()
    if verdict not in ("yes", "no") or len(words) > LONGEST_NOTE:
        abort(400)
    try:
        with office().database.write() as session:
            if session.get(IdentityLook, look_id) is None:
                abort(404)
            identities.review_look(
                session, look_id, staff_id=staff_here().id, in_order=verdict == "yes", words=words, at=now()
            )
    except FlagConflictError:
        return _page(error=NOT_YOURS), 409
    except UNOPENABLE:
        return _page(error=SEALED_OFF), 409
    return redirect(url_for("reviews.index"), 303)


@blueprint.post("/candidate/<row_id:candidate_id>")
def decide(candidate_id: str) -> ResponseReturnValue:
    """Take a candidate into the test set, or drop it."""
    verdict = request.form.get("accepted", "")
    if verdict not in ("yes", "no"):
        abort(400)
    with office().database.write() as session:
        row = session.get(TestCandidate, candidate_id)
        if row is None:
            abort(404)
        row.decided_by, row.decided_at, row.accepted = staff_here().id, now(), verdict == "yes"
        audit(session, actor=staff_here().id, action="candidate.decide", subject=candidate_id, at=now())
    return redirect(url_for("reviews.index"), 303)


@blueprint.get("/candidates.jsonl")
def candidates() -> ResponseReturnValue:
    """Hand out the accepted candidates, one JSON object a line: text, verdict, and what the screening had said."""
    with office().database.write() as session:
        query = select(TestCandidate).filter_by(accepted=True).order_by(TestCandidate.decided_at, TestCandidate.id)
        rows = session.execute(query).scalars().all()
        found = [(row.verdict, opened(row, "body")) for row in rows]
        audit(session, actor=staff_here().id, action="candidate.export", subject=staff_here().id, at=now())
    lines = [json.dumps({"verdict": verdict, **body}, ensure_ascii=False) for verdict, body in found if body]
    answer = Response("".join(f"{line}\n" for line in lines), mimetype="application/jsonl")
    answer.headers["Content-Disposition"] = 'attachment; filename="candidates.jsonl"'
    return answer


@blueprint.get("/<any(identity, candidate):kind>/<row_id:row_id>")
def back(kind: str, row_id: str) -> ResponseReturnValue:  # noqa: ARG001 - part of the address only
    """Lead back to the list when somebody loads the address of one of its forms."""
    return redirect(url_for("reviews.index"), 303)


def _page(*, error: str = "") -> str:
    at, staff = now(), staff_here()
    with office().database.write() as session:
        audit(session, actor=staff.id, action="reviews.view", subject=staff.id, at=at)
        waiting, done = identities.unreviewed(session, limit=SHOWN), identities.reviewed(session, limit=SHOWN)
        open_candidates = select(TestCandidate).where(TestCandidate.decided_at.is_(None))
        rows = session.execute(open_candidates.order_by(TestCandidate.marked_at).limit(SHOWN)).scalars().all()
        names = accounts.names_of(
            session, {one for look in (*waiting, *done) for one in (look.staff_id, look.reviewed_by) if one}
        )
        page = {
            "waiting": [_look(look, names, staff.id) for look in waiting],
            "done": [_look(look, names, staff.id) for look in done],
            "candidates": [{"id": row.id, "verdict": row.verdict, "body": opened(row, "body")} for row in rows],
        }
    return render_template("staff/reviews.html", **page, error=error, at=at)


def _look(look: IdentityLook, names: dict[str, str], reader_id: str) -> dict[str, Any]:
    return {
        "id": look.id,
        "flag_id": look.flag_id,
        "who": names.get(look.staff_id, "?"),
        "at": look.at,
        "due_at": look.at + identities.REVIEW_WITHIN,
        "words": opened(look, "words"),
        "is_own": look.staff_id == reader_id,
        "reviewed_by": names.get(look.reviewed_by or "", ""),
        "in_order": look.in_order,
    }
