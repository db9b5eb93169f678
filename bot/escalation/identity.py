"""Who a man is: apart from his case, opened for a reason and a short while, and looked at by a colleague afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot.errors import FlagConflictError
from bot.escalation.journal import audit
from bot.storage.clinic_models import IdentityLook, IdentitySheet
from bot.storage.columns import new_id
from bot.storage.models import Flag

WINDOW = timedelta(minutes=10)
REVIEW_WITHIN = timedelta(hours=24)
FIELDS = ("name", "phone", "address", "contact")


def open_identity(session: Any, flag: Flag, *, staff_id: str, reason: str, at: datetime) -> IdentityLook:
    """Open who he is for ``WINDOW`` and for this member of staff alone; the reason is sealed and will be reviewed."""
    look = IdentityLook(id=new_id(), person_id=flag.person_id, flag_id=flag.id, staff_id=staff_id, at=at)
    look.until = at + WINDOW
    session.add(look)
    look.words = {"reason": reason.strip(), "review": ""}
    audit(session, actor=staff_id, action="flag.identity", subject=flag.id, at=at)
    return look


def window_of(session: Any, person_id: str, *, staff_id: str, at: datetime) -> IdentityLook | None:
    """Return the look through which this member of staff may see who he is now, or None."""
    query = select(IdentityLook).filter_by(person_id=person_id, staff_id=staff_id).where(IdentityLook.until > at)
    found: IdentityLook | None = session.execute(query.order_by(IdentityLook.until.desc()).limit(1)).scalar()
    return found


def sheet_of(session: Any, person_id: str) -> dict[str, str]:
    """Return what staff wrote down about who he is; empty where nothing was.

    Raises:
        SealBrokenError: It cannot be opened.
    """
    row = session.execute(select(IdentitySheet).filter_by(person_id=person_id)).scalar()
    return dict(row.body.reveal()) if row is not None and row.body is not None else {}


def keep_sheet(session: Any, flag: Flag, fields: Mapping[str, str], *, staff_id: str, at: datetime) -> None:
    """Write down who he is, as he told staff, in place of what stood there."""
    row = session.execute(select(IdentitySheet).filter_by(person_id=flag.person_id)).scalar()
    if row is None:
        row = IdentitySheet(id=new_id(), person_id=flag.person_id, updated_by=staff_id, updated_at=at)
        session.add(row)
    row.updated_by, row.updated_at = staff_id, at
    row.body = {name: fields.get(name, "").strip() for name in FIELDS}
    audit(session, actor=staff_id, action="flag.identity_kept", subject=flag.id, at=at)


def unreviewed(session: Any, *, limit: int) -> list[IdentityLook]:
    """Return the looks that nobody has reviewed, the oldest first."""
    query = select(IdentityLook).where(IdentityLook.reviewed_at.is_(None)).order_by(IdentityLook.at, IdentityLook.id)
    return list(session.execute(query.limit(limit)).scalars())


def reviewed(session: Any, *, limit: int) -> list[IdentityLook]:
    """Return the looks that were reviewed, the latest first."""
    query = select(IdentityLook).where(IdentityLook.reviewed_at.isnot(None))
    return list(session.execute(query.order_by(IdentityLook.reviewed_at.desc()).limit(limit)).scalars())


def review_look(session: Any, look_id: str, *, staff_id: str, in_order: bool, words: str, at: datetime) -> None:
    """Write down what somebody else makes of a look.

    Raises:
        FlagConflictError: It is his own, or it was reviewed already.
    """
    look = session.get(IdentityLook, look_id)
    if look is None or look.reviewed_at is not None or look.staff_id == staff_id:
        raise FlagConflictError("This was reviewed already, or it is your own look: somebody else reviews it.")
    look.reviewed_by, look.reviewed_at, look.in_order = staff_id, at, in_order
    if look.words is not None:  # none: he had everything wiped meanwhile
        look.words = look.words.reveal() | {"review": words.strip()}
    audit(session, actor=staff_id, action="flag.identity_reviewed", subject=look.flag_id, at=at)
