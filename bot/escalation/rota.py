"""Who is on call, in which place of the line, and how each is reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select

from bot.errors import SettingError
from bot.escalation.journal import audit
from bot.storage.alarm_models import Shift, StaffContact
from bot.storage.columns import new_id
from bot.storage.models import StaffAccount

FIRST, SECOND, LEADS = TIERS = (1, 2, 3)
LONGEST_SHIFT = timedelta(days=31)
MAIL, CHAT = "mail", "chat"
OWN_CHANNELS = (MAIL, CHAT)
MOST_WAYS = 3
LONGEST_ADDRESS = 254


@dataclass(frozen=True)
class OnCall:
    """Somebody who is on call, with how he is reached: channel and address, the best first."""

    staff_id: str
    ways: tuple[tuple[str, str], ...]


def on_call(session: Any, tiers: tuple[int, ...], *, at: datetime) -> list[OnCall]:
    """Return who is on call now in these places of the line and can be reached at all; nobody comes twice."""
    query = select(Shift.staff_id).join(StaffAccount, StaffAccount.id == Shift.staff_id)
    query = query.where(Shift.tier.in_(tiers), Shift.starts_at <= at, Shift.ends_at > at)
    query = query.where(StaffAccount.disabled_at.is_(None)).group_by(Shift.staff_id)
    query = query.order_by(func.min(Shift.starts_at), Shift.staff_id)
    return _reachable(session, session.execute(query).scalars().all())


def leads(session: Any) -> list[OnCall]:
    """Return every lead who can be reached: for when nobody is on call."""
    query = select(StaffAccount.id).filter_by(role="lead").where(StaffAccount.disabled_at.is_(None))
    return _reachable(session, session.execute(query.order_by(StaffAccount.id)).scalars().all())


def ways_of(session: Any, staff_id: str) -> list[tuple[str, str]]:
    """Return channel and address of each way to reach somebody, the best first."""
    query = select(StaffContact).filter_by(staff_id=staff_id).order_by(StaffContact.place)
    return [(row.channel, row.address) for row in session.execute(query).scalars()]


def set_ways(session: Any, staff_id: str, ways: list[tuple[str, str]], *, actor: str, at: datetime) -> None:
    """Replace how somebody is reached.

    Raises:
        SettingError: A channel is unknown or an address cannot be one.
    """
    if len(ways) > MOST_WAYS:
        raise SettingError(f"At most {MOST_WAYS} ways are kept for one person.")
    for channel, address in ways:
        _check_address(channel, address)
    session.execute(delete(StaffContact).where(StaffContact.staff_id == staff_id))
    for place, (channel, address) in enumerate(ways):
        session.add(StaffContact(id=new_id(), staff_id=staff_id, place=place, channel=channel, address=address))
    audit(session, actor=actor, action="rota.ways", subject=staff_id, at=at)


def add_shift(
    session: Any, *, staff_id: str, tier: int, starts_at: datetime, ends_at: datetime, actor: str, at: datetime
) -> str:
    """Put somebody on call and return the shift's id.

    Raises:
        SettingError: There is no such person or place, or the span is empty, over already or too long.
    """
    account = session.get(StaffAccount, staff_id)
    if account is None or account.disabled_at is not None or tier not in TIERS:
        raise SettingError("There is no open account, or no place in the line, of that name.")
    if not starts_at < ends_at <= starts_at + LONGEST_SHIFT or ends_at <= at:
        raise SettingError(f"A shift ends after it begins and after now, and lasts {LONGEST_SHIFT.days} days at most.")
    shift = Shift(id=new_id(), staff_id=staff_id, tier=tier, starts_at=starts_at, ends_at=ends_at)
    shift.made_by, shift.made_at = actor, at
    session.add(shift)
    audit(session, actor=actor, action="rota.add", subject=shift.id, at=at)
    return str(shift.id)


def remove_shift(session: Any, shift_id: str, *, actor: str, at: datetime) -> bool:
    """Take a shift out of the rota; return whether it was there."""
    shift = session.get(Shift, shift_id)
    if shift is None:
        return False
    session.delete(shift)
    audit(session, actor=actor, action="rota.remove", subject=shift_id, at=at)
    return True


def coming_shifts(session: Any, *, at: datetime, limit: int) -> list[Shift]:
    """Return the shifts that go on or are to come, the earliest first."""
    query = select(Shift).where(Shift.ends_at > at).order_by(Shift.starts_at, Shift.tier, Shift.id)
    return list(session.execute(query.limit(limit)).scalars())


def first_gap(session: Any, *, at: datetime, within: timedelta) -> datetime | None:
    """Return the first moment within a span at which nobody is first on call; None if there is always somebody."""
    query = select(Shift.starts_at, Shift.ends_at).where(Shift.tier == FIRST, Shift.ends_at > at)
    covered = at
    for starts_at, ends_at in session.execute(query.order_by(Shift.starts_at)):
        if starts_at > covered:
            break
        covered = max(covered, ends_at)
    return covered if covered < at + within else None


def _reachable(session: Any, staff_ids: list[str]) -> list[OnCall]:
    found = [OnCall(staff_id, tuple(ways_of(session, staff_id))) for staff_id in staff_ids]
    return [one for one in found if one.ways]


def _check_address(channel: str, address: str) -> None:
    if channel == MAIL:
        name, at_sign, place = address.rpartition("@")
        fits = bool(name and at_sign and "." in place) and address.isascii() and address.isprintable()
        fits = fits and not set(address) & set(' <>,;:"()[]\\') and len(address) <= LONGEST_ADDRESS
        if not fits:
            raise SettingError(f"{address!r} is no mail address.")
    elif channel == CHAT:
        if not (address.removeprefix("-").isdecimal() and address.isascii() and len(address) <= 20):
            raise SettingError(f"{address!r} is no Telegram chat id: it is a number such as 123456789.")
    else:
        raise SettingError(f"There is no channel {channel!r}.")
