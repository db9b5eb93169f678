"""Open what is sealed about one flag: why it fired, what he wrote around it, how it was closed.

Everything here is called inside the transaction that writes the audit row. A value that cannot be opened
comes back as ``UNOPENED`` in its place, so that one damaged row never hides the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import select

from bot.errors import KeyFileError, KeyMissingError, SealBrokenError
from bot.storage.models import Flag, InboxMessage, OutboxMessage
from bot.turns.outbox import is_by_staff

AROUND = 10  # messages shown around each one that the flag names, half of them before it
LATEST_NAMED = 20  # of a flag that fired often, the newest so many are shown
UNOPENABLE = (SealBrokenError, KeyMissingError, KeyFileError)


class Unopened:
    """Stands where a sealed value could not be opened. It is false, so that templates can ask."""

    def __bool__(self) -> Literal[False]:
        return False


UNOPENED: Final = Unopened()


@dataclass(frozen=True)
class Firing:
    """One time that the flag fired."""

    at: datetime | None
    level: str
    reasons: tuple[str, ...]
    message_id: str | None


@dataclass(frozen=True)
class Message:
    """One message of the conversation, opened.

    Attributes:
        id: Its row.
        at: When it came in or was written.
        is_his: Whether he wrote it, not Ballast.
        text: The words, ``UNOPENED``, or None when the message has none.
        note: What there was besides words, such as a pressed button or an answer that has not been delivered.
        is_named: Whether the flag fired on it.
        is_staff: Whether a person at the clinic wrote it.
    """

    id: str
    at: datetime
    is_his: bool
    text: str | Unopened | None
    note: str
    is_named: bool
    is_staff: bool = False


def open_value(secret: Any) -> Any:
    """Return the value of a sealed column, None if it is empty, or ``UNOPENED``."""
    try:
        return None if secret is None else secret.reveal()
    except UNOPENABLE:
        return UNOPENED


def firings_of(flag: Flag) -> list[Firing] | Unopened:
    """Return each time that the flag fired, newest first, or ``UNOPENED``."""
    value = _opened(flag, "reasons")
    if isinstance(value, Unopened):
        return value
    return [_firing(entry) for entry in reversed(value or [])]


def resolution_of(flag: Flag) -> Mapping[str, Any] | Unopened | None:
    """Return outcome, note and author of a closed flag, None while it is open, or ``UNOPENED``."""
    value: Mapping[str, Any] | Unopened | None = _opened(flag, "resolution")
    return value


def messages_of(session: Any, flag: Flag) -> list[Message]:
    """Return the messages that the flag names and the ten around each, oldest first.

    A flag that names none, as after a questionnaire, shows the messages around its opening.
    """
    firings = firings_of(flag) or []
    named = {firing.message_id for firing in firings[:LATEST_NAMED] if firing.message_id}
    rows = _rows(session, select(InboxMessage).filter_by(person_id=flag.person_id).where(InboxMessage.id.in_(named)))
    moments = [row.received_at for row in rows] or [flag.opened_at]
    found = {row.id: row for row in rows}
    for moment in moments:
        found |= {row.id: row for row in _around(session, flag.person_id, moment)}
    return [message_of(row, is_named=row.id in named) for row in sorted(found.values(), key=place_of)]


def _opened(row: Any, column: str) -> Any:
    # Reading the descriptor already opens the person's key, so this too is inside the try.
    try:
        return open_value(getattr(row, column))
    except UNOPENABLE:
        return UNOPENED


def _firing(entry: Mapping[str, Any]) -> Firing:
    at = datetime.fromisoformat(entry["at"]) if entry.get("at") else None
    return Firing(at, str(entry.get("level", "")), tuple(entry.get("reasons") or ()), entry.get("message_id"))


def _around(session: Any, person_id: str, moment: datetime) -> list[Any]:
    sides: list[tuple[Any, Any]] = [
        (InboxMessage, InboxMessage.received_at),
        (OutboxMessage, OutboxMessage.created_at),
    ]
    before: list[Any] = []
    after: list[Any] = []
    for model, at in sides:
        mine = select(model).where(model.person_id == person_id)
        before += _rows(session, mine.where(at < moment).order_by(at.desc(), model.seq.desc()).limit(AROUND // 2))
        after += _rows(session, mine.where(at >= moment).order_by(at, model.seq).limit(AROUND // 2 + 1))
    # The message itself is the first of those after; hence one more on that side.
    return sorted(before, key=place_of)[-(AROUND // 2) :] + sorted(after, key=place_of)[: AROUND // 2 + 1]


def _rows(session: Any, query: Any) -> list[Any]:
    return list(session.execute(query).scalars())


def place_of(row: Any) -> tuple[datetime, bool, int]:
    """Return a row's place in the conversation: by time, and at the same time his message before our answer."""
    is_ours = isinstance(row, OutboxMessage)
    return (row.created_at if is_ours else row.received_at, is_ours, row.seq)


def message_of(row: Any, *, is_named: bool) -> Message:
    """Return one row of inbox or outbox, opened."""
    is_his = isinstance(row, InboxMessage)
    body = _opened(row, "body")
    text: str | Unopened | None = body if isinstance(body, Unopened) else _text(body)
    note = _his_note(body) if is_his else _our_note(row.state)
    return Message(row.id, place_of(row)[0], is_his, text, note, is_named, not is_his and is_by_staff(row))


def _text(body: Any) -> str | None:
    if not isinstance(body, Mapping):
        return None
    parts = [str(body[name]) for name in ("text", "caption") if body.get(name)]
    return "\n".join(parts) or None


def _his_note(body: Any) -> str:
    if not isinstance(body, Mapping) or _text(body):
        return ""
    if str(body.get("payload") or "").startswith("/check_back"):
        return "a check-back was due; he wrote nothing"
    return "pressed a button" if body.get("button") else "sent something without words"


def _our_note(state: str) -> str:
    notes = {"sent": "", "undeliverable": "could not be delivered", "uncertain": "may not have arrived"}
    return notes.get(state, "not sent yet")
