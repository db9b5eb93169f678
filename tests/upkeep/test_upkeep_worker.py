"""The worker as a process: kill -9 loses no step, two never work at once, and nothing of a man is in its log."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from itertools import pairwise

import pytest

from bot.config import PROJECT, Settings
from bot.escalation import claim_flag
from bot.escalation.steady import beat_of
from bot.storage.alarm_models import Notification
from bot.storage.election import Lock
from bot.storage.models import AuditEntry, Flag, StaffAccount
from bot.upkeep.verify import look
from bot.upkeep.worker import HEAD_AGAIN_MS, Worker
from tests.escalation.alarms import HandTicker
from tests.fakes.staff_servers import hook_server, mail_server
from tests.upkeep.alarm_storm import MINUTES, Storm

KILLS = 8


@pytest.mark.only("sqlite")
def test_kills_of_the_workers_lose_no_step_and_take_none_early(database, tmp_path):
    with hook_server() as (hook, address):
        storm = Storm(tmp_path, database, hook, address)
        try:
            storm.start()
            storm.start()
            storm.wait_for_beat()
            reds = [storm.red()]
            for kill in range(KILLS):
                storm.kill_all() if kill == KILLS // 2 else storm.kill_one()
                if kill % 3 == 0:
                    reds.append(storm.red())
            storm.wait_for_beat()
            taken = reds.pop()
            storm.until(lambda: storm.steps_of(taken))
            with database.write() as session:
                at = storm.ticker.wall()
                session.add(StaffAccount(id="rosa", name="rosa", role="lead", password_hash="x", created_at=at))
                session.flush()
                version = session.get(Flag, taken).version
                claim_flag(session, taken, version=version, staff_id="rosa", at=at)
            storm.until(lambda: all(len(storm.steps_of(flag_id)) >= 3 for flag_id in reds))
            storm.until(
                lambda: {(call.body["flag"], call.body["call"]) for call in hook.calls} >= all_steps(storm, reds)
            )
        finally:
            storm.stop()
    for flag_id in reds:
        times = storm.steps_of(flag_id)
        gaps = [(after - before) for before, after in pairwise(times)]
        # A step never comes before its time; after a standstill the next may follow in a third of the time.
        assert all(gap >= timedelta(minutes=MINUTES / 3) - timedelta(seconds=1) for gap in gaps)
        assert times[0] >= storm.opened[flag_id]
    sent = [(call.body["flag"], call.body["call"]) for call in hook.calls]
    assert len(sent) - len(set(sent)) <= storm.kills  # at most what was under way when a worker died
    assert all(call.is_signed for call in hook.calls)
    assert look(database).is_sound


def all_steps(storm, reds):
    return {(flag_id, step + 1) for flag_id in reds for step in range(len(storm.steps_of(flag_id)))}


def test_only_one_of_two_has_the_lock_and_the_other_gets_it_when_the_first_is_gone(database):
    first, second = Lock(database, "worker"), Lock(database, "worker")
    assert first.is_held()
    assert first.is_held()
    assert not second.is_held()
    another = Lock(database, "something else")
    assert another.is_held()
    another.release()
    first.release()
    assert second.is_held()
    assert not first.is_held()
    second.release()


HOLD = """
import sys, time
from bot.crypto import KeyRing
from bot.storage import Database
from bot.storage.election import Lock
from pathlib import Path
lock = Lock(Database(sys.argv[1], KeyRing.load(Path(sys.argv[2]))), "worker")
print(lock.is_held(), flush=True)
time.sleep(600)
"""


def test_the_lock_goes_with_a_process_that_is_killed(database, keyring, tmp_path):
    command = [sys.executable, "-c", HOLD, database.url, str(tmp_path / "ballast.keys")]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)  # noqa: S603 - ours
    try:
        assert holder.stdout.readline() == b"True\n"
        lock = Lock(database, "worker")
        assert not lock.is_held()
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        deadline = time.monotonic() + 60
        while not lock.is_held():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        lock.release()
    finally:
        holder.kill()
        holder.stdout.close()
        holder.wait()


@pytest.mark.only("postgres")
def test_who_lost_his_connection_has_lost_the_lock(database):
    lock, other = Lock(database, "worker"), Lock(database, "worker")
    assert lock.is_held()
    with database.engine.connect() as connection:
        mine = "SELECT pid FROM pg_locks WHERE locktype = 'advisory'"
        (pid,) = connection.exec_driver_sql(mine).scalars().all()
        connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)")
    assert other.is_held()
    assert not lock.is_held()
    other.release()


@pytest.fixture
def worker(database, tmp_path):
    opened = []

    def make(**environment):
        settings = Settings.from_environment({"BALLAST_HOME": str(tmp_path), **environment})
        ticker = HandTicker()
        opened.append(Worker(database, settings, ticker))
        return opened[-1], ticker

    yield make
    for one in opened:
        one.delivery.close()
        one._aside.shutdown()


def finish(worker):
    deadline = time.monotonic() + 60
    while worker._head is not None and not worker._head.done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_turn_without_work_writes_only_its_beat(database, worker):
    one, ticker = worker()
    one.turn()
    finish(one)
    with database.read() as session:
        first = beat_of(session).wall_at
    ticker.pass_time(seconds=2)
    one.turn()
    with database.read() as session:
        assert beat_of(session).wall_at == first
    ticker.pass_time(seconds=9)
    one.turn()
    with database.read() as session:
        assert beat_of(session).wall_at == ticker.now
        assert session.query(Notification).count() == 0


def test_the_audits_head_is_mailed_once_a_day_and_serves_as_anchor(database, worker, tmp_path):
    with mail_server() as (box, address):
        smtp = {
            "ALERT_SMTP": address,
            "ALERT_MAIL_FROM": "ballast@clinic.example",
            "AUDIT_HEAD_TO": "keeper@else.example",
        }
        one, ticker = worker(**smtp)
        for _ in range(30):
            one.turn()
            finish(one)
            ticker.pass_time(hours=1)
        assert len(box.letters) == 2
    letter = box.letters[0]
    assert letter["To"] == "keeper@else.example"
    line = next(part for part in letter.get_payload(decode=True).decode().splitlines() if part.startswith("{"))
    anchor = tmp_path / "anchor"
    anchor.write_text(line + "\n", encoding="ascii")
    assert look(database, anchor).anchor is True
    assert json.loads(json.loads(line)["body"])["entries"] == 1


def test_a_head_that_was_not_taken_is_mailed_again(database, worker):
    with mail_server() as (box, address):
        smtp = {
            "ALERT_SMTP": address,
            "ALERT_MAIL_FROM": "ballast@clinic.example",
            "AUDIT_HEAD_TO": "keeper@else.example",
        }
        one, ticker = worker(**smtp)
        box.refuses = "451 later"
        one.turn()
        finish(one)
        one.turn()
        assert box.letters == []
        box.refuses = ""
        ticker.pass_time(milliseconds=HEAD_AGAIN_MS)
        one.turn()
        finish(one)
        assert len(box.letters) == 1
    with database.read() as session:
        assert session.query(AuditEntry).filter_by(action="verify.anchor").count() == 2
