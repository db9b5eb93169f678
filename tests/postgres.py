"""A PostgreSQL server of the tests' own: Debian's, on a socket in a temporary folder, gone at the end.

Where there is none, tests on PostgreSQL are skipped with a line that says so; under ``BALLAST_CI`` they fail instead.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy

MISSING = "PostgreSQL is not installed here (Debian: apt-get install postgresql): nothing was tried on it."
_FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c listen_addresses='' -c max_connections=60"


def programs() -> Path | None:
    """Return the newest installed server's folder of programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


class Server:
    """One running server.

    Args:
        folder: Where it lives; also where its socket lies.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = itertools.count(1)

    def url(self, name: str, user: str = "ballast") -> str:
        return f"postgresql://{user}@/{name}?host={self.folder}"

    def execute(self, *statements: str, name: str = "postgres", user: str = "ballast") -> None:
        engine = sqlalchemy.create_engine(self.url(name, user), isolation_level="AUTOCOMMIT", future=True)
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()

    def make(self, template: str = "template0") -> str:
        """Make a database and return its name."""
        name = f"house_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _as_server(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root: then Debian's own account for it is used."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


@contextmanager
def running() -> Iterator[Server]:
    """Start a server and stop it at the end."""
    binaries = programs()
    if binaries is None:
        (pytest.fail if os.environ.get("BALLAST_CI") else pytest.skip)(MISSING)
    folder = Path(tempfile.mkdtemp(prefix="ballast-pg-", dir="/tmp"))
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
    data = folder / "data"
    make = [f"{binaries}/initdb", "-D", f"{data}", "-U", "ballast", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"]
    start = [f"{binaries}/pg_ctl", "-D", f"{data}", "-l", f"{folder}/log", "-o", f"{_FAST} -k {folder}", "-w", "start"]
    stop = [f"{binaries}/pg_ctl", "-D", f"{data}", "-m", "immediate", "-w", "stop"]
    try:
        for command in (make, start):
            subprocess.run(_as_server(command), check=True, capture_output=True, cwd="/")  # noqa: S603 - ours
        yield Server(folder)
    finally:
        subprocess.run(_as_server(stop), check=False, capture_output=True, cwd="/")  # noqa: S603 - ours
        shutil.rmtree(folder, ignore_errors=True)
