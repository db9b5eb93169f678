"""Copies of a running database, keys and data apart, and their way back into an empty place.

SQLite: its backup API, which copies beside writers. PostgreSQL: ``pg_dump`` of an exported snapshot, so that the counts
are those of the dump. The wrapped keys are read after the data: whoever is in the data had his key by then.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import func, inspect, select

from bot.errors import StorageError
from bot.storage.columns import Base
from bot.storage.database import Database
from bot.storage.engine import make_engine
from bot.storage.models import AuditEntry, Person, PersonKey, Tally
from bot.storage.tally import ALL

DATA_NAMES = {"sqlite": "data.sqlite", "postgresql": "data.pgdump"}
_KEYS = PersonKey.__table__
_MOST_KEYS_AT_ONCE = 500


def copy_data(database: Database, folder: Path) -> dict[str, Any]:
    """Write all data but the keys into a folder; return counts, audit head and tally as they are in the copy."""
    target = folder / DATA_NAMES[database.engine.dialect.name]
    target.touch(mode=0o600)
    if database.engine.dialect.name == "sqlite":
        return _copy_sqlite(database, target)
    return _dump_postgres(database, target)


def _copy_sqlite(database: Database, target: Path) -> dict[str, Any]:
    copy = sqlalchemy.create_engine(f"sqlite:///{target}", future=True, hide_parameters=True)
    try:
        with database.engine.connect() as source, copy.connect() as sink:
            source.connection.driver_connection.backup(sink.connection.driver_connection)
            sink.exec_driver_sql("DELETE FROM person_keys")
            sink.commit()
            raw = sink.connection.driver_connection
            raw.isolation_level = None
            for statement in ("PRAGMA journal_mode=DELETE", "VACUUM"):  # no page may keep a deleted key
                raw.execute(statement).fetchall()
            return _heads(sink)
    finally:
        copy.dispose()


def _dump_postgres(database: Database, target: Path) -> dict[str, Any]:
    with database.engine.connect() as connection:
        snapshot = connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar()
        heads = _heads(connection)
        options = ["--format=custom", "--no-owner", "--no-privileges", "--exclude-table-data=person_keys"]
        _run("pg_dump", database.engine.url, [*options, f"--snapshot={snapshot}", f"--file={target}"])
        return heads


def _heads(connection: Any) -> dict[str, Any]:
    there = set(inspect(connection).get_table_names())  # a copy of an earlier version has fewer
    tables = [table for table in Base.metadata.sorted_tables if table.name in there - {_KEYS.name}]
    counts = {table.name: connection.execute(select(func.count()).select_from(table)).scalar() for table in tables}
    last = select(AuditEntry.mac).order_by(AuditEntry.seq.desc()).limit(1)
    head, line = connection.execute(last).scalar(), select(Tally.serial).where(Tally.scope == ALL)
    serial = connection.execute(line).scalar() or 0
    return {"counts": counts, "audit_head": bytes(head or b"").hex(), "tally_serial": serial}


def copy_keys(database: Database) -> list[dict[str, Any]]:
    """Return all wrapped keys, ready for JSON."""
    with database.engine.connect() as connection:
        rows = connection.execute(select(_KEYS)).mappings().all()
    return [{**row, "wrapped": base64.b64encode(bytes(row["wrapped"])).decode()} for row in rows]


def load_data(url: str, file: Path) -> None:
    """Put a copy's data into an empty place.

    Raises:
        StorageError: There is something already, or the copy is of the other kind of database.
    """
    engine = make_engine(url)
    try:
        if file.name != DATA_NAMES[engine.dialect.name]:
            raise StorageError(f"{file.name} does not belong into {engine.dialect.name}. Set DATABASE_URL accordingly.")
        if engine.dialect.name == "sqlite":
            _load_sqlite(engine, file)
        else:
            _load_postgres(engine, file)
    finally:
        engine.dispose()


def _load_sqlite(engine: Any, file: Path) -> None:
    path = Path(engine.url.database)
    if path.exists():
        raise StorageError(f"{path} exists already. A backup is restored into an empty place: move it away first.")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    shutil.copyfile(file, path)


def _load_postgres(engine: Any, file: Path) -> None:
    if inspect(engine).get_table_names():
        raise StorageError("The database holds tables already. A backup is restored into an empty one: createdb NAME.")
    options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(file)]
    _run("pg_restore", engine.url, ["--dbname", engine.url.database, *options])


def load_keys(database: Database, rows: Iterable[dict[str, Any]]) -> int:
    """Put back the keys of the men who are in the data; return how many."""
    with database.write() as session:
        known = set(session.execute(select(Person.id)).scalars())
        keys = [{**row, "wrapped": base64.b64decode(row["wrapped"])} for row in rows if row["person_id"] in known]
        for start in range(0, len(keys), _MOST_KEYS_AT_ONCE):
            session.connection().execute(_KEYS.insert(), keys[start : start + _MOST_KEYS_AT_ONCE])
    return len(keys)


def heads_of(database: Database) -> dict[str, Any]:
    """Return counts, audit head and tally as they are in a database now."""
    with database.engine.connect() as connection:
        return _heads(connection)


def _run(program: str, url: Any, arguments: list[str]) -> None:
    """Run one of PostgreSQL's programs; the password goes through its environment, not through the process list."""
    path = shutil.which(program)
    if path is None:
        raise StorageError(f"{program} is not installed (Debian: apt-get install postgresql-client).")
    values = {
        "PGHOST": url.host or url.query.get("host"),
        "PGPORT": url.port or url.query.get("port"),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }
    environment = os.environ | {name: str(value) for name, value in values.items() if value}
    done = subprocess.run([path, *arguments], env=environment, capture_output=True, check=False)  # noqa: S603 - ours
    if done.returncode:
        raise StorageError(f"{program} ended with {done.returncode}. Try it by hand to see why.")
