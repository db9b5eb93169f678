"""``ballast backup``, ``restore``, ``drill``: copies of data and keys in two folders, and the proof that they work."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import shutil
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from bot.clock import utc_now
from bot.crypto import KeyRing
from bot.crypto.sources import write_private
from bot.errors import StorageError
from bot.escalation import verify_audit
from bot.escalation.erasure import erase_again
from bot.storage import Database
from bot.storage.checking import open_some
from bot.storage.copies import copy_data, copy_keys, heads_of, load_data, load_keys
from bot.storage.ledger import ErasureLedger
from bot.storage.retention import truncate_journal
from bot.upkeep.keys import KEY_COPY_DAYS

DATA_COPY_DAYS = 90
RANDOM_OPENS = 1_000
_STAMP = "%Y%m%dT%H%M%S.%fZ"
_LEDGER = "erasures.ledger"


@dataclass(frozen=True)
class Restored:
    """What a restore brought back."""

    rows: int
    keys: int
    erased_again: int
    opened: int


def back_up(database: Database, ledger: ErasureLedger, data: Path, keys: Path, *, at: datetime | None = None) -> Path:
    """Copy the running database; return the new data folder.

    Args:
        database: What to copy.
        ledger: Copied into both folders.
        data: Folder of data copies, kept for 90 days.
        keys: Folder of copies of the wrapped keys, kept for 14 days: what was erased before can then be opened by
            nobody. Another disk or machine than ``data``.
        at: Now.

    Raises:
        StorageError: The folders are the same, or the database cannot be read.
    """
    at = at or utc_now()
    if data.resolve() == keys.resolve():
        raise StorageError("Data and keys go into two different folders, best on two different machines.")
    ring, name = database.vault.keyring.current(), at.strftime(_STAMP)
    part = data / f".part-{name}"
    for folder in (data, keys, part):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    heads = copy_data(database, part)
    rows = copy_keys(database)
    _copy_ledger(ledger, part, keys)
    files = {path.name: _digest(path) for path in part.iterdir()}
    _write_signed(part / "manifest.json", {"at": at.isoformat(), "files": files, **heads}, ring)
    _write_signed(keys / f"keys-{name}.json", {"at": at.isoformat(), "keys": rows}, ring)
    finished = data / f"data-{name}"
    part.rename(finished)  # a copy that was cut off never has this name
    prune(data, keys, now=at)
    return finished


def prune(data: Path, keys: Path, *, now: datetime) -> None:
    """Delete the copies that are too old, and what a copy that was cut off left behind."""
    for path in keys.glob("keys-*.json"):
        if _time_of(path) < now - timedelta(days=KEY_COPY_DAYS):
            path.unlink()
    for path in [*data.glob("data-*"), *data.glob(".part-*")]:
        if path.name.startswith(".part-") or _time_of(path) < now - timedelta(days=DATA_COPY_DAYS):
            shutil.rmtree(path)


def restore(url: str, keyring: KeyRing, ledger: ErasureLedger, data: Path, keys: Path) -> Restored:
    """Bring a copy back into an empty place and prove that it is whole.

    Args:
        url: Where to.
        keyring: The installation's keys.
        ledger: Replayed, together with the copies of it that lie beside the data and the keys.
        data: One data copy.
        keys: One copy of the keys; of the newest, whoever was erased since is missing.

    Raises:
        StorageError: The place is not empty, or the copy was changed or is incomplete.
    """
    manifest = _read_signed(data / "manifest.json", keyring)
    for name, digest in manifest["files"].items():
        if not (data / name).is_file() or _digest(data / name) != digest:
            raise StorageError(f"{data / name} was changed after the backup. Take another copy.")
    rows = _read_signed(keys, keyring)["keys"]
    (file,) = [data / name for name in manifest["files"] if name.startswith("data.")]
    load_data(url, file)
    database = Database(url, keyring)
    try:
        _check_heads(database, manifest)
        loaded = load_keys(database, rows)
        database.prepare()
        erased = _replay(database, ledger, [data / _LEDGER, keys.parent / _LEDGER])
        opened = _check_opens(database)
        return Restored(sum(manifest["counts"].values()), loaded, erased, opened)
    finally:
        database.close()


def _check_heads(database: Database, manifest: dict[str, Any]) -> None:
    found = heads_of(database)
    for name in ("counts", "audit_head", "tally_serial"):
        if found[name] != manifest[name]:
            raise StorageError(f"The restored database differs from the copy's manifest in {name}. Take another copy.")
    with database.read() as session:
        if verify_audit(session) != manifest["counts"]["audit"]:
            raise StorageError("The audit's chain in this copy is broken. Look into it before you go on.")


def _replay(database: Database, ledger: ErasureLedger, copies: list[Path]) -> int:
    """Erase again whoever the ledger or one of its copies names."""
    keyring = database.vault.keyring
    written = {line.person_id for line in ledger.read()}
    named = {line.person_id for copy in copies for line in ErasureLedger(copy, keyring).read()}
    for person_id in sorted(named - written):
        ledger.append(person_id, at=utc_now())
    erased = sum(
        erase_again(database, person_id, actor="restore", at=utc_now()) for person_id in sorted(named | written)
    )
    truncate_journal(database)
    return erased


def _check_opens(database: Database) -> int:
    with database.read() as session:
        tried, opened = open_some(session, RANDOM_OPENS, with_key_only=True)
    if tried != opened:
        raise StorageError(f"{tried - opened} of {tried} values of this copy do not open. Take another copy.")
    return opened


def newest(folder: Path, pattern: str) -> Path:
    """Return the newest copy in a folder.

    Raises:
        StorageError: There is none.
    """
    found = sorted(folder.glob(pattern))
    if not found:
        raise StorageError(f"There is no copy in {folder}. Make one with `ballast backup`.")
    return found[-1]


def drill(database: Database, ledger: ErasureLedger, data: Path, keys: Path, place: Path) -> float:
    """Restore the newest copies into a temporary place, prove them, throw it away; return the seconds it took."""
    started = time.monotonic()
    url, drop = _temporary(database, place)
    scratch = place / f"drill-{secrets.token_hex(4)}.ledger"
    try:
        if ledger.path.exists():
            shutil.copyfile(ledger.path, scratch)
        found = newest(data, "data-*"), newest(keys, "keys-*.json")
        restored = restore(url, database.vault.keyring, ErasureLedger(scratch, database.vault.keyring), *found)
        sys.stderr.write(f"Restored {found[0].name}: {restored.rows} rows, {restored.opened} of them opened.\n")
    finally:
        scratch.unlink(missing_ok=True)
        drop()
    return time.monotonic() - started


def _temporary(database: Database, place: Path) -> tuple[str, Any]:
    name = f"ballast_drill_{secrets.token_hex(4)}"
    if database.engine.dialect.name == "sqlite":
        folder = place / name
        return f"sqlite:///{folder / 'drill.db'}", lambda: shutil.rmtree(folder, ignore_errors=True)

    def execute(statement: str) -> None:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(statement)

    execute(f"CREATE DATABASE {name} TEMPLATE template0")
    url = database.engine.url.set(database=name).render_as_string(hide_password=False)
    return url, lambda: execute(f"DROP DATABASE {name} WITH (FORCE)")


def _copy_ledger(ledger: ErasureLedger, *folders: Path) -> None:
    ledger.read()  # a changed ledger is not copied over a good one
    for folder in folders:
        if ledger.path.exists():
            shutil.copyfile(ledger.path, folder / _LEDGER)
            (folder / _LEDGER).chmod(0o600)


def _write_signed(path: Path, content: dict[str, Any], keyring: KeyRing) -> None:
    body = json.dumps(content, sort_keys=True)
    write_private(path, json.dumps({"body": body, "mac": keyring.mark("copy", body.encode()).hex()}))


def _read_signed(path: Path, keyring: KeyRing) -> dict[str, Any]:
    try:
        signed = json.loads(path.read_text(encoding="ascii"))
        body, mac = str(signed["body"]), str(signed["mac"])
    except FileNotFoundError:
        raise StorageError(f"{path} is not there. Is this a finished copy?") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise StorageError(f"{path} is damaged. Take another copy.") from None
    if not hmac.compare_digest(mac, keyring.mark("copy", body.encode()).hex()):
        raise StorageError(f"{path} was changed, or was made with another key file.")
    found: dict[str, Any] = json.loads(body)
    return found


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _time_of(path: Path) -> datetime:
    stamp = path.name.removesuffix(".json").partition("-")[2]
    return datetime.strptime(stamp, _STAMP).replace(tzinfo=timezone.utc)
