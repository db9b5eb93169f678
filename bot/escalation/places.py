"""Entries of the directory as a lead changed, added or withdrew them: rows above ``bot/directory/entries.yml``.

Every process that tells men of places reads them once a minute. A row that cannot be read is passed over: the entry
in the file stands then, and a number is better than none.
"""

from __future__ import annotations

import json
import logging
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot.directory.entries import Change, Entry, entry_of, use_changes
from bot.errors import DirectoryError, StorageError
from bot.escalation.journal import audit
from bot.logs import log_event
from bot.storage import Database
from bot.storage.alarm_models import DirectoryChange

EVERY = timedelta(minutes=1)
_log = logging.getLogger("ballast.directory")
_read_at: dict[str, datetime] = {}


def refresh(database: Database, *, at: datetime) -> None:
    """Read the changes, if the last time is a minute ago; a database that cannot be read changes nothing."""
    read_at = _read_at.get(database.url)
    if read_at is not None and abs(at - read_at) < EVERY:
        return
    _read_at[database.url] = at
    try:
        with database.read() as session:
            use_changes(changes_of(session))
    except StorageError:
        log_event(_log, "directory.not_read", level=logging.ERROR)


def changes_of(session: Any) -> list[Change]:
    """Return the changes as they stand, leaving out what cannot be read."""
    found = []
    for row in session.execute(select(DirectoryChange).order_by(DirectoryChange.entry_id)).scalars():
        try:
            found.append(Change(row.entry_id, None if row.is_hidden else entry_of(json.loads(row.body))))
        except (DirectoryError, ValueError, TypeError):
            log_event(_log, "directory.unreadable", level=logging.ERROR, entry=row.entry_id)
    return found


def change_entry(session: Any, row: dict[str, Any], *, staff_id: str, at: datetime, is_hidden: bool = False) -> Entry:
    """Write down how an entry reads from now on, or that it is withdrawn.

    Args:
        session: A writing transaction.
        row: The entry's fields, as in ``entries.yml``.
        staff_id: Who says so.
        at: Now.
        is_hidden: Whether no man is told of it any more.

    Raises:
        DirectoryError: A field is missing or malformed, or source and day of checking are not there.
    """
    entry = entry_of({**row, "checked_on": _day(row.get("checked_on"), at.date())})
    if not entry.source.startswith(("https://", "http://")) and not is_hidden:
        raise DirectoryError("A source is needed: the address of the page on which these facts stand.")
    kept = json.dumps(row, ensure_ascii=False, sort_keys=True, default=str)
    found = session.get(DirectoryChange, entry.id)
    if found is None:
        found = DirectoryChange(entry_id=entry.id)
        session.add(found)
    found.body, found.is_hidden, found.changed_by, found.changed_at = kept, is_hidden, staff_id, at
    action = "directory.withdraw" if is_hidden else "directory.change"
    audit(session, actor=staff_id, action=action, subject=entry.id, at=at)
    _read_at.clear()
    return entry


def undo_change(session: Any, entry_id: str, *, staff_id: str, at: datetime) -> bool:
    """Let an entry read again as in the file; return whether it had been changed."""
    found = session.get(DirectoryChange, entry_id)
    if found is None:
        return False
    session.delete(found)
    audit(session, actor=staff_id, action="directory.undo", subject=entry_id, at=at)
    _read_at.clear()
    return True


def _day(value: Any, today: date) -> date:
    try:
        day = value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        raise DirectoryError("The day on which the source was read is needed.") from None
    if day > today:
        raise DirectoryError("The day on which the source was read is not in the future.")
    return day
