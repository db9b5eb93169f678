"""Engine and transactions. ``read()`` for looking, ``write()`` for one transaction that commits at its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError, IntegrityError

from bot.crypto import KeyRing
from bot.errors import StorageError
from bot.storage.checking import found_tally
from bot.storage.engine import WRITE, make_engine
from bot.storage.migrate import upgrade
from bot.storage.tally import TalliedSession
from bot.storage.vault import Vault


class Database:
    """One database with one vault.

    Args:
        url: SQLAlchemy URL.
        keyring: The installation's keys.
    """

    def __init__(self, url: str, keyring: KeyRing) -> None:
        self.url = url
        self.vault = Vault(keyring)
        self.engine = make_engine(url)

    @property
    def is_shared(self) -> bool:
        """Whether several processes of one door may work on it."""
        return bool(self.engine.dialect.name == "postgresql")

    def prepare(self) -> None:
        """Create the database or bring it to this version's tables.

        Raises:
            StorageError: It cannot be reached, or was made by a newer version.
            KeyFileError: It was sealed with keys that the key file does not hold.
        """
        path = self.engine.url.database
        if self.engine.dialect.name == "sqlite" and path and path != ":memory:":
            try:
                Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                Path(path).touch(mode=0o600)
            except OSError as error:
                raise StorageError(f"The database {path} cannot be made: {error.strerror}.") from error
        with _translated():
            upgrade(self.engine, then=self._found_tally)
        with self.read() as session:
            self.vault.check_fits(session)

    @contextmanager
    def read(self) -> Iterator[Any]:
        """Yield a session for reading; nothing it changes is kept."""
        with _translated(), self._session() as session:
            yield session
            session.expunge_all()  # nothing to roll back in them: a long history need not be marked as stale row by row
            session.rollback()

    @contextmanager
    def write(self) -> Iterator[Any]:
        """Yield a session whose changes are committed together, or not at all.

        Raises:
            StorageError: Locked for longer than 5 s, full, or gone; nothing was written.
        """
        with _translated(), self._session(write=True) as session, session.begin():
            yield session

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()

    def _session(self, *, write: bool = False) -> Any:
        engine = self.engine.execution_options(**{WRITE: write})
        return TalliedSession(engine, future=True, info={"vault": self.vault}, expire_on_commit=False)

    def _found_tally(self, connection: Any) -> None:
        """Count what an earlier version wrote; from here on no row goes or comes unseen."""
        with TalliedSession(connection, future=True, info={"vault": self.vault}) as session:
            found_tally(session)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise  # a broken uniqueness is an answer, not a failure of the database
    except DBAPIError as error:
        kind = type(error.orig).__name__ if error.orig is not None else type(error).__name__
        raise StorageError(f"The database cannot be used now ({kind}). Check that it is there and not full.") from error
