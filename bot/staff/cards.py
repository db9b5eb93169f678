"""A flag as staff see it, without opening anything that is sealed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.escalation.flags import HELD_STATES, OPEN_STATES
from bot.staff import accounts, phrases
from bot.storage.models import Flag

PSEUDONYM_SHOWN = 8  # characters of the 32
_ROUND_UP = timedelta(seconds=59)  # who has just taken a flag reads "10 min", not "9 min"


@dataclass(frozen=True)
class Card:
    """What the queue and the head of the flag page show.

    Attributes:
        id: The flag's id.
        version: What claim and resolve compare with.
        person: First 8 characters of his pseudonym.
        level: ``red``, ``orange`` or ``yellow``.
        level_words: The level in words.
        kind: What happened, in words.
        opened_at: When the flag was opened.
        open_for: How long ago that was.
        clock: Time left, or by how much it is overdue.
        is_overdue: Whether its clock has run out.
        is_closed: Whether somebody resolved it.
        closed_at: When, or None.
        holder: Name of the one who holds it now, or None.
        held_for: How much longer, in words; empty when nobody holds it.
        last_holder: Name of the one whose lease ran out, or None.
        is_mine: Whether the reader took it last, also when his ten minutes are over.
        is_free: Whether the reader may take it.
    """

    id: str
    version: int
    person: str
    level: str
    level_words: phrases.LevelWords
    kind: str
    opened_at: datetime
    open_for: str
    clock: str
    is_overdue: bool
    is_closed: bool
    closed_at: datetime | None
    holder: str | None
    held_for: str
    last_holder: str | None
    is_mine: bool
    is_free: bool


def cards_of(session: Any, flags: Iterable[Flag], *, reader_id: str, at: datetime) -> list[Card]:
    """Return the cards of these flags in their order, as this reader sees them now."""
    flags = list(flags)
    names = accounts.names_of(session, {flag.claimed_by for flag in flags if flag.claimed_by})
    return [_card(flag, names, reader_id, at) for flag in flags]


def _card(flag: Flag, names: Mapping[str, str], reader_id: str, at: datetime) -> Card:
    is_claimed = flag.state in HELD_STATES
    is_held = is_claimed and flag.claimed_until >= at
    name = names.get(flag.claimed_by, "a former colleague") if is_claimed else None
    is_mine = is_claimed and flag.claimed_by == reader_id
    return Card(
        id=flag.id,
        version=flag.version,
        person=flag.person_id[:PSEUDONYM_SHOWN],
        level=flag.level,
        level_words=phrases.level_words(flag.level),
        kind=phrases.kind_words(flag.kind),
        opened_at=flag.opened_at,
        open_for=phrases.duration(at - flag.opened_at),
        clock=phrases.clock_words(flag.due_at, at),
        is_overdue=at > flag.due_at,
        is_closed=flag.state not in OPEN_STATES,
        closed_at=flag.closed_at,
        holder=name if is_held else None,
        held_for=phrases.duration(flag.claimed_until - at + _ROUND_UP) if is_held else "",
        last_holder=None if is_held else name,
        is_mine=is_mine,
        is_free=flag.state in OPEN_STATES and (not is_claimed or not (is_held or is_mine)),
    )
