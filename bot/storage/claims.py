"""Who works on what: one process at a time for one man, over all processes that share one PostgreSQL.

SQLite has room for one process a door; a lock file beside the database sees to that, and the kernel gives it back when
the process dies. On PostgreSQL a claim is a session's advisory lock: it ends with the connection, so that a process
that was killed, or a machine that was cut off, holds nobody up for long.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path
from typing import Any

from bot.errors import StorageError
from bot.storage.database import Database

# A machine that is cut off is noticed by the server after this; until then nobody else works on its men.
_KEEPALIVE = "SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4"


class Claims:
    """What this process works on. Each claim is held until it is given back.

    Args:
        database: On SQLite every claim is granted: there is no other process.
        door: Claims of one door do not touch another's.
    """

    def __init__(self, database: Database, door: str) -> None:
        self._engine = database.engine
        self._is_shared = database.is_shared
        self._door = door
        self._held: set[str] = set()
        self._connection: Any = None

    def take(self, what: str) -> bool:
        """Return whether this process has the claim now, or had it before.

        Raises:
            StorageError: The database cannot be asked; whatever was held is held no more.
        """
        if what in self._held:
            return True
        if self._is_shared and not self._ask("pg_try_advisory_lock", what):
            return False
        self._held.add(what)
        return True

    def give_back(self, what: str) -> None:
        """Let another process have it."""
        if what not in self._held:
            return
        self._held.discard(what)
        if self._is_shared:
            try:
                self._ask("pg_advisory_unlock", what)
            except StorageError:
                return  # the connection is gone, and every claim with it

    def keep(self) -> None:
        """Look whether the claims are still held; to be called now and then where they are held for long.

        Raises:
            StorageError: They are not.
        """
        if self._connection is not None:
            self._ask("pg_try_advisory_lock_shared", "still there")
            self._ask("pg_advisory_unlock_shared", "still there")

    def close(self) -> None:
        """Give everything back."""
        self._held.clear()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, function: str, what: str) -> bool:
        errors = self._engine.dialect.dbapi.Error
        try:
            if self._connection is None:
                self._connection = self._connect()
            with self._connection.cursor() as cursor:
                cursor.execute(f"SELECT {function}(%s)", (self._number(what),))
                return bool(cursor.fetchone()[0])
        except errors as error:
            self._lose()
            raise StorageError(f"The database cannot be used now ({type(error).__name__}).") from None

    def _connect(self) -> Any:
        pooled = self._engine.raw_connection()
        pooled.detach()  # claims live as long as this connection: nobody else may use or close it
        connection = pooled.dbapi_connection
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(_KEEPALIVE)
        return connection

    def _lose(self) -> None:
        self._held.clear()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _number(self, what: str) -> int:
        digest = hashlib.blake2b(f"{self._door}:{what}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big", signed=True)


class Sole:
    """Keeps a second process of the same door out, where the database has room for one.

    Args:
        database: SQLite, or PostgreSQL, which has room for many.
        door: Whose process this is.

    Raises:
        StorageError: There is one already.
    """

    def __init__(self, database: Database, door: str) -> None:
        self._file: int | None = None
        place = database.engine.url.database
        if database.is_shared or not place or place == ":memory:":
            return
        path = Path(f"{place}.{door}.lock")
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.close()
            raise StorageError(
                f"Another `ballast {door}` works with {place} already. SQLite has room for one process; "
                "to run several, point DATABASE_URL at a PostgreSQL."
            ) from None

    def close(self) -> None:
        """Let the next one in."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
