"""Whether a process may be given work: one line a part, and each part looked at in spite of the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from sqlalchemy import text

from bot.crisis import load as load_screening
from bot.crypto import KeyRing
from bot.errors import BallastError
from bot.storage import Database
from bot.storage.migrate import head

KEPT_SECONDS = 1.0  # an answer is good for so long: asking often must not take the writers' turn from who receives
Check = Callable[[], str | None]


class Readiness:
    """Looks at the parts that every process stands on, and at those that one process adds.

    Args:
        database: Whose tables and keys.
        more: Further parts by name; each returns what is wrong, or None.
        screens: Whether this process screens, so that it needs the classifier.
        read_keys: Reads the key file anew; raises where it cannot be used.
    """

    def __init__(
        self,
        database: Database,
        more: Mapping[str, Check] | None = None,
        *,
        screens: bool = True,
        read_keys: Callable[[], KeyRing] | None = None,
    ) -> None:
        self._database = database
        self._read_keys = read_keys
        screening: dict[str, Check] = {"classifier": load_screening} if screens else {}
        checks = {"database": self._is_writable, "migrations": self._is_migrated, "keys": self._fits}
        self._checks: dict[str, Check] = {**checks, **screening, **(more or {})}
        self._kept: tuple[float, dict[str, str | None]] = (float("-inf"), {})

    def look(self) -> dict[str, str | None]:
        """Return what is wrong with each part, or None where it is well."""
        at, found = self._kept
        if time.monotonic() - at < KEPT_SECONDS:
            return found
        found = {part: _one_line(check) for part, check in self._checks.items()}
        self._kept = time.monotonic(), found
        return found

    def _is_writable(self) -> str | None:
        with self._database.write():
            return None

    def _is_migrated(self) -> str | None:
        with self._database.read() as session:
            at = session.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return None if at == head() else f"the database is at {at}, this version at {head()}"

    def _fits(self) -> str | None:
        if self._read_keys is not None:
            self._read_keys()
        with self._database.read() as session:
            self._database.vault.check_fits(session)
        return None


def _one_line(check: Check) -> str | None:
    try:
        fault = check()
    except BallastError as error:
        fault = str(error)
    except Exception as error:  # noqa: BLE001 - one part that cannot be looked at hides no other
        fault = type(error).__name__
    return None if fault is None else " ".join(fault.split())
