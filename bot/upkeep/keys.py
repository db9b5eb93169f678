"""``ballast keys``: make, list, rotate, retire, verify, split and join key files."""

from __future__ import annotations

import argparse
import sys
from datetime import date, timedelta
from pathlib import Path

from bot.clock import utc_now
from bot.config import Settings
from bot.crypto import KeyRing, escrow
from bot.crypto.keyring import new_key_file
from bot.crypto.sources import FileSource, ServiceSource, key_source, write_private
from bot.errors import KeyFileError
from bot.escalation import audit
from bot.storage import Database, open_database

KEY_COPY_DAYS = 14  # how long copies of the wrapped keys are kept (design section 6)
BATCH = 200
_ACTOR = "operator"


def main(arguments: list[str], settings: Settings) -> int:
    """Run one of the subcommands."""
    options = _parser().parse_args(arguments)
    if options.command == "new":
        return make(settings)
    if options.command == "split":
        return split(settings, Path(options.to), shares=options.shares, threshold=options.threshold)
    if options.command == "join":
        return join(settings, Path(options.sealed), [Path(share) for share in options.share])
    database = open_database(settings)
    try:
        if options.command == "list":
            return show(database)
        if options.command == "rotate":
            return rotate(database)
        if options.command == "retire":
            return retire(database, options.id, now=options.now)
        return verify(database)
    finally:
        database.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ballast keys", description="The key file and what is wrapped with it.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("new", help="make a key file")
    commands.add_parser("list", help="the key-encryption keys by id, and how many men's keys each wraps")
    commands.add_parser("rotate", help="add a key-encryption key and wrap every man's key anew; safe to run again")
    retire = commands.add_parser("retire", help="take an old key-encryption key out of the key file")
    retire.add_argument("id")
    retire.add_argument("--now", action="store_true", help="even though copies of wrapped keys may still need it")
    commands.add_parser("verify", help="try every man's key")
    parts = commands.add_parser("split", help="make a sealed copy that several people open together")
    parts.add_argument("--to", required=True, metavar="FOLDER")
    parts.add_argument("--shares", type=int, default=5)
    parts.add_argument("--threshold", type=int, default=3)
    joined = commands.add_parser("join", help="make the key file again from the sealed copy and enough shares")
    joined.add_argument("sealed", help="the file escrow.sealed")
    joined.add_argument("share", nargs="+", help="files with one share each")
    return parser


def make(settings: Settings) -> int:
    """Write a new key file where KEY_FILE points, encrypted if KEY_SERVICE is set."""
    source = key_source(settings)
    if settings.key_file.exists():
        raise KeyFileError(f"{settings.key_file} exists already. Keys are never overwritten.")
    if not isinstance(source, (FileSource, ServiceSource)):
        raise KeyFileError("BALLAST_KEYS is set. Take it away before you make a key file.")
    settings.key_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    source.write(new_key_file())
    _say(f"Made a key file: {source.name}. Back it up apart from the data, e.g. with `ballast keys split`.")
    return 0


def show(database: Database) -> int:
    """Print id, day and use of each key-encryption key."""
    with database.read() as session:
        counts = database.vault.count_by_kek(session)
    ring = database.vault.keyring.current()
    for kek_id in ring.keks:
        current = "  current" if kek_id == ring.current_kek_id else ""
        sys.stdout.write(f"{kek_id}  {counts.get(kek_id, 0)} wrapped{current}\n")
    return 0


def rotate(database: Database, *, batch: int = BATCH) -> int:
    """Wrap every man's key under a fresh key-encryption key, beside the running service.

    A rotation that was stopped is taken up where it ended: only then is no further key made.
    """
    with database.write() as session:
        counts = database.vault.count_by_kek(session)  # takes the writers' turn
        ring = database.vault.keyring.current()
        if set(counts) <= {ring.current_kek_id}:
            ring = ring.add_kek()
            audit(session, actor=_ACTOR, action="keys.rotate", subject=ring.current_kek_id, at=utc_now())
    total = 0
    while True:
        with database.write() as session:
            done = database.vault.rewrap(session, limit=batch)
        total += done
        if not done:
            break
        _say(f"{total} wrapped anew", end="\r")
    _say(f"{total} keys are now wrapped under {ring.current_kek_id}. Retire older ones after {KEY_COPY_DAYS} days.")
    return 0


def retire(database: Database, kek_id: str, *, now: bool = False, today: date | None = None) -> int:
    """Take an old key out of the key file, unless something is or may be wrapped with it."""
    with database.write() as session:
        used = database.vault.count_by_kek(session).get(kek_id, 0)
        if used:
            raise KeyFileError(f"{used} men's keys are still wrapped under {kek_id}. Run `ballast keys rotate` first.")
        ring = database.vault.keyring.current()
        if not now and (until := _needed_until(ring, kek_id)) and (today or utc_now().date()) < until:
            raise KeyFileError(
                f"Copies of wrapped keys may need {kek_id} until {until}. Wait, or add --now if there are none."
            )
        ring.drop_kek(kek_id)
        audit(session, actor=_ACTOR, action="keys.retire", subject=kek_id, at=utc_now())
    _say(f"{kek_id} is no longer in the key file. Destroy its copies too.")
    return 0


def _needed_until(ring: KeyRing, kek_id: str) -> date | None:
    """Return the day until which copies may be wrapped under a key: its successor's day and the copies' window."""
    ids = list(ring.keks)
    if kek_id not in ids[:-1]:
        return None
    day = ids[ids.index(kek_id) + 1].partition("-")[0]
    return date(int(day[:4]), int(day[4:6]), int(day[6:8])) + timedelta(days=KEY_COPY_DAYS)


def verify(database: Database) -> int:
    """Try every man's key; code 1 when one does not open."""
    with database.read() as session:
        total = sum(database.vault.count_by_kek(session).values())
        broken = database.vault.count_unopenable(session)
    _say(f"{total - broken} of {total} keys open with {len(database.vault.keyring.keks)} key-encryption keys.")
    return 1 if broken else 0


def split(settings: Settings, folder: Path, *, shares: int, threshold: int) -> int:
    """Write the sealed copy and one file for each share."""
    sealed, words = escrow.split(key_source(settings).read(), shares=shares, threshold=threshold)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        write_private(folder / "escrow.sealed", sealed.hex() + "\n")
        for number, share in enumerate(words, 1):
            write_private(folder / f"share-{number}-of-{shares}.txt", share + "\n")
    except FileExistsError as error:
        raise KeyFileError(f"{error.filename} exists already. Choose an empty folder.") from None
    _say(f"Any {threshold} of {shares} shares open {folder / 'escrow.sealed'}.")
    _say("Give each share to one person on paper, delete the files, and keep the sealed copy with none of them.")
    return 0


def join(settings: Settings, sealed: Path, shares: list[Path]) -> int:
    """Write the key file again; never over one that is there."""
    try:
        blob = bytes.fromhex(sealed.read_text(encoding="ascii"))
        words = [" ".join(share.read_text(encoding="ascii").split()) for share in shares]
    except OSError as error:
        raise KeyFileError(f"{error.filename} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise KeyFileError(f"{sealed} or a share is not a file that `ballast keys split` made.") from None
    text = escrow.join(blob, words)
    try:
        write_private(settings.key_file, text)
    except FileExistsError:
        raise KeyFileError(f"{settings.key_file} exists already. Keys are never overwritten.") from None
    KeyRing.load(settings.key_file)
    _say(f"The key file is back: {settings.key_file}.")
    return 0


def _say(text: str, end: str = "\n") -> None:
    sys.stderr.write(text + end)
