"""The review before a release: what was taken out of a turn, and a person's corrections. For researchers alone."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from bot.consent import RESEARCH, VERSIONS
from bot.research import reviews
from bot.research.corrections import KINDS, LONGEST, CorrectionError
from bot.research.protocols import ProtocolError
from bot.research.reviewed import reviewed_under
from bot.research.reviews import ReviewError, Shown
from bot.staff import accounts
from bot.staff.browser import staff_here
from bot.staff.office import now, office
from bot.storage.models import ResearchProtocol
from bot.storage.review_models import ReviewSample

blueprint = Blueprint("release_review", __name__, url_prefix="/release-review")

SAMPLES_SHOWN = 50
USUAL_SIZE = 100
_TURN = "/<row_id:review_id>/<int(max=9999):number>"


@blueprint.get("")
def index() -> ResponseReturnValue:
    """List the samples and, by protocol, what the reviews with the present recognisers found."""
    return _index_page()


@blueprint.post("")
def open_sample() -> ResponseReturnValue:
    """Draw a sample of turns."""
    size, protocol = request.form.get("size", ""), request.form.get("protocol", "")
    if not (size.isascii() and size.isdecimal() and len(size) < 6):
        return _index_page(f"Say how many turns, from 1 to {reviews.MOST_TURNS}."), 422
    try:
        with office().database.write() as session:
            if protocol not in _open_protocols(session):
                raise ReviewError("Choose a protocol that is open.")
            review_id = reviews.open_sample(session, protocol, int(size), staff_id=staff_here().id, at=now())
    except (ReviewError, ProtocolError) as error:
        return _index_page(str(error)), 422
    return redirect(url_for("release_review.show", review_id=review_id), 303)


@blueprint.get("/<row_id:review_id>")
def show(review_id: str) -> ResponseReturnValue:
    """Show how far a sample is."""
    with office().database.read() as session:
        row = _find(session, review_id)
        reviewed, size = reviews.progress_of(session, review_id)
        page = {
            "sample": row,
            "opened_by": accounts.names_of(session, {row.opened_by}).get(row.opened_by, "?"),
            "reviewed": reviewed,
            "size": size,
            "is_left": reviews.next_number(session, review_id, at=now()) is not None,
            "figures": reviewed_under(session, row.protocol, at=now()),
        }
    return render_template("staff/release_review_sample.html", **page)


@blueprint.get("/<row_id:review_id>/next")
def onward(review_id: str) -> ResponseReturnValue:
    """Lead to the next turn that nobody has reviewed, or back to the sample."""
    with office().database.read() as session:
        _find(session, review_id)
        number = reviews.next_number(session, review_id, at=now())
    if number is None:
        return redirect(url_for("release_review.show", review_id=review_id), 303)
    return redirect(url_for("release_review.turn", review_id=review_id, number=number), 303)


@blueprint.get(_TURN)
def turn(review_id: str, number: int) -> ResponseReturnValue:
    """Show one turn with every replacement marked."""
    return _turn_page(review_id, number)


@blueprint.post(_TURN)
def done(review_id: str, number: int) -> ResponseReturnValue:
    """Keep that a turn was reviewed, and go on to the next."""
    try:
        with office().database.read() as session:
            _find(session, review_id)
            found = reviews.found_in(session, review_id, number, at=now())
    except ReviewError:
        abort(404)
    with office().database.write() as session:
        reviews.finish_turn(session, review_id, number, found, staff_id=staff_here().id, at=now())
    return redirect(url_for("release_review.onward", review_id=review_id), 303)


@blueprint.post(f"{_TURN}/missed")
def missed(review_id: str, number: int) -> ResponseReturnValue:
    """Take words out that were missed, here and in all turns of this man."""
    parts = _shown(review_id, number).turn.parts
    words, kind = request.form.get("words", ""), request.form.get("kind", "")
    try:
        with office().database.write() as session:
            reviews.correct_missed(
                session, review_id, number, words, kind, parts=parts, staff_id=staff_here().id, at=now()
            )
    except CorrectionError as error:
        return _turn_page(review_id, number, str(error), words=words), 422
    return redirect(url_for("release_review.turn", review_id=review_id, number=number), 303)


@blueprint.post(f"{_TURN}/words")
def reveal(review_id: str, number: int) -> ResponseReturnValue:
    """Show the words behind the replacements of this one turn; that somebody asked is written down."""
    _shown(review_id, number)
    with office().database.write() as session:
        reviews.note(session, reviews.REVEAL, review_id, number, staff_id=staff_here().id, at=now())
    return _turn_page(review_id, number, is_open=True)


@blueprint.post(f"{_TURN}/wrong")
def wrong(review_id: str, number: int) -> ResponseReturnValue:
    """Give back what was taken out wrongly, in this turn."""
    taken = _shown(review_id, number).turn.taken_out
    ticked = set(
        request.form.getlist("part")
    )  # place and surrogate, so that a turn that changed meanwhile fits no more
    chosen = [part for place, part in enumerate(taken, 1) if f"{place} {part.surrogate}" in ticked]
    try:
        with office().database.write() as session:
            reviews.correct_wrong(session, review_id, number, chosen, staff_id=staff_here().id, at=now())
    except CorrectionError as error:
        return _turn_page(review_id, number, str(error)), 422
    return redirect(url_for("release_review.turn", review_id=review_id, number=number), 303)


@blueprint.get(f"{_TURN}/<any(missed, words, wrong):step>")
def back(review_id: str, number: int, step: str) -> ResponseReturnValue:  # noqa: ARG001 - the route's form
    """Lead somebody who reloads after a step back to the turn."""
    return redirect(url_for("release_review.turn", review_id=review_id, number=number), 303)


def _index_page(error: str = "") -> str:
    with office().database.read() as session:
        found = select(ReviewSample).order_by(ReviewSample.opened_at.desc(), ReviewSample.id).limit(SAMPLES_SHOWN)
        rows = session.execute(found).scalars().all()
        names = accounts.names_of(session, {row.opened_by for row in rows})
        listed = [(row, names.get(row.opened_by, "?"), *reviews.progress_of(session, row.id)) for row in rows]
        protocols = _open_protocols(session)
        figures = [(name, reviewed_under(session, name, at=now())) for name in protocols]
    page = {"samples": listed, "protocols": protocols, "figures": figures, "size": USUAL_SIZE}
    return render_template("staff/release_review.html", **page, most=reviews.MOST_TURNS, error=error)


def _turn_page(review_id: str, number: int, error: str = "", *, words: str = "", is_open: bool = False) -> str:
    found = _shown(review_id, number)
    with office().database.read() as session:
        _, size = reviews.progress_of(session, review_id)
    with office().database.write() as session:
        reviews.note(session, reviews.LOOK, review_id, number, staff_id=staff_here().id, at=now())
    page = {"review_id": review_id, "found": found, "size": size, "kinds": KINDS, "longest": LONGEST}
    return render_template(
        "staff/release_review_turn.html", **page, error=error, words=words[:LONGEST], is_open=is_open
    )


def _shown(review_id: str, number: int) -> Shown:
    with office().database.read() as session:
        _find(session, review_id)
        found = reviews.shown(session, review_id, number, at=now())
    if found is None:
        abort(404)
    return found


def _open_protocols(session: Any) -> list[str]:
    query = select(ResearchProtocol.name).filter_by(closed_at=None, wording=VERSIONS[RESEARCH])
    query = query.where(ResearchProtocol.expires_at > now()).order_by(ResearchProtocol.name)
    return list(session.execute(query).scalars())


def _find(session: Any, review_id: str) -> Any:
    row = session.get(ReviewSample, review_id)
    if row is None:
        abort(404)
    return row
