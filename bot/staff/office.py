"""What every page works with, kept in the app and handed out per request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import current_app

from bot.clock import Clock
from bot.config import Settings
from bot.storage import Database

_EXTENSION = "ballast"


@dataclass(frozen=True)
class Office:
    """The parts that one running app was given.

    Attributes:
        settings: Where things lie and listen.
        database: Prepared, with its vault.
        clock: Set by tests.
    """

    settings: Settings
    database: Database
    clock: Clock

    @property
    def web_key(self) -> bytes:
        """The 32-byte key that signs forms and hides who failed to sign in."""
        return self.database.vault.keyring.web


def furnish(extensions: dict[str, object], office: Office) -> None:
    """Keep the office where :func:`office` of this module finds it."""
    extensions[_EXTENSION] = office


def office() -> Office:
    """Return the office of the app that answers this request."""
    return cast(Office, current_app.extensions[_EXTENSION])


def now() -> datetime:
    """Return the present moment by the app's clock."""
    return office().clock()
