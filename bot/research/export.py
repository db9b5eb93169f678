"""Write the dialogues of consenting men to a file without names, and write down that it was done."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bot.clock import Clock
from bot.consent import RESEARCH, has_given
from bot.errors import BallastError
from bot.escalation import audit
from bot.logs import log_event
from bot.research.dialogues import Counts, consenting_men, dialogue_of
from bot.storage import Database

LONGEST_REASON = 64  # what one audit row's subject holds, in characters
_log = logging.getLogger(__name__)


class ExportError(BallastError):
    """An export cannot be made: no reason was given, or a man took his consent back while it ran."""


@dataclass(frozen=True)
class ExportReport:
    """What was exported.

    Attributes:
        counts: Dialogues, turns and withheld turns.
        sha256: Hash of the file, as the audit names it.
    """

    counts: Counts
    sha256: str


@dataclass
class _Draft:
    """A file that is being written beside its target."""

    file: Any
    digest: Any = field(default_factory=hashlib.sha256)

    def write(self, line: dict[str, Any]) -> None:
        raw = json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        self.digest.update(raw)
        self.file.write(raw)

    def settle(self) -> None:
        """Have every line on the disk, so that only the move can fail once the audit is written."""
        self.file.flush()
        os.fsync(self.file.fileno())


def export_dialogues(
    database: Database, out: Path, *, staff: str, purpose: str, protocol: str, clock: Clock
) -> ExportReport:
    """Write one JSON line a turn for every man with a current research consent.

    Each man is read in a transaction of his own, so that a long export does not hold up the gate or keep keys
    in memory. Consents are looked at again in the transaction that writes the audit; then the file appears.

    Args:
        database: Where the dialogues are.
        out: The file, replaced as a whole or left as it was.
        staff: Who exports.
        purpose: What for, up to 64 characters.
        protocol: The study protocol that allows it, up to 64 characters.
        clock: Tells the time of the audit row.

    Raises:
        ExportError: A reason is missing or too long, or a consent was withdrawn. Nothing is written.
        OSError: The file cannot be written. Nothing is left behind.
        StorageError: The database cannot be used now.
    """
    reasons = {"staff": staff, "purpose": purpose, "protocol": protocol}
    _check_reasons(reasons)
    counts = Counts()
    with _draft_beside(out) as draft:
        exported = _write_dialogues(database, draft, counts)
        draft.settle()
        report = ExportReport(counts, draft.digest.hexdigest())
        _write_down(database, exported, report, reasons, clock)
    log_event(_log, "research.export", **asdict(counts), sha256=report.sha256)
    return report


def _check_reasons(reasons: dict[str, str]) -> None:
    for name, value in reasons.items():
        if not value.strip() or len(value) > LONGEST_REASON:
            raise ExportError(f"An export needs a {name} of 1 to {LONGEST_REASON} characters for the audit.")


@contextmanager
def _draft_beside(out: Path) -> Iterator[_Draft]:
    """Yield a private file (0600) that takes the target's place at the end, or vanishes."""
    descriptor, name = tempfile.mkstemp(prefix=".export-", suffix=".part", dir=out.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield _Draft(file)
        Path(name).replace(out)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _write_dialogues(database: Database, draft: _Draft, counts: Counts) -> list[str]:
    """Write all dialogues in an order that says nothing, and return whose they are."""
    with database.read() as session:
        men = consenting_men(session)
    secrets.SystemRandom().shuffle(men)
    exported = []
    for person_id in men:
        with database.read() as session:
            if has_given(session, person_id, RESEARCH):
                exported.append(person_id)
                _write_dialogue(session, person_id, draft, counts)
    return exported


def _write_dialogue(session: Any, person_id: str, draft: _Draft, counts: Counts) -> None:
    pseudonym, before = secrets.token_hex(8), counts.turns
    for turn in dialogue_of(session, person_id, counts):
        draft.write({"dialogue": pseudonym, **asdict(turn)})
    counts.dialogues += counts.turns > before


def _write_down(
    database: Database, exported: list[str], report: ExportReport, reasons: dict[str, str], clock: Clock
) -> None:
    """Confirm the consents and write the audit in one transaction."""
    counts, at = report.counts, clock()
    subjects = {
        "research.export": report.sha256,
        "research.export.purpose": reasons["purpose"],
        "research.export.protocol": reasons["protocol"],
        "research.export.counts": f"{counts.dialogues}/{counts.turns}/{counts.withheld}",
    }
    with database.write() as session:
        if not all(has_given(session, person_id, RESEARCH) for person_id in exported):
            raise ExportError("A consent was withdrawn while the export ran. Nothing was written; start it again.")
        for action, subject in subjects.items():
            audit(session, actor=reasons["staff"], action=action, subject=subject, at=at)
