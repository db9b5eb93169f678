"""Erase one man for good: ledger first, then his key and rows, then the bytes that the database would leave lying."""

from __future__ import annotations

from datetime import datetime

from bot.escalation.flags import close_for_erasure
from bot.escalation.journal import audit
from bot.storage import Database
from bot.storage.ledger import ErasureLedger
from bot.storage.models import Person
from bot.storage.retention import erase_person, truncate_journal


def erase(database: Database, ledger: ErasureLedger, person_id: str, *, actor: str, at: datetime) -> bool:
    """Destroy his key and everything he said.

    Args:
        database: Where he lives.
        ledger: Replayed after a restore; written first, so that no crash loses an erasure.
        person_id: Who.
        actor: ``person`` for /forget, ``operator``, or ``ballast`` for retention.
        at: Now.

    Returns:
        Whether the database has also let go of the bytes; else ``truncate_journal`` must be tried again.
    """
    ledger.append(person_id, at=at)
    erase_again(database, person_id, actor=actor, at=at)
    return truncate_journal(database)


def erase_again(database: Database, person_id: str, *, actor: str, at: datetime) -> bool:
    """Erase a man whom the ledger holds already; return whether anything of him was there."""
    with database.write() as session:
        person = session.get(Person, person_id)
        if person is None or (person.chat_sealed is None and not database.vault.has_key(session, person_id)):
            return False
        close_for_erasure(session, person_id, at=at)
        erase_person(session, person_id)
        audit(session, actor=actor, action="person.erase", subject=person_id, at=at)
    return True
