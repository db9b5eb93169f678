"""The erasure ledger: who was erased, kept apart from the database, so that no restore brings anybody back.

A text file, one erasure a line (``time pseudonym link``), each line bound to the one before by a MAC. No content.
Replayed after every restore (``ballast restore``), copied with every backup.
"""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.crypto import KeyRing
from bot.errors import StorageError


@dataclass(frozen=True)
class Erasure:
    """One line of the ledger."""

    at: str
    person_id: str
    link: bytes


class ErasureLedger:
    """The ledger at one place.

    Args:
        path: The file; made with the first erasure.
        keyring: Signs and checks the lines.
    """

    def __init__(self, path: Path, keyring: KeyRing) -> None:
        self.path = path
        self._keyring = keyring

    def append(self, person_id: str, *, at: datetime) -> None:
        """Write an erasure down, all the way to the disk. Called before the erasure is committed: done twice is done.

        Raises:
            StorageError: The ledger cannot be written or was changed.
        """
        known = self.read()
        when = at.isoformat()
        link = self._link(known[-1].link if known else b"", when, person_id)
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "ab") as file:
                file.write(self._repair(file.fileno()) + f"{when} {person_id} {link.hex()}\n".encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StorageError(f"The erasure ledger {self.path} cannot be written: {error.strerror}.") from error

    @staticmethod
    def _repair(descriptor: int) -> bytes:
        """Return a newline if the last line was cut off by a crash, so that the next one stands by itself."""
        size = os.fstat(descriptor).st_size
        return b"\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else b""

    def read(self) -> list[Erasure]:
        """Return all erasures, oldest first; a line that a crash cut off is passed over.

        Raises:
            StorageError: A line was changed, taken out or put in.
        """
        if not self.path.exists():
            return []
        found: list[Erasure] = []
        lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        for number, line in enumerate(lines, 1):
            parts = line.split()
            if len(parts) != 3 or len(parts[2]) != 64:
                continue
            at, person_id, link = parts
            expected = self._link(found[-1].link if found else b"", at, person_id)
            if not hmac.compare_digest(link, expected.hex()):
                raise StorageError(f"Line {number} of the erasure ledger {self.path} was changed or is out of place.")
            found.append(Erasure(at, person_id, expected))
        return found

    def _link(self, previous: bytes, at: str, person_id: str) -> bytes:
        return self._keyring.mark("erasure", previous + f"{at} {person_id}".encode())
