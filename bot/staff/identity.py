"""Who a man is: for a reason, with the second factor given anew, for ten minutes, and reviewed by a colleague."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.escalation import audit
from bot.escalation import identity as identities
from bot.logs import log_event
from bot.staff.browser import staff_here
from bot.staff.cards import cards_of
from bot.staff.flag_page import find_or_404
from bot.staff.office import now, office
from bot.staff.words import UNOPENABLE, UNOPENED, Unopened
from bot.storage.models import Flag, Person

blueprint = Blueprint("identity", __name__, url_prefix="/flags/<row_id:flag_id>/identity")
logger = logging.getLogger(__name__)

LONGEST = 500  # characters of a reason or a field
NO_REASON = "Write why you need to know who he is. A colleague reads it within a day."
TOO_LONG = f"Too long: a field takes {LONGEST} characters."
NO_KEY = "Nothing was saved: his key is gone or damaged, so nothing about who he is can be opened or kept."
OVER = "Nothing was saved: the ten minutes are over. Copy what you typed and open it again."
LABELS: Mapping[str, str] = {
    "name": "Name",
    "phone": "Phone",
    "address": "Where he is, or lives",
    "contact": "Who else may be called",
}


@blueprint.get("")
def show(flag_id: str) -> ResponseReturnValue:
    """Show who he is while this reader's ten minutes last, else ask for the reason."""
    return _page(flag_id)


@blueprint.post("/open")
def reveal(flag_id: str) -> ResponseReturnValue:
    """Open it for ten minutes."""
    staff, reason = staff_here(), request.form.get("reason", "").replace("\x00", "").strip()
    if not reason or len(reason) > LONGEST:
        return _page(flag_id, problem=TOO_LONG if reason else NO_REASON), 422
    try:
        with office().database.write() as session:
            identities.open_identity(session, find_or_404(session, flag_id), staff_id=staff.id, reason=reason, at=now())
    except UNOPENABLE:
        return _page(flag_id, problem=NO_KEY), 409
    log_event(logger, "staff.identity", staff=staff.id, flag=flag_id)
    return redirect(url_for("identity.show", flag_id=flag_id), 303)


@blueprint.post("/keep")
def keep(flag_id: str) -> ResponseReturnValue:
    """Write down who he is, as he told staff."""
    staff, at = staff_here(), now()
    fields = {name: request.form.get(name, "").replace("\x00", "").strip() for name in identities.FIELDS}
    if any(len(value) > LONGEST for value in fields.values()):
        return _page(flag_id, problem=TOO_LONG), 422
    try:
        with office().database.write() as session:
            flag = find_or_404(session, flag_id)
            is_open = identities.window_of(session, flag.person_id, staff_id=staff.id, at=at) is not None
            if is_open:
                identities.keep_sheet(session, flag, fields, staff_id=staff.id, at=at)
    except UNOPENABLE:
        return _page(flag_id, problem=NO_KEY), 409
    if not is_open:
        return _page(flag_id, problem=OVER), 409
    return redirect(url_for("identity.show", flag_id=flag_id), 303)


@blueprint.get("/<any(open, keep):step>")
def back(flag_id: str, step: str) -> ResponseReturnValue:  # noqa: ARG001 - part of the address only
    """Lead back to the page when somebody loads the address of one of its forms."""
    return redirect(url_for("identity.show", flag_id=flag_id), 303)


def _page(flag_id: str, *, problem: str = "") -> str:
    staff, at = staff_here(), now()
    with office().database.write() as session:
        flag = find_or_404(session, flag_id)
        look = identities.window_of(session, flag.person_id, staff_id=staff.id, at=at)
        page = {"card": cards_of(session, [flag], reader_id=staff.id, at=at)[0], "until": look and look.until}
        if look is not None:
            audit(session, actor=staff.id, action="flag.identity_seen", subject=flag_id, at=at)
            page |= _opened(session, flag)
    typed = request.form
    return render_template("staff/identity.html", **page, labels=LABELS, problem=problem, typed=typed)


def _opened(session: Any, flag: Flag) -> dict[str, Any]:
    person = session.get(Person, flag.person_id)
    try:
        chat: str | Unopened | None = None if person.chat is None else person.chat.reveal()
        sheet: Mapping[str, str] | Unopened = identities.sheet_of(session, flag.person_id)
    except UNOPENABLE:
        return {"door": person.door, "chat": UNOPENED, "sheet": UNOPENED}
    return {"door": person.door, "chat": chat, "sheet": sheet}
