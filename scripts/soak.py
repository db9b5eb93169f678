"""Long runs that prove what a test is too short for: ``make soak`` (a quarter of an hour).

A million seals without a repeated nonce or salt; a million messages backed up, restored and proved, with the time.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import insert

from bot import logs
from bot.clock import utc_now
from bot.config import Settings
from bot.crypto import Context, KeyRing, PersonKeys, seal
from bot.crypto.key import Key
from bot.crypto.padding import pad
from bot.storage import Database, open_database
from bot.storage.checking import found_tally
from bot.storage.ledger import ErasureLedger
from bot.storage.models import InboxMessage
from bot.storage.sealed import SealedBytes
from bot.turns.people import find_or_begin
from bot.upkeep import backup

MILLION = 1_000_000
MEN = 1_000
RESTORE_WITHIN_SECONDS = 600
BATCH = 10_000


def main() -> None:
    """Run both; an assertion that fails ends with its line."""
    logs.install("ERROR")
    seals()
    with tempfile.TemporaryDirectory(prefix="ballast-soak-") as folder:
        copies(Path(folder))


def seals() -> None:
    """Seal a million times and look for a salt or nonce that was there before."""
    keys, context = PersonKeys("person", {1: Key(b"k" * 32)}), Context("inbox", "body", "row", "person", 1)
    salts, nonces, started = set(), set(), time.monotonic()
    for _ in range(MILLION):
        blob = seal(b"", context=context, keys=keys)
        salts.add(blob[5:21])
        nonces.add(blob[37:49])
    assert (len(salts), len(nonces)) == (MILLION, MILLION)  # noqa: S101
    say(f"{MILLION:,} seals, no salt and no nonce twice", started)


def copies(folder: Path) -> None:
    """Back a million messages up and restore them."""
    settings = Settings.from_environment({"BALLAST_HOME": str(folder), "KEY_FILE": str(folder / "ballast.keys")})
    KeyRing.create(settings.key_file)
    database = open_database(settings)
    ledger = ErasureLedger(settings.erasure_ledger, database.vault.keyring)
    started = time.monotonic()
    fill(database)
    say(f"{MILLION:,} messages written", started)
    started = time.monotonic()
    backup.back_up(database, ledger, folder / "data", folder / "keys")
    say("backed up", started)
    started = time.monotonic()
    found = backup.newest(folder / "data", "data-*"), backup.newest(folder / "keys", "keys-*.json")
    url = f"sqlite:///{folder / 'back' / 'ballast.db'}"
    restored = backup.restore(url, database.vault.keyring, ledger, *found)
    say(f"restored: {restored.rows:,} rows, {restored.opened:,} of them opened", started)
    assert time.monotonic() - started < RESTORE_WITHIN_SECONDS  # noqa: S101
    database.close()


def fill(database: Database) -> None:
    """Write a thousand men with a thousand messages each, past the session for speed, and count them at the end."""
    with database.write() as session:
        people = [
            find_or_begin(session, "telegram", str(number), region="us", language="en", at=utc_now()).id
            for number in range(MEN)
        ]
    for start in range(0, MILLION, BATCH):
        with database.write() as session:
            rows = [row(session, people[number % MEN], number) for number in range(start, start + BATCH)]
            session.connection().execute(insert(InboxMessage.__table__), rows)
    with database.write() as session:
        found_tally(session)


def row(session: object, person_id: str, number: int) -> dict[str, object]:
    """Return one message, sealed."""
    keys = session.info["vault"].keys_of(session, person_id)  # type: ignore[attr-defined]
    context = Context("inbox", "body", f"{number:032}", person_id, 1)
    body = seal(pad(b'{"text":"cannot sleep"}'), context=context, keys=keys)
    return {
        "id": f"{number:032}",
        "door": "telegram",
        "update_id": number,
        "person_id": person_id,
        "kind": "text",
        "state": "done",
        "received_at": utc_now(),
        "attempts": 0,
        "revision": 1,
        "body_sealed": SealedBytes(body),
    }


def say(text: str, started: float) -> None:
    """Print a line with the time it took."""
    sys.stdout.write(f"{text}: {time.monotonic() - started:.0f} s\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
