"""``ballast verify``: is every value, row, flag and audit entry as it was written, and nothing gone?

The anchor is a line to be kept where nobody who can write to the database can write: it catches what nothing inside the
database can, an earlier state of the whole of it put back.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bot.clock import utc_now
from bot.crypto import KeyRing
from bot.errors import StorageError
from bot.escalation import verify_audit
from bot.escalation.daily_head import signed_head
from bot.escalation.flags import OPEN_STATES
from bot.storage import Database
from bot.storage.checking import Findings, check_rows
from bot.storage.guard import is_audit_guarded
from bot.storage.models import AuditEntry, Flag, Tally
from bot.storage.tally import ALL


@dataclass
class Verdict:
    """What a look through everything found.

    Attributes:
        rows: Findings about values and rows.
        audit_entries: How many audit entries there are.
        audit_intact: How many at the chain's start are intact.
        odd_flags: Flags whose state no audit entry explains.
        guarded: Whether the database still refuses to change audit entries.
        anchor: None without one; else whether the database goes on from it.
    """

    rows: Findings
    audit_entries: int
    audit_intact: int
    odd_flags: list[str]
    guarded: bool
    anchor: bool | None

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found amiss."""
        whole = self.audit_entries == self.audit_intact and not self.odd_flags and self.guarded
        return self.rows.is_sound and whole and self.anchor is not False

    def sentences(self) -> list[str]:
        """Return what to print: ids and counts only."""
        found = [f"{self.rows.rows} rows and {self.rows.values} sealed values looked at."]
        found += [f"{table} {row} does not open." for table, row in self.rows.unopenable]
        found += [f"Rows of {scope} were deleted, added or put back." for scope in self.rows.miscounted]
        found += [f"The state of flag {flag} was not set by this program." for flag in self.odd_flags]
        if self.audit_intact < self.audit_entries:
            found.append(f"The audit's chain breaks after {self.audit_intact} of {self.audit_entries} entries.")
        if not self.guarded:
            found.append("The triggers that keep the audit are gone: somebody who owns the tables took them away.")
        if self.anchor is False:
            found.append("The database does not go on from the anchor: an earlier state is back, or its end is gone.")
        return [*found, "All is as it was written." if self.is_sound else "Something was changed. See docs/runbook.md."]


def look(database: Database, anchor: Path | None = None) -> Verdict:
    """Look through everything, in one moment of the database."""
    with database.read() as session:
        entries = session.execute(select(func.count()).select_from(AuditEntry)).scalar()
        continues = None if anchor is None else _continues(session, _read_anchor(anchor, database.vault.keyring))
        guarded = is_audit_guarded(session)
        return Verdict(check_rows(session), entries, verify_audit(session), _odd_flags(session), guarded, continues)


def _odd_flags(session: Any) -> list[str]:
    """Return flags that are open or closed without the audit entry that every step writes at the same moment."""
    moments = {(row.subject, row.at) for row in session.execute(select(AuditEntry.subject, AuditEntry.at))}
    odd = []
    for flag in session.execute(select(Flag.id, Flag.state, Flag.opened_at, Flag.closed_at)):
        explained = (flag.id, flag.opened_at) in moments
        if flag.closed_at is not None:
            explained = explained and (flag.id, flag.closed_at) in moments
        if (flag.closed_at is None) != (flag.state in OPEN_STATES) or not explained:
            odd.append(flag.id)
    return odd


def write_anchor(database: Database, path: Path) -> None:
    """Write the present head into a file, to be carried away; and note in the audit that this was done."""
    with database.write() as session:
        line = signed_head(session, at=utc_now())
    path.write_text(line + "\n", encoding="ascii")


def _read_anchor(path: Path, keyring: KeyRing) -> dict[str, Any]:
    try:
        signed = json.loads(path.read_text(encoding="ascii"))
        body = str(signed["body"])
        if not hmac.compare_digest(str(signed["mac"]), keyring.mark("anchor", body.encode()).hex()):
            raise ValueError("not ours")
        found: dict[str, Any] = json.loads(body)
    except (OSError, ValueError, KeyError, TypeError):
        raise StorageError(f"{path} is no anchor of this installation.") from None
    return found


def _continues(session: Any, anchor: dict[str, Any]) -> bool:
    entry = select(AuditEntry.mac).order_by(AuditEntry.seq).offset(anchor["entries"] - 1).limit(1)
    head = session.execute(entry).scalar()
    serial = session.execute(select(Tally.serial).filter_by(scope=ALL)).scalar() or 0
    return head is not None and bytes(head).hex() == anchor["head"] and serial >= anchor["serial"]
