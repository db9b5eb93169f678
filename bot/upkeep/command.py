"""The commands of who runs it: ``verify``, ``erase``, ``expire``, ``backup``, ``restore``, ``drill``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bot.clock import utc_now
from bot.config import Settings
from bot.crypto import KeyRing
from bot.crypto.sources import key_source
from bot.errors import StorageError
from bot.escalation.daily import run_retention
from bot.escalation.erasure import erase
from bot.escalation.flags import has_open_red
from bot.storage import Database, open_database
from bot.storage.checking import found_tally
from bot.storage.expiry import Retention
from bot.storage.ledger import ErasureLedger
from bot.storage.models import Person
from bot.upkeep import backup
from bot.upkeep.verify import look, write_anchor

COMMANDS = ("verify", "erase", "expire", "backup", "restore", "drill")


def main(command: str, arguments: list[str], settings: Settings) -> int:
    """Run one of the commands."""
    options = _parser(command).parse_args(arguments)
    if command == "restore":
        return _restore(options, settings)
    database = open_database(settings)
    ledger = ErasureLedger(settings.erasure_ledger, database.vault.keyring)
    try:
        if command == "verify":
            return _verify(options, database)
        if command == "erase":
            return erase_one(database, ledger, options.person)
        if command == "expire":
            return _expire(database, ledger, settings)
        if command == "backup":
            made = backup.back_up(database, ledger, options.data, options.keys)
            return _say(f"Data: {made}. Keys: {options.keys}. Try them with `ballast drill`.")
        seconds = backup.drill(database, ledger, options.data, options.keys, settings.home)
        return _say(f"The newest copies work. That took {seconds:.0f} s.")
    finally:
        database.close()


def _parser(command: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"ballast {command}")
    if command == "verify":
        parser.add_argument("--anchor", type=Path, metavar="FILE", help="a head that was carried away earlier")
        parser.add_argument("--write-anchor", type=Path, metavar="FILE", help="write the present head, to carry away")
        parser.add_argument("--accept", action="store_true", help="after an inquiry: believe what is there now")
    elif command == "erase":
        parser.add_argument("person", help="his pseudonym, as staff see it")
    elif command in ("backup", "drill", "restore"):
        parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="where copies of the data lie")
        parser.add_argument("--keys", type=Path, required=True, metavar="FOLDER", help="where copies of the keys lie")
    if command == "restore":
        parser.add_argument("--copy", metavar="NAME", help="a data copy by name; the newest without this")
    return parser


def _verify(options: argparse.Namespace, database: Database) -> int:
    if options.accept:
        with database.write() as session:
            found_tally(session)
    verdict = look(database, options.anchor)
    _say("\n".join(verdict.sentences()))
    if verdict.is_sound and options.write_anchor:
        write_anchor(database, options.write_anchor)
    return 0 if verdict.is_sound else 1


def erase_one(database: Database, ledger: ErasureLedger, person_id: str) -> int:
    """Erase one man, unless somebody must look at a red flag of his first."""
    with database.read() as session:
        if session.get(Person, person_id) is None:
            raise StorageError(f"There is nobody of the name {person_id}.")
        if has_open_red(session, person_id):
            raise StorageError("A red flag of his is open. Staff must close it first; then run this again.")
    clean = erase(database, ledger, person_id, actor="operator", at=utc_now())
    if database.engine.dialect.name == "sqlite":
        with database.engine.connect() as connection:
            connection.connection.cursor().execute("VACUUM")
        clean = True
    _say("Erased: key destroyed, rows deleted, written into the ledger.")
    return 0 if clean else _say("The database still holds bytes of his key: run `ballast expire` as its owner.", code=1)


def _expire(database: Database, ledger: ErasureLedger, settings: Settings) -> int:
    days = settings.retention_log_days, settings.retention_flag_days, settings.retention_silent_days
    counts = run_retention(database, ledger, Retention(*days), at=utc_now())
    return _say("Deleted: " + ", ".join(f"{count} {name}" for name, count in counts.items()) + ".")


def _restore(options: argparse.Namespace, settings: Settings) -> int:
    keyring = KeyRing.read_from(key_source(settings))
    ledger = ErasureLedger(settings.erasure_ledger, keyring)
    data = options.data / options.copy if options.copy else backup.newest(options.data, "data-*")
    keys = backup.newest(options.keys, "keys-*.json")
    found = backup.restore(settings.database_url, keyring, ledger, data, keys)
    _say(f"{data.name}: {found.rows} rows and {found.keys} keys are back, {found.opened} rows opened at random.")
    return _say(f"Erased again from the ledger: {found.erased_again}. Now run `ballast verify`.")


def _say(text: str, code: int = 0) -> int:
    sys.stderr.write(text + "\n")
    return code
