"""A canary phrase goes through every door at DEBUG, with failures forced, and is then searched for everywhere."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from bot.clock import utc_now
from bot.config import PROJECT
from bot.content import say
from bot.crypto import KeyRing
from bot.errors import SealBrokenError
from bot.storage import Database
from bot.storage.columns import new_id
from bot.storage.ledger import ErasureLedger
from bot.storage.models import ButtonToken, InboxMessage, TrackerEvent
from bot.turns import Gate, Incoming, Kind
from bot.upkeep import backup
from tests.path_fixtures import Bot, House, Ledger, Rasa, Switch, fake_telegram, shared_rasa, until

__all__ = ["shared_rasa"]
CANARY = "zanzibar umbrella quokka"
PARTS = ("zanzibar", "umbrella", "quokka")
MAN = 3001


def forms(text: str) -> list[bytes]:
    """Return how the phrase may lie in a file."""
    plain = [text, text.upper(), text.title(), *PARTS]
    return [form.encode(code) for form in plain for code in ("utf-8", "utf-16-le")]


def places(house: House) -> list[Path]:
    """Return every file of the house: database, journal, logs, temporary files."""
    return [Path(folder) / name for folder, _, names in os.walk(house.home) for name in names]


def hits(house: House) -> list[tuple[str, bytes]]:
    found = [(path.name, path.read_bytes()) for path in places(house)]
    return [(name, form) for name, content in found for form in forms(CANARY) if form in content]


@pytest.mark.asyncio
async def test_canary_is_found_nowhere(shared_rasa: Rasa):
    house = shared_rasa.house
    database = house.open()
    ledger = Ledger(database)
    watcher = sqlite3.connect(house.home / "ballast.db")  # while somebody looks, the journal is not tidied away
    watcher.execute("SELECT count(*) FROM inbox").fetchall()
    rasa = Switch(shared_rasa.port)
    await rasa.on()
    async with fake_telegram(first_update=30_001) as api:
        bot = Bot(house, api, rasa.url, LOG_LEVEL="DEBUG")
        try:
            await until(lambda: api.polls, what="the first poll")
            await type_it_everywhere(api, ledger, rasa)
            await force_a_fault(api, ledger)
        finally:
            await rasa.off()
            bot.kill()  # as it dies in the field: nothing is tidied up
    names = {path.name for path in places(house)}
    assert {"ballast.db", "ballast.db-wal", "rasa.log", "telegram.log"} <= names
    assert "gate.received" in (house.home / "telegram.log").read_text()
    assert '"level": "ERROR"' in (house.home / "rasa.log").read_text()  # the fault that was forced
    assert typed_words_were_stored(ledger)
    assert hits(house) == []
    with closing(sqlite3.connect(house.home / "ballast.db")) as connection:
        dump = "\n".join(connection.iterdump()).encode()
    assert not [form for form in forms(CANARY) if form in dump]
    watcher.close()
    database.close()


PHRASES = [f"quokka{number:03} zanzibar {'umbrella ' * (number % 7)}" for number in range(200)]
WRITERS = range(3101, 3111)


@pytest.mark.asyncio
async def test_two_hundred_phrases_are_found_nowhere_though_every_layer_fails(shared_rasa: Rasa, tmp_path: Path):
    house = shared_rasa.house
    database = house.open()
    ledger, rasa = Ledger(database), Switch(shared_rasa.port)
    await rasa.on()
    async with fake_telegram(first_update=50_001) as api:
        bot = Bot(house, api, rasa.url, LOG_LEVEL="DEBUG")
        try:
            await until(lambda: api.polls, what="the first poll")
            for man in WRITERS:
                api.say(man, f"{PHRASES[man % 200]} before consent")
                question = await api.wait_for_message(man, say("consent_question", "us-miami")[0])
                api.press(man, question.message_id, question.buttons["I'm 18+, keep it"])
            await all_settled(api, ledger)
            api.fail_next("sendMessage", 500, description=PHRASES[0], times=3)
            api.fail_next("sendMessage", 400, description=PHRASES[1])
            for number, phrase in enumerate(PHRASES):
                api.say(WRITERS[number % len(WRITERS)], phrase)
            await all_settled(api, ledger)
            await break_the_storage(api, ledger, house, rasa)
        finally:
            bot.process.send_signal(signal.SIGABRT)  # the signal that asks for a core dump
            bot.process.wait()
            await rasa.off()
    for command in (["backup", "--data", str(house.home / "a"), "--keys", str(house.home / "b")], ["verify"]):
        environment, line = house.environment(LOG_LEVEL="DEBUG"), [sys.executable, "-m", "bot", *command]
        done = subprocess.run(line, cwd=PROJECT, env=environment, capture_output=True, check=False)  # noqa: S603 - ours
        (house.home / f"{command[0]}.log").write_bytes(done.stdout + done.stderr)
    assert (house.home / "a").is_dir()
    logged = (house.home / "telegram.log").read_text()
    assert all(event in logged for event in ("inbox.unreadable", "telegram.not_stored"))
    assert hits(house) == []
    assert not list(PROJECT.glob("core*"))
    read = sum(PHRASES[number].strip() in text for man in WRITERS for number, text in numbered(ledger, man))
    assert read >= len(PHRASES) - 1  # but for the one that was damaged; with the keys all are there to be found
    database.close()


def numbered(ledger: Ledger, man: int) -> list[tuple[int, str]]:
    """Return what he wrote, each with the number of the phrase in it."""
    found = []
    with ledger.database.read() as session:
        for row in ledger.inbox(man):
            with suppress(SealBrokenError):
                text = session.merge(row).body.reveal()["text"] or ""
                if match := re.match(r"quokka(\d{3})", text):
                    found.append((int(match[1]), text))
    return found


async def break_the_storage(api, ledger: Ledger, house: House, rasa: Switch) -> None:
    """Lock the database until the bot gives up, and damage a message that waits for its answer."""
    with closing(sqlite3.connect(house.home / "ballast.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        api.say(WRITERS[0], f"{CANARY} while it is locked")
        log = house.home / "telegram.log"
        await until(lambda: "telegram.not_stored" in log.read_text(), what="giving up for now")
        other.execute("ROLLBACK")
        await all_settled(api, ledger)
        await rasa.off()
        api.say(WRITERS[1], f"{CANARY} that will be damaged")
        await until(lambda: ledger.inbox(WRITERS[1])[-1].attempts, what="telling that Rasa is away")
        row_id = ledger.inbox(WRITERS[1])[-1].id
        other.execute("UPDATE inbox SET body_sealed = zeroblob(200) WHERE id = ?", (row_id,))
        await rasa.on()
    await all_settled(api, ledger)


async def all_settled(api, ledger: Ledger) -> None:
    """Wait until nothing waits any more."""
    over, sent = ("done", "failed", "unreadable"), ("sent", "uncertain", "undeliverable")
    await until(lambda: api.pending == 0, what="taking what they sent")

    def holds() -> bool:
        return all(
            row.state in (over if isinstance(row, InboxMessage) else sent)
            for man in WRITERS
            for row in [*ledger.inbox(man), *ledger.outbox(man)]
        )

    await until(holds, within=150, what="answering everybody")


def test_a_postgres_dump_and_its_files_hold_no_phrase(postgres_server, tmp_path: Path):
    name = postgres_server.make(template="prepared")
    house = House(tmp_path / "house")
    house.home.mkdir()
    database = Database(postgres_server.url(name), KeyRing.create(house.settings().key_file))
    gate, at = Gate(database, house.settings()), utc_now()
    for number, phrase in enumerate(PHRASES):
        text = f"I want to kill myself {phrase}" if number % 10 == 0 else phrase
        gate.receive(Incoming("telegram", number, str(number % 7), Kind.TEXT, at, text=text))
    backup.back_up(
        database, ErasureLedger(house.home / "ledger", database.vault.keyring), house.home / "a", house.home / "b"
    )
    postgres_server.execute("CHECKPOINT")
    files = [path for path in postgres_server.folder.rglob("*") if path.is_file()]
    content = [(path.name, path.read_bytes()) for path in files]
    assert any(b"telegram" in raw for _, raw in content)  # the search does see the rows
    assert [name for name, raw in content if any(form in raw for form in forms(CANARY))] == []
    assert hits(house) == []
    with database.read() as session:
        assert sum("quokka" in row.body.reveal()["text"] for row in session.query(InboxMessage)) == len(PHRASES)
    database.close()
    postgres_server.drop(name)


async def type_it_everywhere(api, ledger: Ledger, rasa: Switch) -> None:
    api.say(MAN, f"{CANARY} before consent")
    question = await api.wait_for_message(MAN, say("consent_question", "us-miami")[0])
    api.press(MAN, question.message_id, question.buttons["I'm 18+, keep it"])
    first = api.say(MAN, f"{CANARY}, my wife left")
    api.photo(MAN, f"look: {CANARY}")
    api.edit(MAN, api.updates[first]["message"]["message_id"], f"edited {CANARY}")
    api.say(MAN, f"/{CANARY.split()[0]}{{{CANARY}}}")
    api.say(MAN, "/phq9")
    api.say(MAN, f"{CANARY} several days")
    api.say(MAN, f"I want to kill myself, {CANARY}")
    await settled(api, ledger)
    await rasa.off()
    api.say(MAN, f"{CANARY} while Rasa is down")
    await api.wait_for_message(MAN, say("safety_static", "us-miami")[0])  # his crisis is open
    await rasa.on()
    await settled(api, ledger)


async def force_a_fault(api, ledger: Ledger) -> None:
    """Press a button that makes its action raise: the tracker with all he said is then in the traceback's reach."""
    person_id = ledger.person_id(MAN)
    for text in ("no, i'm safe now", "/phq9"):  # an open question would stand before the questionnaire
        api.say(MAN, text)
        await settled(api, ledger)
    shown = next(sent for sent in reversed(api.sent) if sent.chat_id == MAN and sent.method == "sendMessage")
    with ledger.database.write() as session:
        token = ButtonToken(id=new_id(), person_id=person_id, outbox_id=ledger.outbox(MAN)[-1].id)
        session.add(token)
        token.choice = {"label": CANARY, "payload": f'/phq9_answer{{"phq9_answer": "{CANARY}"}}'}
        token_id = token.id
    api.press(MAN, shown.message_id, token_id)
    await settled(api, ledger)
    api.say(MAN, f"{CANARY} after the fault")
    await settled(api, ledger)
    assert ledger.inbox(MAN)[-1].state == "done"


async def settled(api, ledger: Ledger) -> None:
    await until(lambda: api.pending == 0, what="taking what he sent")
    done = ("done", "failed")
    await until(lambda: all(row.state in done for row in ledger.inbox(MAN)), within=60, what="his turns")
    await until(lambda: all(row.state == "sent" for row in ledger.outbox(MAN)), what="sending")


def typed_words_were_stored(ledger: Ledger) -> bool:
    """Opened with the keys the phrase is there: the search above would find it if it lay there in clear."""
    with ledger.database.read() as session:
        bodies = [session.merge(row).body.reveal()["text"] or "" for row in ledger.inbox(MAN)]
        events = session.query(TrackerEvent).filter_by(person_id=ledger.person_id(MAN)).all()
        remembered = [row.event.reveal().get("text") or "" for row in events]
    return sum(CANARY in text for text in bodies) >= 6 and any(CANARY in text for text in remembered)


def test_search_finds_a_canary_that_was_put_there(tmp_path):
    house = House.build(tmp_path / "house")
    assert hits(house) == []
    (house.temp / "core.1").write_bytes(b"\x00" + CANARY.encode() + b"\x00")
    assert hits(house)
