"""Measure the staff app over 100,000 flags and a million messages: one page after the other, and 20 reviewers at once.

What is measured: the time of the queue page and of a flag's page at the running server, on SQLite and PostgreSQL. The
men whose pages are loaded have real keys and sealed messages; the other rows are as long as sealed ones, and nobody
opens them. A reviewer loads the queue and a flag in turn with a second's pause after each, as nobody does for long.
"""

from __future__ import annotations

import argparse
import http.client
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles

import sqlalchemy

from bot import logs
from bot.clock import utc_now
from bot.config import PROJECT, Settings
from bot.console.server import _free_port as free_port
from bot.crypto import KeyRing
from bot.escalation import open_flag
from bot.staff.sessions import start_session
from bot.storage import Database, open_database
from bot.storage.columns import new_id
from bot.storage.models import InboxMessage, OutboxMessage, Person, StaffAccount

MEN, FLAGS, MESSAGES = 5_000, 100_000, 1_000_000
STEPS_A_FLAG = 4  # audit entries
OPEN_SHARE = 20  # every twentieth flag is open: far more than a clinic should ever have
LOOKED_AT, WORDS_EACH = 60, 40
REVIEWERS, ROUNDS, PAUSE_SECONDS = 20, 10, 1.0
ALONE = 60
QUEUE_MS, FLAG_MS = 150, 250
SEALED_BYTES = 193  # a short message: 128 padded, and what a seal adds
# The same rows by each database's own means: a number, 32 digits from it, bytes, a moment so many seconds ago.
DIALECTS = {
    "sqlite": {
        "numbers": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) ",
        "from": "FROM n",
        "id": "lower(printf('%032x', {n}))",
        "bytes": "randomblob({n})",
        "index": "randomblob({n})",
        "ago": "strftime('%Y-%m-%d %H:%M:%S.000000', 'now', '-' || ({n}) || ' seconds')",
    },
    "postgresql": {
        "numbers": "",
        "from": "FROM generate_series(1, {count}) AS n(i)",
        "id": "lpad(to_hex({n}), 32, '0')",
        "bytes": "substring(decode(repeat(md5(i::text || 'x'), ({n}) / 16 + 1), 'hex') from 1 for {n})",
        "index": "decode(md5(i::text) || md5(i::text || 'y'), 'hex')",
        "ago": "(now() at time zone 'utc') - ({n}) * interval '1 second'",
    },
}


def main() -> None:
    """Print the figures of each database."""
    options = _parser().parse_args()
    logs.install("ERROR")
    for kind in options.databases:
        with tempfile.TemporaryDirectory() as folder, _server(kind) as url:
            measure(kind, Path(folder), url, options.scale)


def measure(kind: str, folder: Path, url: str | None, scale: float) -> None:
    """Fill a database, start the app before it and load its pages."""
    port = free_port()
    place = {"BALLAST_HOME": str(folder), "STAFF_PORT": str(port), **({"DATABASE_URL": url} if url else {})}
    settings = Settings.from_environment(place)
    KeyRing.create(settings.key_file)
    database = open_database(settings)
    started = time.perf_counter()
    fill(database, scale)
    flags = [look_at_me(database, number) for number in range(LOOKED_AT)]
    tokens = reviewers(database)
    _tell(
        f"{kind}: {FLAGS * scale:,.0f} flags, {MESSAGES * scale:,.0f} messages in {time.perf_counter() - started:.0f} s"
    )
    database.close()
    with _app(port, place) as process:
        alone(kind, port, tokens[0], flags, process)
        together(kind, port, tokens, flags)


def fill(database: Database, scale: float) -> None:
    """Write the many rows that are only in the way."""
    men, flags, half = int(MEN * scale), int(FLAGS * scale), int(MESSAGES * scale / 2)
    his = f"<id:i % {men} + 1>"
    once = {"revision": "1", "attempts": "1"}
    words = f"<bytes:{SEALED_BYTES}>"
    level = "CASE i % 10 WHEN 0 THEN 'red' WHEN 1 THEN 'orange' ELSE 'yellow' END"
    state = f"CASE WHEN i % {OPEN_SHARE} = 0 THEN 'open' ELSE 'resolved' END"
    came = {"door": "'terminal'", "update_id": "i", "kind": "'text'", "state": "'done'", "received_at": "<ago:i * 30>"}
    went = {
        "lane": "'turn'",
        "resend": "true",
        "state": "'sent'",
        "created_at": "<ago:i * 30>",
        "due_at": "<ago:i * 30>",
    }
    flag = {"level": level, "kind": "'screening'", "state": state, "version": "1", "revision": "1"}
    times = {"opened_at": "<ago:i * 90 + 900>", "due_at": "<ago:i * 90>"}
    step = {"actor": "'ballast'", "action": "'flag.view'", "subject": f"<id:i / {STEPS_A_FLAG}>"}
    man = {"door": "'terminal'", "chat_index": "<index:32>", "created_at": "<ago:i>", "revision": "1"}
    tables: list[tuple[str, int, dict[str, str]]] = [
        ("persons", men, {"id": "<id:i>", **man}),
        ("inbox", half, {"id": "<id:i>", "person_id": his, **came, **once, "body_sealed": words}),
        ("outbox", half, {"id": "<id:i>", "person_id": his, **went, **once, "body_sealed": words}),
        ("flags", flags, {"id": "<id:i>", "person_id": his, **flag, **times, "reasons_sealed": words}),
        ("audit", flags * STEPS_A_FLAG, {**step, "at": "<ago:i * 20>", "mac": "<bytes:32>"}),
    ]
    with database.engine.begin() as connection:
        for table, count, columns in tables:
            statement = _statement(database.engine.dialect.name, table, count, columns)
            connection.execute(sqlalchemy.text(statement.replace(":", "\\:")))


