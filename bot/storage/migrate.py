"""Bring a database to this version's tables with Alembic."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from bot.errors import StorageError
from bot.storage.engine import WRITE

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(engine: Any, then: Callable[[Any], None] = lambda _: None) -> None:
    """Run all migrations that the database has not seen; none is lost when two processes start at once.

    Args:
        engine: Where.
        then: Called with the connection, in the same transaction, when the tally of rows has just got its table.

    Raises:
        StorageError: The database was made by a newer version.
    """
    with engine.execution_options(**{WRITE: True}).begin() as connection:
        had_tally = sqlalchemy.inspect(connection).has_table("tallies")
        try:
            command.upgrade(_config(connection), "head")
        except CommandError as error:
            raise StorageError("The database was made by a newer version of Ballast. Update this one.") from error
        if not had_tally:
            then(connection)


def downgrade(engine: Any, revision: str) -> None:
    """Take a database back to an earlier version's tables; ``base`` takes everything away."""
    with engine.execution_options(**{WRITE: True}).begin() as connection:
        command.downgrade(_config(connection), revision)


def head() -> str:
    """Return the revision that this version of the program works with."""
    revision = ScriptDirectory.from_config(_config(None)).get_current_head()
    assert revision is not None  # noqa: S101 - the folder always holds the first migration
    return revision


def _config(connection: Any) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
