"""Write to a man through the bot, read what he answers, and give him back to the program."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.errors import FlagConflictError, KeyMissingError, SealBrokenError, UnreachableError
from bot.escalation.conversations import open_talk
from bot.escalation.steps import extend_claim
from bot.logs import log_event
from bot.staff import phrases
from bot.staff.browser import staff_here
from bot.staff.cards import cards_of
from bot.staff.flag_page import SEALED_OFF, find_or_404, flag_page, live_mark
from bot.staff.office import now, office
from bot.staff.talks import talk_of
from bot.turns.staffed import LONGEST_TEXT, hand_back, write_to_him

blueprint = Blueprint("talk", __name__, url_prefix="/flags/<row_id:flag_id>/talk")
logger = logging.getLogger(__name__)

NOT_YOURS = "Nothing was sent: take this flag first. Somebody else may have taken it meanwhile."
EMPTY = "Write what he should read."


@blueprint.post("/write")
def write(flag_id: str) -> ResponseReturnValue:
    """Send him a message from a person; the claim runs ten minutes from now."""
    staff, at = staff_here(), now()
    text = request.form.get("text", "").replace("\x00", "").strip()
    if not text or len(text) > LONGEST_TEXT:
        problem = f"Too long: {len(text)} characters, of at most {LONGEST_TEXT}." if text else EMPTY
        return flag_page(flag_id, problems={"write": problem}), 422
    signature = phrases.signature(staff.name, office().settings.staff_signature)
    try:
        with office().database.write() as session:
            flag = find_or_404(session, flag_id)
            extend_claim(session, flag_id, staff_id=staff.id, at=at)
            write_to_him(session, flag, staff_id=staff.id, signature=signature, text=text, at=at)
    except FlagConflictError:
        return flag_page(flag_id, problems={"write": NOT_YOURS}), 409
    except UnreachableError as error:
        return flag_page(flag_id, problems={"write": str(error)}), 409
    except (KeyMissingError, SealBrokenError):
        return flag_page(flag_id, error=SEALED_OFF), 409
    log_event(logger, "staff.write", staff=staff.id, flag=flag_id)
    return redirect(url_for("flag.show", flag_id=flag_id, _anchor="talk"), 303)


@blueprint.post("/leave")
def leave(flag_id: str) -> ResponseReturnValue:
    """End the talk: what he writes goes to the program again, and he is told."""
    staff, at = staff_here(), now()
    with office().database.write() as session:
        flag = find_or_404(session, flag_id)
        talk = open_talk(session, flag.person_id)
        if talk is not None:
            hand_back(session, talk, by=staff.id, at=at)
    return redirect(url_for("flag.show", flag_id=flag_id), 303)


@blueprint.get("/live")
def live(flag_id: str) -> ResponseReturnValue:
    """Return what an open flag page has to change: the talk, and whether the flag itself is another by now.

    Where nothing has changed nothing is opened, and nothing is written down. The words come to the flag's holder only.
    """
    staff, at, seen = staff_here(), now(), request.args.get("seen", "")
    with office().database.read() as session:
        flag = find_or_404(session, flag_id)
        if live_mark(session, flag) == seen:
            return Response(status=204)
    with office().database.write() as session:
        flag = find_or_404(session, flag_id)
        card = cards_of(session, [flag], reader_id=staff.id, at=at)[0]
        talk = talk_of(session, flag, staff.id, is_open=card.is_mine, at=at)
        is_other = seen.partition("-")[0] != str(flag.version)
        state = live_mark(session, flag)
    return render_template("staff/talk_live.html", card=card, talk=talk, live_mark=state, is_other=is_other)


@blueprint.get("/<any(write, leave):step>")
def back(flag_id: str, step: str) -> ResponseReturnValue:  # noqa: ARG001 - part of the address only
    """Lead back to the flag when somebody loads the address of one of its forms."""
    return redirect(url_for("flag.show", flag_id=flag_id), 303)