def _statement(dialect: str, table: str, count: int, columns: dict[str, str]) -> str:
    words = DIALECTS[dialect]
    values = []
    for value in columns.values():
        if value.startswith("<"):
            kind, _, number = value.strip("<>").partition(":")
            values.append(words[kind].format(n=number))
        else:
            values.append(value)
    names, source = ", ".join(columns), words["from"].format(count=count)
    numbers = words["numbers"].format(count=count)
    select = f"SELECT {', '.join(values)} {source}"
    return f"{numbers}INSERT INTO {table} ({names}) {select}"


def look_at_me(database: Database, number: int) -> str:
    """Make a man with real keys, messages and a red flag, and return the flag's id."""
    at = utc_now()
    with database.write() as session:
        person = Person(id=new_id(), door="terminal", chat_index=os.urandom(32), created_at=at)
        session.add(person)
        session.flush()
        database.vault.make_key(session, person.id)
        for place in range(WORDS_EACH):
            moment = at - timedelta(minutes=place)
            row = InboxMessage(id=new_id(), door="terminal", update_id=10**9 + number * 1_000 + place, kind="text")
            row.person_id, row.received_at, row.state = person.id, moment, "done"
            session.add(row)
            row.body = {"text": f"invented message {place} of a bad week"}
            answer = OutboxMessage(id=new_id(), person_id=person.id, created_at=moment, due_at=moment, state="sent")
            session.add(answer)
            answer.body = {"text": "invented answer", "buttons": []}
        reasons = ["says he wants to die"]
        more = {"person_id": person.id, "level": "red", "kind": "screening", "reasons": reasons, "message_id": row.id}
        return str(open_flag(session, **more, at=at).id)


def reviewers(database: Database) -> list[str]:
    """Return the cookies of so many signed-in reviewers."""
    at, tokens = utc_now(), []
    with database.write() as session:
        for number in range(REVIEWERS):
            account = StaffAccount(id=new_id(), name=f"reviewer {number}", role="reviewer", password_hash="-")  # noqa: S106
            account.created_at, account.totp_nonce, account.totp_step = at, "0" * 32, 0
            session.add(account)
            session.flush()
            tokens.append(start_session(session, staff_id=account.id, at=at, confirmed_at=at))
    return tokens


def alone(kind: str, port: int, token: str, flags: list[str], process: subprocess.Popen[bytes]) -> None:
    """Load each page again and again, one after the other."""
    browser = Browser(port, token)
    for name, paths, aim in (
        ("queue page", ["/flags"] * ALONE, QUEUE_MS),
        ("flag page", [f"/flags/{flag}" for flag in flags], FLAG_MS),
    ):
        browser.load(paths[0])
        before = _processor_ms(process)
        taken = [browser.load(path) for path in paths]
        each = (_processor_ms(process) - before) / len(paths)
        _say(f"{kind}, {name}, one reviewer", taken, aim)
        _tell(f"{kind}, {name}: {each:.0f} ms of the app's own processor time a page")


def together(kind: str, port: int, tokens: list[str], flags: list[str]) -> None:
    """Let all reviewers work at once."""
    taken: dict[str, list[float]] = {"queue page": [], "flag page": []}
    lock = threading.Lock()

    def work(number: int) -> None:
        browser = Browser(port, tokens[number])
        time.sleep(number * 2 * PAUSE_SECONDS / REVIEWERS)  # people do not click in step
        for turn in range(ROUNDS):
            flag = flags[(number + turn) % len(flags)]
            for name, path in (("queue page", "/flags"), ("flag page", f"/flags/{flag}")):
                milliseconds = browser.load(path)
                with lock:
                    taken[name].append(milliseconds)
                time.sleep(PAUSE_SECONDS)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(tokens))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, aim in (("queue page", QUEUE_MS), ("flag page", FLAG_MS)):
        _say(f"{kind}, {name}, {REVIEWERS} reviewers at once", taken[name], aim)


class Browser:
    """One reviewer's connection."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Cookie": f"ballast-local={token}"}

    def load(self, path: str) -> float:
        """Load a page and return how many milliseconds it took."""
        started = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        page = answer.read()
        taken = (time.perf_counter() - started) * 1000
        assert answer.status == http.client.OK and b"<main" in page, answer.status  # noqa: S101, PT018 - or it lies
        return taken


@contextmanager
def _app(port: int, place: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, **place, "LOG_LEVEL": "ERROR"}
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "staff"], cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL
    )
    try:
        _wait(port, process)
        yield process
    finally:
        process.terminate()
        process.wait()


def _processor_ms(process: subprocess.Popen[bytes]) -> float:
    """Return the processor time that the app has used; it says the same on a machine that is busy with other things."""
    fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            http.client.HTTPConnection("127.0.0.1", port, timeout=5).request("GET", "/healthz")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("The staff app ended by itself.")


@contextmanager
def _server(kind: str) -> Iterator[str | None]:
    sys.path.insert(0, str(PROJECT))
    from tests import postgres  # its server in a temporary folder

    with postgres.running() if kind == "postgresql" else nullcontext() as server:
        yield server.url(server.make()) if server else None


def _say(name: str, taken: list[float], aim: int) -> None:
    p99 = quantiles(taken, n=100)[98]
    _tell(f"{name}: median {median(taken):.0f} ms, p99 {p99:.0f} ms over {len(taken)} (aim {aim})")


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure the staff app over a large database.")
    parser.add_argument("databases", nargs="*", default=["sqlite", "postgresql"], metavar="sqlite|postgresql")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the rows, for a trial")
    return parser


if __name__ == "__main__":
    main()
