"""What a row of the queue says besides level and clock, without opening anything that is sealed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from bot.escalation.conversations import unread_of
from bot.escalation.lookup import handovers_of
from bot.escalation.steps import FALSE_ALARM, open_looks
from bot.staff import accounts
from bot.storage.models import Flag, Person

BLOCKED = "He has blocked the bot"
WRITING = "Staff write with him"
MINE = "you"


def signs_of(session: Any, flags: Sequence[Flag], *, reader_id: str) -> dict[str, list[str]]:
    """Return short lines for each of these flags: answers that wait, second looks, handovers, a blocked bot."""
    ids = [flag.id for flag in flags]
    found: dict[str, list[str]] = defaultdict(list)
    unread = unread_of(session, {flag.person_id for flag in flags})
    blocked = _blocked(session, flags)
    for flag in flags:
        if flag.person_id in unread:
            found[flag.id].append(_answers(unread[flag.person_id]))
        if flag.person_id in blocked:
            found[flag.id].append(BLOCKED)
    for look in open_looks(session, ids):
        found[look.flag_id].append("False alarm? Waits for a second person" if look.kind == FALSE_ALARM
                                   else "Second look asked for")  # fmt: skip
    handed = handovers_of(session, [flag.id for flag in flags if flag.claimed_by is None])
    names = accounts.names_of(
        session, {staff for note in handed.values() for staff in (note.staff_id, note.to_staff_id)}
    )
    for flag_id, note in handed.items():
        to = MINE if note.to_staff_id == reader_id else names.get(note.to_staff_id, "whoever is next")
        found[flag_id].append(f"Handed to {to} by {names.get(note.staff_id, 'a former colleague')}")
    return dict(found)


def _answers(unread: int) -> str:
    if not unread:
        return WRITING
    return f"He answered: {unread} new message{'s' if unread > 1 else ''}"


def _blocked(session: Any, flags: Sequence[Flag]) -> set[str]:
    ids = {flag.person_id for flag in flags}
    query = select(Person.id).where(Person.id.in_(ids), Person.unreachable_at.isnot(None))
    return set(session.execute(query).scalars())
