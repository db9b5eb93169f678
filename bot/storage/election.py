"""One process of a kind at a time: whoever holds the house's lock works, the others wait behind it.

The lock goes with its process, however that ends: the kernel gives back a file's lock, PostgreSQL that of a connection.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError

from bot.storage.database import Database


class Lock:
    """The right to be the one who does something.

    Args:
        database: Whose house it is; on PostgreSQL the lock lies in it, with SQLite in a file beside it.
        name: What is done, such as ``worker``.
    """

    def __init__(self, database: Database, name: str) -> None:
        self._database, self._name = database, name
        self._connection: Any = None
        self._file: int | None = None

    def is_held(self) -> bool:
        """Take the lock if it is free; return whether this process has it now, also when it had it before."""
        if self._database.engine.dialect.name == "sqlite":
            return self._hold_file()
        return self._hold_connection()

    def release(self) -> None:
        """Let go of it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if self._connection is not None:
            self._connection.invalidate()  # closes the connection itself, not only our use of it
            self._connection.close()
            self._connection = None

    def _hold_file(self) -> bool:
        if self._file is not None:
            return True
        place = self._database.engine.url.database
        file = os.open(Path(f"{place}.{self._name}-lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    def _hold_connection(self) -> bool:
        try:
            if self._connection is not None:
                self._connection.exec_driver_sql("SELECT 1")  # a connection that broke has lost the lock
                return True
            connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            key = zlib.crc32(f"ballast {self._name}".encode())
            if connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({key})").scalar():
                self._connection = connection
                return True
            connection.close()
        except DBAPIError:
            self.release()
        return False
