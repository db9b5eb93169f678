"""``ballast doctor``: is everything as it must be for men to be answered? One line a part, and an exit status."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import inspect, text

from bot.clock import Clock, utc_now
from bot.config import Settings
from bot.crisis import Level, LexiconError, screen
from bot.crisis import load as load_screening
from bot.crypto import KeyRing
from bot.crypto.sources import key_source
from bot.directory import entries
from bot.directory.entries import URGENT, use_changes
from bot.errors import BallastError
from bot.escalation.places import changes_of
from bot.storage import Database
from bot.storage.migrate import head
from bot.vectors import DIMENSIONS, encode

LEAST_FREE_BYTES = 1 << 30  # a year of a thousand men's messages, and room for SQLite to copy itself
_PROBE = "I want to kill myself"  # must be found by rules and classifier alike


class Finding(NamedTuple):
    """What was found about one part.

    Attributes:
        part: Its name, one word.
        is_well: Whether nothing has to be done.
        sentence: What was found and, if it is not well, the remedy. Never a secret.
    """

    part: str
    is_well: bool
    sentence: str


AskTelegram = Callable[[Settings], list[tuple[str, bool, str]]]


def main(settings: Settings, ask_telegram: AskTelegram, is_model_current: Callable[[], bool]) -> int:
    """Print a line for each part; 0 when all is well, else 1."""
    findings = list(examine(settings, ask_telegram, is_model_current))
    for finding in findings:
        sys.stdout.write(f"{'ok  ' if finding.is_well else 'LOOK'} {finding.part}: {finding.sentence}\n")
    return 0 if all(finding.is_well for finding in findings) else 1


def examine(
    settings: Settings, ask_telegram: AskTelegram, is_model_current: Callable[[], bool], clock: Clock = utc_now
) -> Iterator[Finding]:
    """Yield what is found about each part; one that fails keeps no other from being looked at.

    Args:
        settings: The installation's settings.
        ask_telegram: Gives findings about token, webhook and clock.
        is_model_current: Whether the dialogue model is there and fits what it is made from.
        clock: Now.
    """
    yield from (Finding(*found) for found in ask_telegram(settings))
    yield from _keys_and_database(settings)
    yield _model(is_model_current)
    yield _encoder()
    yield _screening()
    yield _disk(settings.home)
    yield _directory(clock)


def _keys_and_database(settings: Settings) -> Iterator[Finding]:
    try:
        keyring = KeyRing.read_from(key_source(settings))
    except BallastError as error:
        yield Finding("keys", False, str(error))
        yield Finding("database", False, "not looked at without keys.")
        return
    yield Finding("keys", True, f"{len(keyring.keks)} key-encryption key(s), {keyring.current_kek_id} is in use.")
    yield from _database(settings.database_url, keyring)


def _database(url: str, keyring: KeyRing) -> Iterator[Finding]:
    """Look at the database without making or upgrading it."""
    database = Database(url, keyring)
    try:
        place = database.engine.url.database
        if database.engine.dialect.name == "sqlite" and not Path(place or "").is_file():
            yield Finding("database", False, f"{place} is not there. `ballast setup` makes it.")
            return
        with database.read() as session:
            at = None
            if inspect(session.connection()).has_table("alembic_version"):
                at = session.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if at != head():
            remedy = "`ballast setup` brings it up to date."
            yield Finding("migrations", False, f"the database is at {at or 'none'}, this version at {head()}. {remedy}")
            return
        yield Finding("migrations", True, f"at {at}.")
        with database.write() as session:
            database.vault.check_fits(session)
            use_changes(changes_of(session))  # what the clinic checked itself counts as well
        yield Finding("database", True, f"{database.engine.dialect.name} can be read and written and fits the keys.")
    except BallastError as error:
        yield Finding("database", False, str(error))
    finally:
        database.close()


def _model(is_current: Callable[[], bool]) -> Finding:
    if is_current():
        return Finding("model", True, "the dialogue model fits what it is made from.")
    return Finding("model", False, "the dialogue model is missing or older than what it is made from: `make train`.")


def _encoder() -> Finding:
    try:
        width = encode(["cannot sleep"]).shape[1]
    except (ImportError, OSError, ValueError, KeyError) as error:
        return Finding("encoder", False, f"cannot be loaded ({type(error).__name__}). Set up again: `make setup`.")
    return Finding("encoder", width == DIMENSIONS, f"{width} numbers a sentence.")


def _screening() -> Finding:
    try:
        fault = load_screening()
        found = screen(_PROBE)
    except LexiconError as error:
        return Finding("screening", False, str(error))
    if fault is not None or found.rules_alone:
        return Finding("screening", False, f"the rules go on alone: {fault}")
    return Finding("screening", found.level >= Level.HIGH, "rules and classifier answer.")


def _disk(home: Path) -> Finding:
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    told = f"{free / (1 << 30):.1f} GiB free where {home} lies"
    enough = free >= LEAST_FREE_BYTES
    return Finding("disk", enough, f"{told}." if enough else f"{told}. Messages are refused when it is full.")


def _directory(clock: Clock) -> Finding:
    stale = [entry for entry in entries() if entry.is_stale(clock().date())]
    urgent = [entry.id for entry in stale if URGENT & set(entry.kinds)]
    if urgent:
        return Finding(
            "directory", False, f"check these helplines by hand: {', '.join(urgent)}. See `ballast directory`."
        )
    return Finding(
        "directory", True, f"every helpline was checked in the last 90 days; {len(stale)} other entries not."
    )
