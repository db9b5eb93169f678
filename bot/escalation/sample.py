"""A weekly random sample of messages that raised no flag, so that staff see what the screening misses.

The draw is fair and can be repeated: each message gets a keyed number from its id and the week, and those with the
smallest are drawn. Nobody can foresee or steer it without the key. Only men are drawn from who said yes to the wording
that tells of it, and what is shown does not say who he is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

from sqlalchemy import func, select

from bot.consent import STORAGE, has_given
from bot.crisis import Level
from bot.errors import KeyFileError, KeyMissingError, SealBrokenError, SettingError
from bot.escalation.flags import ORANGE, raise_by_hand
from bot.escalation.journal import audit
from bot.storage.alarm_models import SampledMessage, SampleWeek
from bot.storage.columns import new_id
from bot.storage.models import Flag, InboxMessage

SIZE = 30  # messages a week: with none missed, the interval's upper end is 11 %
FINE, MISSED, UNSURE = RATINGS = ("fine", "missed", "unsure")
Z_95 = 1.959964  # two-sided 95 %; the normal distribution's quantile
_UNOPENABLE = (SealBrokenError, KeyMissingError, KeyFileError)
_QUIET_LEVELS = (str(Level.NONE), str(Level.CONCERN))
_WITH_WORDS = ("text", "media")
REASON = "found in the weekly sample: the screening had raised no flag"


@dataclass(frozen=True)
class Estimate:
    """What the ratings say about misses.

    Attributes:
        rated: How many messages were rated fine or missed.
        missed: How many of them were missed.
        unsure: How many could not be told; they count for neither.
        low: Lower end of the 95 % interval of the share missed.
        high: Upper end.
    """

    rated: int
    missed: int
    unsure: int
    low: float
    high: float


def week_of(day: date) -> str:
    """Return the ISO week of a day, such as ``2026-W47``."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def last_week(at: datetime) -> str:
    """Return the newest week that is over."""
    return week_of((at - timedelta(days=7)).date())


def draw(session: Any, week: str, *, at: datetime) -> int:
    """Draw a week's sample, unless that was done; return how many messages were drawn.

    Raises:
        SettingError: The week is not over yet: what is drawn now could not be drawn again.
    """
    begin, end = _span(week)
    if end > at:
        raise SettingError(f"The week {week} is not over.")
    if session.get(SampleWeek, week) is not None:
        return 0
    query = select(InboxMessage).where(InboxMessage.received_at >= begin, InboxMessage.received_at < end)
    query = query.where(InboxMessage.kind.in_(_WITH_WORDS), InboxMessage.body_sealed.isnot(None))
    eligible = _eligible(session, session.execute(query).scalars().all())
    drawn = sorted(eligible, key=lambda message_id: _lot(session, week, message_id))[:SIZE]
    session.add(SampleWeek(week=week, eligible=len(eligible), drawn_at=at))
    session.flush()
    for message_id in drawn:
        session.add(SampledMessage(id=new_id(), week=week, message_id=message_id))
    audit(session, actor="ballast", action="sample.draw", subject=week, at=at)
    return len(drawn)


def words_of(session: Any, row: SampledMessage) -> str | None:
    """Return what a drawn message says, or None where it was wiped or cannot be opened."""
    message = session.execute(select(InboxMessage).filter_by(id=row.message_id)).scalar()
    body = _opened(message, "body") if message is not None else None
    return (body.get("text") or body.get("caption")) if body else None


def next_unrated(session: Any, week: str) -> SampledMessage | None:
    """Return the next message of a week that nobody has rated and whose words are still there."""
    query = select(SampledMessage).filter_by(week=week, rating=None).order_by(SampledMessage.id)
    return next((row for row in session.execute(query).scalars() if words_of(session, row)), None)


