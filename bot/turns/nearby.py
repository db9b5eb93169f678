"""A shared location: it orders the places he is looking for, in memory, and only their order is kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot.content import say, sign_line
from bot.directory import NEED_OF, signposts
from bot.storage.models import Person, Turn
from bot.turns.messages import Incoming
from bot.turns.people import settings_of

SEARCH_OPEN_FOR = timedelta(minutes=10)


def need_now(session: Any, person_id: str, at: datetime) -> str | None:
    """Return what he has just looked for with the dialogue; None where no search is open."""
    query = select(Turn).filter_by(person_id=person_id).where(Turn.at >= at - SEARCH_OPEN_FOR)
    turn = session.execute(query.order_by(Turn.at.desc()).limit(1)).scalar()
    if turn is None or turn.reading is None:
        return None
    return NEED_OF.get(turn.reading.reveal()["intent"])


def found(session: Any, person: Person, incoming: Incoming) -> dict[str, Any]:
    """Return what is kept of a location in the message's body: the entries he is given, each with its reasons.

    The position itself goes no further than this function. Nothing where no search is open.
    """
    if incoming.place is None:
        return {}
    need = need_now(session, person.id, incoming.at)
    if need is None:
        return {}
    settings = settings_of(person)
    signs = signposts(need, settings["region"], language=settings.get("language", "en"), near=incoming.place)
    return {"near": {"need": need, "ids": [sign.entry.id for sign in signs], "why": [list(sign.why) for sign in signs]}}


def told(near: dict[str, Any], region: str, language: str) -> list[str]:
    """Return the bubbles for what was found."""
    by_id = {sign.entry.id: sign for sign in signposts(near["need"], region, language=language, most=99)}
    chosen = [(by_id[one], why) for one, why in zip(near["ids"], near["why"], strict=True) if one in by_id]
    lines = [sign_line(sign, reasons=why) for sign, why in chosen]
    return [*say("near_places", region), "\n\n".join(lines)] if lines else say("place_by_region", region)
