"""Figures for researchers: what the dialogues of a protocol's men hold, counted; no words, never of few."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from bot.consent import RESEARCH, VERSIONS
from bot.escalation import audit
from bot.research.report import Section, as_pdf, drawn, sections_of
from bot.staff.browser import staff_here
from bot.staff.office import now, office
from bot.storage.models import ResearchProtocol

blueprint = Blueprint("looking", __name__, url_prefix="/looking")


@blueprint.get("")
def index() -> ResponseReturnValue:
    """Show the figures of one protocol's men; of the first that is open unless one is asked for."""
    with office().database.read() as session:
        protocols = _open_protocols(session)
    chosen = _chosen(protocols) if protocols else None
    parts = _parts(chosen) if chosen else []
    return render_template("staff/looking.html", protocols=protocols, chosen=chosen, parts=parts, at=now())


@blueprint.get("/report.pdf")
def paper() -> ResponseReturnValue:
    """Hand out the same as PDF, with plots."""
    with office().database.read() as session:
        protocols = _open_protocols(session)
    if not protocols:
        abort(404)
    chosen = _chosen(protocols)
    parts = _parts(chosen)
    answer = Response(
        as_pdf(parts, drawn(parts), title=f"Ballast: {chosen}", made_at=now()), mimetype="application/pdf"
    )
    answer.headers["Content-Disposition"] = 'attachment; filename="report.pdf"'
    return answer


def _parts(protocol: str) -> list[Section]:
    """Return the report's parts; that somebody looked is written down."""
    at, staff = now(), staff_here()
    with office().database.read() as session:
        parts = sections_of(session, protocol, at=at)
    with office().database.write() as session:
        audit(session, actor=staff.id, action="research.look", subject=protocol, at=at)
    return parts


def _chosen(protocols: list[str]) -> str:
    asked = request.args.get("protocol")
    if asked is not None and asked not in protocols:
        abort(404)
    return asked or protocols[0]


def _open_protocols(session: Any) -> list[str]:
    """Return the protocols under which something may be looked at now."""
    query = select(ResearchProtocol.name).filter_by(closed_at=None, wording=VERSIONS[RESEARCH])
    query = query.where(ResearchProtocol.expires_at > now()).order_by(ResearchProtocol.name)
    return list(session.execute(query).scalars())
