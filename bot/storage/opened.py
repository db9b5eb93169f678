"""Open the installation's database with its keys; one call for every process."""

from __future__ import annotations

from bot.config import Settings
from bot.crypto import KeyRing
from bot.crypto.sources import key_source
from bot.storage.database import Database


def open_database(settings: Settings) -> Database:
    """Return the database, brought to this version and checked against the key file.

    Raises:
        KeyFileError: The key file is missing, too open, damaged or another installation's.
        StorageError: The database cannot be used.
    """
    database = Database(settings.database_url, KeyRing.read_from(key_source(settings)))
    database.prepare()
    return database
