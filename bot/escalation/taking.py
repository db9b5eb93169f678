"""Take the flag that must be seen next, without two people taking the same one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.errors import FlagConflictError
from bot.escalation.flags import LEASE, claim_flag
from bot.escalation.lookup import FREE, Reader, handovers_of, open_flags
from bot.storage.models import Flag

MOST_TRIED = 50


def take_next(session: Any, *, staff_id: str, at: datetime) -> str | None:
    """Claim the most urgent flag that nobody holds and return its id; None where nobody waits.

    A flag that was handed to a named colleague is left to him for as long as a claim lasts.
    """
    flags = open_flags(session, limit=MOST_TRIED, reader=Reader(staff_id, at), holder=FREE)
    handed = handovers_of(session, [flag.id for flag in flags])
    for flag in flags:
        if not _is_kept_for_another(flag, handed.get(flag.id), staff_id, at):
            try:
                claim_flag(session, flag.id, version=flag.version, staff_id=staff_id, at=at)
            except FlagConflictError:  # somebody was quicker; the next one, then
                continue
            return str(flag.id)
    return None


def _is_kept_for_another(flag: Flag, handover: Any, staff_id: str, at: datetime) -> bool:
    if handover is None or handover.to_staff_id in (None, staff_id) or flag.claimed_by is not None:
        return False
    return bool(at - handover.at < LEASE)