def rate(session: Any, sample_id: str, rating: str, *, staff_id: str, at: datetime) -> str | None:
    """Write a rating down; a missed one opens a flag, for the man may still be in danger.

    Returns:
        The flag's id, or None.

    Raises:
        SettingError: There is no such message to rate, or no such rating.
    """
    row = session.get(SampledMessage, sample_id)
    if row is None or row.rating is not None or rating not in RATINGS:
        raise SettingError("This message was rated already, or there is no such rating.")
    row.rating, row.rated_by, row.rated_at = rating, staff_id, at
    audit(session, actor=staff_id, action="sample.rate", subject=sample_id, at=at)
    person_id = session.execute(select(InboxMessage.person_id).filter_by(id=row.message_id)).scalar()
    if rating != MISSED or person_id is None:
        return None
    flag = raise_by_hand(session, person_id=person_id, level=ORANGE, reason=REASON, staff_id=staff_id, at=at)
    return str(flag.id)


def estimate(session: Any, weeks: list[str]) -> Estimate:
    """Return the estimate of misses over some weeks."""
    query = select(SampledMessage.rating, func.count()).where(SampledMessage.week.in_(weeks))
    counts: dict[str, int] = dict(tuple(row) for row in session.execute(query.group_by(SampledMessage.rating)))
    missed, rated = counts.get(MISSED, 0), counts.get(MISSED, 0) + counts.get(FINE, 0)
    low, high = wilson(missed, rated)
    return Estimate(rated, missed, counts.get(UNSURE, 0), low, high)


def wilson(hits: int, tries: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share; from 0 to 1 where nothing was tried.

    Source: Wilson 1927, J Am Stat Assoc 22:209-212.
    """
    if not tries:
        return 0.0, 1.0
    share, square = hits / tries, Z_95**2
    centre = (share + square / (2 * tries)) / (1 + square / tries)
    half = Z_95 / (1 + square / tries) * math.sqrt(share * (1 - share) / tries + square / (4 * tries**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def _span(week: str) -> tuple[datetime, datetime]:
    try:
        monday = date.fromisocalendar(int(week[:4]), int(week[6:]), 1)
    except ValueError:
        raise SettingError(f"{week!r} is no week such as 2026-W47.") from None
    begin = datetime.combine(monday, time(), timezone.utc)
    return begin, begin + timedelta(days=7)


def _eligible(session: Any, messages: list[InboxMessage]) -> list[str]:
    """Return the ids of messages with words that raised no flag, of men who said yes to the present wording."""
    consented: dict[str, bool] = {}
    flagged: dict[str, frozenset[str] | None] = {}
    found = []
    for message in messages:
        person_id = message.person_id
        if person_id not in consented:
            consented[person_id] = has_given(session, person_id, STORAGE)
            flagged[person_id] = _flagged(session, person_id)
        named = flagged[person_id]
        if consented[person_id] and named is not None and message.id not in named and _is_quiet(message):
            found.append(message.id)
    return found


def _flagged(session: Any, person_id: str) -> frozenset[str] | None:
    """Return the messages that his flags name; None where a flag cannot be opened: then none of his is drawn."""
    named: set[str] = set()
    for flag in session.execute(select(Flag).filter_by(person_id=person_id)).scalars():
        entries = _opened(flag, "reasons")
        if entries is None and flag.reasons_sealed is not None:
            return None
        named |= {entry["message_id"] for entry in entries or () if entry.get("message_id")}
    return frozenset(named)


def _is_quiet(message: InboxMessage) -> bool:
    screening, body = _opened(message, "screening"), _opened(message, "body")
    has_words = bool(body) and bool(body.get("text") or body.get("caption"))
    is_command = has_words and str(body.get("text") or "").startswith("/")
    return bool(screening) and screening.get("level") in _QUIET_LEVELS and has_words and not is_command


def _opened(row: Any, column: str) -> Any:
    try:
        secret = getattr(row, column)
        return None if secret is None else secret.reveal()
    except _UNOPENABLE:
        return None


def _lot(session: Any, week: str, message_id: str) -> bytes:
    lot: bytes = session.info["vault"].keyring.mark("sample", f"{week} {message_id}".encode())
    return lot
