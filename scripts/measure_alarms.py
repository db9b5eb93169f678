"""How soon a red reaches somebody, and whether each unanswered red goes up the line on time while workers are killed.

Three measurements, each with real posts over loopback to a real receiver:
1. 1,000 reds, each at a random moment of the worker's round, on a clock that is simulated;
2. some reds in real time against the real `ballast worker`;
3. reds that nobody takes while worker processes are killed with kill -9, on clocks sixty times as fast.

    python scripts/measure_alarms.py [--reds 1000] [--real 20] [--kills 48] [--url postgresql://...]
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bot import logs
from bot.clock import utc_now
from bot.config import PROJECT, Settings
from bot.crypto import KeyRing
from bot.escalation import open_flag
from bot.storage import Database
from bot.storage.columns import new_id
from bot.storage.models import Flag, Person
from bot.upkeep.worker import POLL_SECONDS, Worker
from tests.escalation.alarms import HandTicker
from tests.fakes.staff_servers import SECRET, hook_server
from tests.upkeep.alarm_storm import SPEED, Storm, settings_of

FOR_STEPS = 3


def person_in(database: Database) -> str:
    """Make a man and return his id."""
    person_id = new_id()
    with database.write() as session:
        session.add(Person(id=person_id, door="terminal", chat_index=os.urandom(32), created_at=utc_now()))
        session.flush()
        database.vault.make_key(session, person_id)
    return person_id


def red_about(database: Database, person_id: str, at: object) -> str:
    """Open a red about him, or add to the one that is open; return its id."""
    with database.write() as session:
        flag = open_flag(session, person_id=person_id, level="red", kind="screening", reasons=["x"], at=at)
        return str(flag.id)


def told(name: str, seconds: Sequence[float]) -> None:
    """Print how many there are, the median, the 99th percentile and the most."""
    ordered = sorted(seconds)
    p99 = ordered[max(0, -(-99 * len(ordered) // 100) - 1)]
    print(
        f"{name}: n {len(ordered)}, median {statistics.median(ordered):.2f} s, "
        f"p99 {p99:.2f} s, most {ordered[-1]:.2f} s",
        flush=True,
    )


def simulated(home: Path, database: Database, count: int) -> None:
    """Each red comes at a random moment between two rounds; the time until its post was taken counts."""
    chance, ticker = random.Random(20261122), HandTicker()  # noqa: S311 - to be repeated
    with hook_server() as (hook, address):
        worker = Worker(database, settings_of(home, address), ticker)
        worker.turn()
        person_ids = [person_in(database) for _ in range(50)]
        found = []
        for number in range(count):
            phase = chance.uniform(0, POLL_SECONDS)
            ticker.pass_time(seconds=phase)
            opened = ticker.now
            flag_id = red_about(database, person_ids[number % 50], opened)
            if any(call.body["flag"] == flag_id for call in hook.calls):
                flag_id = ""  # it joined one that rang before
            ticker.pass_time(seconds=POLL_SECONDS - phase)
            begun = time.perf_counter()
            worker.turn()
            while flag_id and not any(call.body["flag"] == flag_id for call in hook.calls[-3:]):
                time.sleep(0.001)
            if flag_id:
                found.append((ticker.now - opened).total_seconds() + time.perf_counter() - begun)
            worker.delivery.settle()
            with database.write() as session:
                session.query(Flag).filter(Flag.closed_at.is_(None)).update(
                    {"state": "duplicate", "closed_at": ticker.now}, synchronize_session=False
                )
        worker.delivery.close()
    told("simulated clock, from commit to taken", found)


def real(home: Path, database: Database, count: int) -> None:
    """The real process in real time."""
    chance = random.Random(1)  # noqa: S311 - to be repeated
    with hook_server() as (hook, address):
        environment = {**os.environ, "BALLAST_HOME": str(home), "DATABASE_URL": database.url}
        environment |= {"ALERT_WEBHOOK_URL": address, "ALERT_WEBHOOK_SECRET": SECRET, "PYTHONPATH": str(PROJECT)}
        with (home / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "bot", "worker"], env=environment, cwd=PROJECT, stdout=log, stderr=log
            )
        try:
            found = []
            for _ in range(count):
                time.sleep(chance.uniform(0, POLL_SECONDS))
                begun = time.monotonic()
                flag_id = red_about(database, person_in(database), utc_now())
                while not any(call.body["flag"] == flag_id for call in hook.calls):
                    time.sleep(0.01)
                found.append(time.monotonic() - begun)
        finally:
            process.kill()
            process.wait()
    told("real time, from commit to taken (the first waits for the process to start)", found)


def killed(home: Path, database: Database, kills: int) -> None:
    """How late each step came, and whether one is missing."""
    with hook_server() as (hook, address):
        storm = Storm(home, database, hook, address, minutes=15)
        try:
            storm.start()
            storm.start()
            storm.wait_for_beat()
            while storm.kills < kills:
                storm.red()
                for _ in range(3):
                    storm.wait_for_both()
                    storm.kill_one()
            storm.wait_for_beat()
            storm.until(lambda: all(len(storm.steps_of(flag_id)) >= FOR_STEPS for flag_id in storm.opened))
            ended = storm.ticker.wall()
            steps = {flag_id: storm.steps_of(flag_id) for flag_id in storm.opened}
        finally:
            storm.stop()
    owed = sum(1 + int((ended - at) / timedelta(minutes=15)) for at in storm.opened.values())
    taken = sum(len(times) for times in steps.values())
    sent = [(call.body["flag"], call.body["call"]) for call in hook.calls]
    real_late = [late / SPEED for late in storm.lateness()]
    print(f"kill -9: {storm.kills} kills, {len(steps)} reds, {taken} of {owed} steps taken,")
    twice = len(sent) - len(set(sent))
    print(f"  {len(set(sent))} of them seen by the receiver, {twice} twice, early: {min(real_late) < 0}")
    told("  later than its time, in seconds of the machine", real_late)


def main() -> None:
    """Measure what the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reds", type=int, default=1000)
    parser.add_argument("--real", type=int, default=20)
    parser.add_argument("--kills", type=int, default=48)
    parser.add_argument("--url", default="")
    options = parser.parse_args()
    logs.install("ERROR")
    for measure, count in ((simulated, options.reds), (real, options.real), (killed, options.kills)):
        if not count:
            continue
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            settings = Settings.from_environment({"BALLAST_HOME": folder})
            database = Database(options.url or settings.database_url, KeyRing.create(settings.key_file))
            database.prepare()
            measure(home, database, count)
            database.close()


if __name__ == "__main__":
    main()
