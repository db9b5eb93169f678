"""Coding by people: one turn at a time, blind to others, then where they differ. For researchers alone."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from bot.codebook import codes, themes
from bot.research import rounds
from bot.research.coded import CodedUnit, agreement_of
from bot.research.protocols import ProtocolError
from bot.research.rounds import RoundError
from bot.staff import accounts
from bot.staff.browser import staff_here
from bot.staff.office import now, office
from bot.storage.coding_models import CodingRound
from bot.storage.models import ResearchProtocol

blueprint = Blueprint("coding", __name__, url_prefix="/coding")

KEYS = "1234567890qwertyuiopasdfg"  # one for each code, in the codebook's order
NONE_KEY = "n"
NONE = "none"
ROUNDS_SHOWN = 50
USUAL_SIZE = 100


@blueprint.get("")
def index() -> ResponseReturnValue:
    """List the rounds and the protocols under which one can be opened."""
    return _index_page()


@blueprint.post("")
def open_round() -> ResponseReturnValue:
    """Draw a sample of turns."""
    size = request.form.get("size", "")
    protocol = request.form.get("protocol", "")
    if not (size.isascii() and size.isdecimal() and len(size) < 6):
        return _index_page(f"Say how many turns, from 1 to {rounds.MOST_TURNS}."), 422
    try:
        with office().database.write() as session:
            if protocol not in _open_protocols(session):
                raise RoundError("Choose a protocol that is open.")
            round_id = rounds.open_round(session, protocol, int(size), staff_id=staff_here().id, at=now())
    except (RoundError, ProtocolError) as error:
        return _index_page(str(error)), 422
    return redirect(url_for("coding.show", round_id=round_id), 303)


@blueprint.get("/<row_id:round_id>")
def show(round_id: str) -> ResponseReturnValue:
    """Show how far everybody is and, to who is done, how far they agree."""
    return _round_page(round_id)


@blueprint.post("/<row_id:round_id>")
def finish(round_id: str) -> ResponseReturnValue:
    """Be done with a round."""
    try:
        with office().database.write() as session:
            _find(session, round_id)
            rounds.finish(session, round_id, staff_id=staff_here().id, at=now())
    except RoundError as error:
        return _round_page(round_id, str(error)), 422
    return redirect(url_for("coding.show", round_id=round_id), 303)


@blueprint.get("/<row_id:round_id>/next")
def onward(round_id: str) -> ResponseReturnValue:
    """Lead to the next turn without a code, or back to the round."""
    with office().database.read() as session:
        _find(session, round_id)
        number = rounds.next_number(session, round_id, staff_here().id, at=now())
    if number is None:
        return redirect(url_for("coding.show", round_id=round_id), 303)
    return redirect(url_for("coding.turn", round_id=round_id, number=number), 303)


@blueprint.get("/<row_id:round_id>/<int(max=9999):number>")
def turn(round_id: str, number: int) -> ResponseReturnValue:
    """Show one turn with the codebook."""
    return _turn_page(round_id, number)


@blueprint.post("/<row_id:round_id>/<int(max=9999):number>")
def code(round_id: str, number: int) -> ResponseReturnValue:
    """Keep the codes of one turn and go on to the next."""
    given = request.form.getlist("code")
    if not given:
        return _turn_page(round_id, number, "Choose a code, or that none applies."), 422
    if NONE in given and len(given) > 1:
        return _turn_page(round_id, number, "Either codes or none of them, not both."), 422
    try:
        with office().database.write() as session:
            _find(session, round_id)
            chosen = [one for one in given if one != NONE]
            rounds.keep_codes(session, round_id, number, chosen, staff_id=staff_here().id, at=now())
    except RoundError as error:
        return _turn_page(round_id, number, str(error)), 422
    return redirect(url_for("coding.onward", round_id=round_id), 303)


@blueprint.get("/<row_id:round_id>/differences")
def differences(round_id: str) -> ResponseReturnValue:
    """Show the turns on which people differ, to who is done."""
    at, staff = now(), staff_here()
    with office().database.read() as session:
        _find(session, round_id)
        if not rounds.is_done(session, round_id, staff.id):
            return redirect(url_for("coding.show", round_id=round_id), 303)
        units = [unit for unit in rounds.units_of_round(session, round_id, at=at) if len(set(unit.people.values())) > 1]
        names = accounts.names_of(session, {coder for unit in units for coder in unit.people})
        rows = [row for unit in units if (row := _difference(session, round_id, unit, names))]
    with office().database.write() as session:
        rounds.note_look(session, round_id, [row["turn"].number for row in rows], staff_id=staff.id, at=at)
    return render_template("staff/coding_differences.html", round_id=round_id, rows=rows)


def _difference(session: Any, round_id: str, unit: CodedUnit, names: dict[str, str]) -> dict[str, Any] | None:
    found = rounds.shown(session, round_id, int(unit.id), staff_id=staff_here().id, at=now())
    if found is None:
        return None
    shared = frozenset.intersection(*unit.people.values())
    people = [(names.get(coder, "?"), sorted(given)) for coder, given in unit.people.items()]
    return {"turn": found, "people": sorted(people), "shared": shared, "model": sorted(unit.model or ())}


def _index_page(error: str = "") -> str:
    with office().database.read() as session:
        found = select(CodingRound).order_by(CodingRound.opened_at.desc(), CodingRound.id).limit(ROUNDS_SHOWN)
        rows = session.execute(found).scalars().all()
        names = accounts.names_of(session, {row.opened_by for row in rows})
        listed = [
            {
                "id": row.id,
                "protocol": row.protocol,
                "at": row.opened_at,
                "by": names.get(row.opened_by, "?"),
                "size": rounds.size_of(session, row.id),
                "mine": rounds.progress_of(session, row.id).get(staff_here().id, 0),
                "is_done": rounds.is_done(session, row.id, staff_here().id),
            }
            for row in rows
        ]
        open_ones = _open_protocols(session)
    page = {"rounds": listed, "protocols": open_ones, "size": USUAL_SIZE, "most": rounds.MOST_TURNS}
    return render_template("staff/coding.html", **page, error=error)


def _open_protocols(session: Any) -> list[str]:
    query = select(ResearchProtocol.name).filter_by(closed_at=None).where(ResearchProtocol.expires_at > now())
    return list(session.execute(query.order_by(ResearchProtocol.name)).scalars())


def _round_page(round_id: str, error: str = "") -> str:
    at, staff = now(), staff_here()
    with office().database.read() as session:
        row = _find(session, round_id)
        progress = rounds.progress_of(session, round_id)
        names = accounts.names_of(session, {*progress, row.opened_by})
        is_done = rounds.is_done(session, round_id, staff.id)
        done = {coder: rounds.is_done(session, round_id, coder) for coder in progress}
        people = [(names.get(coder, "?"), count, done[coder]) for coder, count in progress.items()]
        units = rounds.units_of_round(session, round_id, at=at) if is_done else []
        page = {
            "round": row,
            "opened_by": names.get(row.opened_by, "?"),
            "size": rounds.size_of(session, round_id),
            "mine": progress.get(staff.id, 0),
            "is_left": rounds.next_number(session, round_id, staff.id, at=at) is not None,
        }
    agreement = [row for row in agreement_of(units) if row.given] if any(len(unit.people) > 1 for unit in units) else []
    return render_template(
        "staff/coding_round.html", **page, people=sorted(people), is_done=is_done, agreement=agreement, error=error
    )


def _turn_page(round_id: str, number: int, error: str = "") -> str:
    with office().database.read() as session:
        _find(session, round_id)
        found = rounds.shown(session, round_id, number, staff_id=staff_here().id, at=now())
        if found is None:
            abort(404)
        size, is_done = rounds.size_of(session, round_id), rounds.is_done(session, round_id, staff_here().id)
    with office().database.write() as session:
        rounds.note_look(session, round_id, [number], staff_id=staff_here().id, at=now())
    book = [
        (title, [(one, KEYS[place]) for place, one in enumerate(codes()) if one.theme == theme])
        for theme, title in themes().items()
    ]
    page = {"round_id": round_id, "found": found, "size": size, "is_done": is_done, "book": book}
    return render_template("staff/coding_turn.html", **page, none_key=NONE_KEY, no_code=NONE, error=error)


def _find(session: Any, round_id: str) -> Any:
    row = session.get(CodingRound, round_id)
    if row is None:
        abort(404)
    return row
