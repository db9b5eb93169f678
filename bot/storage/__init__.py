"""The database: models, sealed columns, sessions. The only room that knows SQLAlchemy's engine."""

from bot.storage.database import Database
from bot.storage.opened import open_database
from bot.storage.sealed import Secret
from bot.storage.vault import Vault

__all__ = ["Database", "Secret", "Vault", "open_database"]
