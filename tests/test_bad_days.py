"""Days on which something is missing, locked or full: one clear line, and nothing acknowledged that was not stored."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager

import pytest
import pytest_asyncio
from sqlalchemy import event
from telegram import Bot as Client

from bot.config import PROJECT
from bot.content import say
from bot.crypto import KeyRing
from bot.errors import StorageError
from bot.storage.models import InboxMessage
from bot.telegram.door import TelegramDoor
from bot.turns.people import find_or_begin
from tests.path_fixtures import START_AT, Bot, House, Ledger, fake_telegram, free_port, until

MAN = 4001
COMMANDS = (["telegram"], ["chat", "--jsonl"], ["ready"])


@pytest.fixture
def house(tmp_path) -> House:
    """A house in which somebody lives: only then can a key file be the wrong one."""
    house = House.build(tmp_path / "house")
    database = house.open()
    with database.write() as session:
        find_or_begin(session, "telegram", "1", region="us", language="en", at=START_AT)
    database.close()
    return house


def run(house: House, command: list[str], **more: str) -> tuple[int, str]:
    """Run a command that should refuse to start; return its code and what it said."""
    done = subprocess.run(  # noqa: S603 - our own interpreter and arguments
        [sys.executable, "-m", "bot", *command],
        cwd=more.pop("cwd", PROJECT),
        env=house.environment(**more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == b""
    return done.returncode, done.stderr.decode()


def is_one_clear_line(said: str, *words: str) -> bool:
    return said.startswith("ballast: ") and said.count("\n") == 1 and all(word in said for word in words)


TOKEN = {"TELEGRAM_TOKEN": "42:TEST", "TELEGRAM_BASE_URL": "http://127.0.0.1:9/bot"}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize("case", ["missing", "wrong", "too open", "damaged"])
def test_key_file_that_cannot_be_used_is_told_in_one_line(house, command, case):
    path = house.settings().key_file
    if case == "missing":
        path.unlink()
        words = ["no key file", "ballast keys new"]
    elif case == "wrong":
        path.unlink()
        KeyRing.create(path)
        words = ["KEY_FILE"]
    elif case == "too open":
        path.chmod(0o644)
        words = ["chmod 600"]
    else:
        path.write_text("kek 1 nonsense\n")
        words = ["damaged"]
    code, said = run(house, command, **TOKEN)
    assert code == 2
    assert is_one_clear_line(said, *words), said


@pytest.mark.parametrize(
    ("setting", "value"),
    [("TELEGRAM_TOKEN", "changeme"), ("REGION", "atlantis"), ("LOG_LEVEL", "LOUD"), ("STAFF_PORT", "many")],
)
def test_setting_that_cannot_be_used_is_told_in_one_line(house, setting, value):
    code, said = run(house, ["telegram"], **{setting: value})
    assert code == 2
    assert is_one_clear_line(said, setting), said


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_database_that_is_none_is_told_in_one_line(house, command):
    (house.home / "ballast.db").write_bytes(b"this is no database" * 1_000)
    code, said = run(house, command, **TOKEN)
    assert code == 2
    assert is_one_clear_line(said, "database"), said


def test_without_a_token_it_says_how_to_get_one(house):
    code, said = run(house, ["telegram"])
    assert code == 0
    assert "@BotFather" in said


@pytest.fixture
def project_without_model(tmp_path):
    """A copy of what the commands need, without a model."""
    copy = tmp_path / "project"
    for name in ("bot", "actions"):
        shutil.copytree(PROJECT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("domain.yml", "config.yml", "credentials.yml", "endpoints.yml"):
        shutil.copy(PROJECT / name, copy / name)
    return str(copy)


@pytest.mark.parametrize("command", [["chat", "--jsonl", "--fresh"], ["read", "--jsonl"]])
def test_missing_model_is_told_in_one_line(house, project_without_model, command):
    code, said = run(house, command, cwd=project_without_model, PYTHONPATH=project_without_model)
    assert code == 2
    assert is_one_clear_line(said, "make train"), said


# While it runs.


@pytest_asyncio.fixture
async def api(monkeypatch):
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    async with fake_telegram(first_update=1) as fake:
        yield fake


@contextmanager
def bad_disk(database, pragma: str):
    """Let every new connection meet a full or read-only disk."""

    def spoil(connection, _record):
        connection.execute(f"PRAGMA {pragma}")

    event.listen(database.engine, "connect", spoil)
    try:
        yield
    finally:
        event.remove(database.engine, "connect", spoil)
        database.engine.dispose()  # the connections that are kept are spoilt


def stored(database) -> list[int]:
    with database.read() as session:
        return [row.update_id for row in session.query(InboxMessage).order_by(InboxMessage.seq)]


async def fetch_until_it_fails(door: TelegramDoor) -> None:
    while True:
        await door.fetch(0)


@pytest.mark.asyncio
@pytest.mark.parametrize("pragma", ["max_page_count=1", "query_only=ON"], ids=["full", "read-only"])
async def test_full_disk_acknowledges_nothing_and_loses_nothing(house, api, pragma):
    database = house.open()
    database.engine.dispose()
    async with Client(api.token, base_url=api.base_url) as client:
        door = TelegramDoor(database, house.settings(), client, None)
        # More than the free space inside the file can take.
        updates = [api.say(MAN, "I want to kill myself " + "x" * 4_000) for _ in range(3)]
        with bad_disk(database, pragma):
            with pytest.raises(StorageError):
                await fetch_until_it_fails(door)
            with pytest.raises(StorageError):
                await door.fetch(0)
            kept = stored(database)
        assert kept == updates[: len(kept)]
        assert len(kept) < len(updates)
        assert api.pending >= len(updates) - len(kept)
        await door.fetch(0)
        assert stored(database) == updates
        await door.close()
    database.close()
    assert house.is_intact()


@pytest.mark.asyncio
async def test_locked_database_is_waited_for_and_rasa_that_is_away_is_told(house, api):
    bot = Bot(house, api, f"http://127.0.0.1:{free_port()}")
    database = house.open()
    try:
        await until(lambda: api.polls, what="the first poll")
        with closing(sqlite3.connect(house.home / "ballast.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            update = api.say(MAN, "I want to kill myself")
            await until(lambda: "telegram.not_stored" in bot.log.read_text(), what="giving up for now")
            assert api.pending == 1
            assert stored(database) == []
            other.execute("ROLLBACK")
        await api.wait_for_message(MAN, "988")
        assert stored(database) == [update]
        await api.wait_for_message(MAN, say("safety_static", "us-miami")[0])
        assert "rasa.away" in bot.log.read_text()
        assert len(Ledger(database).flags(MAN)) == 1
        assert bot.process.poll() is None
    finally:
        database.close()
        assert bot.stop() == 0


@pytest.mark.asyncio
async def test_second_bot_on_sqlite_is_sent_away_in_one_line_and_the_first_goes_on(house, api):
    bot = Bot(house, api, f"http://127.0.0.1:{free_port()}")
    try:
        await until(lambda: api.polls, within=60, what="the first poll")
        code, said = await asyncio.get_running_loop().run_in_executor(None, lambda: run(house, ["telegram"], **TOKEN))
        assert code == 2
        assert is_one_clear_line(said, "Another `ballast telegram`", "PostgreSQL"), said
        api.say(MAN, "I want to kill myself")
        await api.wait_for_message(MAN, "988", timeout=30)
    finally:
        bot.kill()
    again = Bot(house, api, f"http://127.0.0.1:{free_port()}")  # a killed one leaves no lock behind
    polls = api.polls
    await until(lambda: api.polls > polls, within=60, what="the return")
    assert again.stop() == 0


@pytest.mark.asyncio
async def test_bot_stops_at_once_when_told_also_in_the_middle_of_work(house, api):
    bot = Bot(house, api, f"http://127.0.0.1:{free_port()}")
    await until(lambda: api.polls, what="the first poll")
    for number in range(20):
        api.say(MAN + number, "hello")
    await asyncio.sleep(0)
    assert bot.stop() == 0
    assert house.is_intact()
