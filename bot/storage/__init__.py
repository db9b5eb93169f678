"""The database: models, sealed columns, sessions. The only room that knows SQLAlchemy's engine."""

from bot.storage.claims import Claims, Sole
from bot.storage.database import Database
from bot.storage.opened import open_database
from bot.storage.sealed import Secret
from bot.storage.vault import Vault

__all__ = ["Claims", "Database", "Secret", "Sole", "Vault", "open_database"]
