"""A canary phrase goes through every door at DEBUG, with failures forced, and is then searched for everywhere."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.content import say
from bot.storage.columns import new_id
from bot.storage.models import ButtonToken, TrackerEvent
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
    api.say(MAN, "/phq9")
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
