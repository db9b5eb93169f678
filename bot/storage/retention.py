"""Erase one man, and let go of what a man who wants no log has said."""

from __future__ import annotations

import os
import re
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from bot.errors import KeyMissingError, SealBrokenError
from bot.storage.clinic_models import CaseNote, Conversation, IdentityLook, IdentitySheet, SecondLook, TestCandidate
from bot.storage.coding_models import Coding, CodingTurn
from bot.storage.engine import BUSY_TIMEOUT_MS
from bot.storage.models import (
    ButtonToken,
    Consent,
    Flag,
    FollowUp,
    InboxMessage,
    OutboxMessage,
    Person,
    PersonKey,
    Record,
    TrackerEvent,
    Turn,
)
from bot.storage.review_models import Correction, ReviewTurn

_STILL_HELD = re.compile(r"\n\w+:\s+[1-9]\d* ")  # "DETAIL:  3 dead row versions cannot be removed yet."
REWRITE_WITHIN_MS = 250  # nobody who writes to us waits longer than this for the housekeeping
_HIS_TABLES = (
    *(PersonKey, InboxMessage, OutboxMessage, Turn, TrackerEvent, ButtonToken, Consent, Record, FollowUp),
    *(Coding, CodingTurn, Correction, ReviewTurn),
    *(CaseNote, Conversation, IdentitySheet, TestCandidate),
)
_EMPTIED = (SecondLook, IdentityLook)  # who decided or looked stays, without a word of why


def erase_person(session: Any, person_id: str) -> None:
    """Destroy his key and everything he said, in the caller's transaction.

    What stays is a bare pseudonym with the flags that staff closed and who looked at him, emptied of words.
    """
    for model in _HIS_TABLES:
        session.execute(_quietly(delete(model).where(model.person_id == person_id)))
    for looks in _EMPTIED:
        session.execute(_quietly(update(looks).where(looks.person_id == person_id).values(words_sealed=None)))
    emptied = update(Flag).where(Flag.person_id == person_id)
    session.execute(_quietly(emptied.values(reasons_sealed=None, resolution_sealed=None)))
    gone = update(Person).where(Person.id == person_id)
    session.execute(_quietly(gone.values(chat_index=os.urandom(32), chat_sealed=None, settings_sealed=None)))


def truncate_journal(database: Any) -> bool:
    """Have the database let go of erased rows' bytes, so that a destroyed key does not linger in its files.

    SQLite folds its write-ahead log into the file and empties it. PostgreSQL keeps dead rows in place until it needs
    the room: the small table of keys is written anew into a fresh file. What it cannot do at once must be tried again.

    Returns:
        Whether it is done; False while somebody else reads, or where this role does not own the table of keys.
    """
    if database.engine.dialect.name == "sqlite":
        with database.engine.connect() as connection:
            cursor = connection.connection.cursor()
            busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy
    try:
        return _rewrite_keys(database.engine)
    except DBAPIError:
        return False


def _rewrite_keys(engine: Any) -> bool:
    file_of = "SELECT pg_relation_filenode('person_keys')"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        before = connection.exec_driver_sql(file_of).scalar()
        connection.exec_driver_sql(f"SET lock_timeout = {REWRITE_WITHIN_MS}")
        try:
            vacuum = connection.connection.cursor()
            vacuum.execute("VACUUM (FULL, VERBOSE) person_keys")  # only warns where it may not
            notices = "".join(vacuum.connection.notices)  # what an older reader still holds; gone after the next call
        finally:
            connection.exec_driver_sql(f"SET lock_timeout = {BUSY_TIMEOUT_MS}")
        is_rewritten = connection.exec_driver_sql(file_of).scalar() != before
        return is_rewritten and _STILL_HELD.search(notices) is None


def let_go(session: Any, person_ids: list[str], *, before: datetime) -> None:
    """Empty the messages of men who want no log, once they are older than the screening's window.

    Messages that a flag points to stay: they are the safety record. What the dialogue read and remembered before he
    chose goes as well. While staff and he write to each other nothing of his goes; he was told so.
    """
    talking = select(Conversation.person_id).where(Conversation.closed_at.is_(None))
    for person_id in sorted({*person_ids} - {*session.execute(talking).scalars()}):
        try:
            flagged = _flagged_messages(session, person_id)
        except (SealBrokenError, KeyMissingError):
            continue  # which messages his flag needs is not known: all stay
        his = update(InboxMessage).where(
            InboxMessage.person_id == person_id,
            InboxMessage.state.in_(("done", "failed", "unreadable")),
            InboxMessage.received_at < before,
            InboxMessage.id.notin_(flagged),
        )
        session.execute(_quietly(his.values(body_sealed=None, screening_sealed=None)))
        ours = update(OutboxMessage).where(
            OutboxMessage.person_id == person_id,
            OutboxMessage.state.notin_(("pending", "sending")),
            OutboxMessage.lane != "crisis",
            OutboxMessage.created_at < before,
        )
        session.execute(_quietly(ours.values(body_sealed=None)))
        offers = delete(ButtonToken).where(ButtonToken.person_id == person_id, ButtonToken.used_at < before)
        session.execute(_quietly(offers))
        read = update(Turn).where(Turn.person_id == person_id, Turn.at < before)
        session.execute(_quietly(read.values(reading_sealed=None)))
        remembered = delete(TrackerEvent).where(TrackerEvent.person_id == person_id, TrackerEvent.at < before)
        session.execute(_quietly(remembered))
        corrected = delete(Correction).where(Correction.person_id == person_id, Correction.at < before)
        session.execute(_quietly(corrected))


def _flagged_messages(session: Any, person_id: str) -> list[str]:
    flags = session.execute(select(Flag).filter_by(person_id=person_id)).scalars()
    entries = [entry for flag in flags if flag.reasons is not None for entry in flag.reasons.reveal()]
    return [entry["message_id"] for entry in entries if entry["message_id"]]


def _quietly(statement: Any) -> Any:
    return statement.execution_options(synchronize_session=False)
