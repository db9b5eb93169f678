"""The daily retention run: old rows go, silent men are erased, and only counts are logged."""

from __future__ import annotations

import logging
from datetime import datetime

from bot.escalation.erasure import erase
from bot.logs import log_event
from bot.storage import Database
from bot.storage.expiry import Retention, expire, silent_persons
from bot.storage.ledger import ErasureLedger
from bot.storage.retention import truncate_journal

_log = logging.getLogger("ballast.retention")


def run_retention(database: Database, ledger: ErasureLedger, retention: Retention, *, at: datetime) -> dict[str, int]:
    """Delete what is too old and return how many rows of each table, and how many men."""
    with database.write() as session:
        counts = expire(session, retention, now=at)
        silent = silent_persons(session, retention, now=at)
    for person_id in silent:
        erase(database, ledger, person_id, actor="ballast", at=at)
    counts["persons"] = len(silent)
    if any(counts.values()):
        truncate_journal(database)
    log_event(_log, "retention.done", **counts)
    return counts
