"""Engines for SQLite and PostgreSQL that keep the same promises.

On both, transactions that write take turns and see all that was committed before them, and whoever waits longer than
five seconds is refused. Code that is right on one is right on the other (docs/decisions/0007).
"""

from __future__ import annotations

import os
import time
import zlib
from typing import Any

import sqlalchemy
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, DisconnectionError, NoSuchModuleError
from sqlalchemy.pool import QueuePool

from bot.errors import SettingError

BUSY_TIMEOUT_MS = 5_000
_WAL_PAUSE_SECONDS = 0.02
# Opening a file costs more than most transactions do. A connection serves one thread at a time, not always the same.
_KEPT = {
    "poolclass": QueuePool,
    "pool_size": 5,
    "max_overflow": -1,
    "pool_use_lifo": True,
    "connect_args": {"check_same_thread": False},
}
WRITE = "ballast_write"  # execution option of a transaction that will write
WRITER_LOCK = zlib.crc32(b"ballast writer")  # PostgreSQL advisory lock, one a database


def make_engine(url: str) -> Any:
    """Return an engine that never shows parameters in errors or logs.

    Raises:
        SettingError: The address names no database that Ballast works with.
    """
    try:
        parsed = sqlalchemy.engine.make_url(url)
    except ArgumentError:
        raise SettingError("DATABASE_URL is not an address like sqlite:///file or postgresql://host/name.") from None
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise SettingError("DATABASE_URL must begin with sqlite:// or postgresql://.")
    try:
        return _postgres(parsed) if parsed.get_backend_name() == "postgresql" else _sqlite(parsed)
    except (NoSuchModuleError, ImportError):
        raise SettingError("DATABASE_URL names a driver that is not installed. Use postgresql://.") from None


def _sqlite(url: Any) -> Any:
    in_file = url.database and url.database != ":memory:"
    engine = sqlalchemy.create_engine(url, future=True, hide_parameters=True, **(_KEPT if in_file else {}))
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    if in_file:
        file = _File(url.database)
        event.listen(engine, "connect", file.remember)
        event.listen(engine, "checkout", file.compare)
    return engine


class _File:
    """Has a kept connection left when the file was moved, deleted or replaced: what goes there is lost."""

    def __init__(self, path: str) -> None:
        self._path = path

    def remember(self, _connection: Any, record: Any) -> None:
        """Note which file a new connection has opened."""
        record.info["file"] = self._identity()

    def compare(self, _connection: Any, record: Any, _proxy: Any) -> None:
        """Have the connection opened anew where the path leads elsewhere by now."""
        if record.info["file"] != self._identity():
            raise DisconnectionError

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)  # noqa: PTH116 - before each transaction: a path object takes four times as long
        except OSError:
            return None
        return found.st_dev, found.st_ino


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see below
    _turn_to_wal(connection)
    for pragma in (
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "secure_delete=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _turn_to_wal(connection: Any) -> None:
    """Turn to write-ahead logging; where another process does so just now, SQLite gives up at once."""
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except connection.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_WAL_PAUSE_SECONDS)
        else:
            return


def _begin_sqlite(connection: Any) -> None:
    # A transaction that will write takes the lock at once: two that upgrade midway would deadlock.
    immediate = connection.get_execution_options().get(WRITE)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _postgres(url: Any) -> Any:
    # Before each use the connection is tried: the server may have been restarted in the meantime.
    engine = sqlalchemy.create_engine(url, future=True, hide_parameters=True, pool_pre_ping=True)
    event.listen(engine, "connect", _configure_postgres)
    event.listen(engine, "begin", _begin_postgres)
    event.listen(engine, "handle_error", _cut_details)
    return engine


def _configure_postgres(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {BUSY_TIMEOUT_MS}; SET timezone = 'UTC'")
    connection.commit()


def _begin_postgres(connection: Any) -> None:
    if connection.get_execution_options().get(WRITE):
        # What is read after the lock was got shows all earlier writers' work: READ COMMITTED looks anew each time.
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")
    else:
        # One look at one moment, as a reader of SQLite has it.
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def _cut_details(failure: Any) -> None:
    """Keep the first line of an error: PostgreSQL's DETAIL line repeats the whole row."""
    for error in (failure.original_exception, failure.sqlalchemy_exception):
        if error is not None:
            error.args = tuple(str(value).partition("\nDETAIL:")[0] for value in error.args)
