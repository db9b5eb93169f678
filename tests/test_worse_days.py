"""Rasa hangs, lies or talks nonsense; PostgreSQL is away or slow; Telegram fails: safety first, the rest in order.

The bot is the real process. No time is asserted but by what comes before what: a safety reply is read while the turn of
another man still hangs.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing, suppress

import pytest
import pytest_asyncio

from bot.content import say
from bot.storage.models import InboxMessage
from tests.path_fixtures import Bot, House, Ledger, Rasa, Switch, fake_telegram, free_port, shared_rasa, until

__all__ = ["shared_rasa"]
pytestmark = pytest.mark.asyncio
CRISIS = "I want to kill myself"
KEEP = "I'm 18+, keep it"
FIRST_UPDATE = 60_001
LONG = 120  # seconds; a busy machine
GARBAGE = {
    "no HTTP": b"\x00\xff\x00 what\r\n\r\n",
    "200 and HTML": b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\n<html>hi</html>",
    "200 and a lie": b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\nConnection: close\r\n\r\n{"committed":true}',
    "half an answer": b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{",
    "502": b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
}


class OddRasa(Switch):
    """The way to Rasa; in between somebody may hold every question back, or answer it himself."""

    def __init__(self, target_port: int) -> None:
        super().__init__(target_port)
        self.answer: bytes | None = None
        self.hangs = False
        self.asked = 0

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.hangs and self.answer is None:
            await super()._join(reader, writer)
            return
        with suppress(OSError):
            await reader.read(65536)
            self.asked += 1
            while self.hangs:
                await asyncio.sleep(0.02)
            writer.write(self.answer or b"")
            await writer.drain()
        writer.close()


@pytest_asyncio.fixture
async def odd(shared_rasa: Rasa):
    switch = OddRasa(shared_rasa.port)
    yield switch
    await switch.off()


async def begin(api, man):
    api.say(man, "/start")
    question = await api.wait_for_message(man, say("consent_question", "us-miami")[0], timeout=LONG)
    api.press(man, question.message_id, question.buttons[KEEP])
    await api.wait_for_message(man, say("consent_yes", "us-miami")[0], timeout=LONG)
    await api.wait_for_message(man, say("region_question", "us-miami")[-1], timeout=LONG)  # comes by itself


def is_answered(ledger, man):
    rows, owed = ledger.inbox(man), ledger.outbox(man)
    return all(row.state == "done" for row in rows) and all(row.state == "sent" for row in owed)


@pytest.mark.parametrize("kind", [*GARBAGE, "hangs"])
async def test_rasa_that_hangs_or_talks_nonsense_costs_no_answer_and_delays_no_safety_reply(shared_rasa, odd, kind):
    number = [*GARBAGE, "hangs"].index(kind)
    man, other = 6_001 + 10 * number, 6_002 + 10 * number
    database = shared_rasa.house.open()
    ledger = Ledger(database)
    odd.hangs, odd.answer = kind == "hangs", GARBAGE.get(kind)
    await odd.on()
    async with fake_telegram(FIRST_UPDATE + 1_000 * number) as api:
        bot = Bot(shared_rasa.house, api, odd.url, f"odd{number}", DIALOGUE_TIMEOUT_SECONDS="2")
        try:
            await until(lambda: api.polls, within=LONG, what="the first poll")
            await begin(api, man)
            asked = odd.asked
            for text in ("cannot sleep since the divorce", "/help", "my boss thinks i'm lazy"):
                api.say(man, text)
            await until(lambda: odd.asked > asked, within=LONG, what="asking")
            api.say(other, CRISIS)
            safety = await api.wait_for_message(other, "988", timeout=LONG)
            told = await api.wait_for_message(man, say("failure", "us-miami")[0], timeout=LONG)
            if kind == "hangs":
                assert safety.at < told.at + 2  # it did not wait for one turn after the other to run out
            assert ledger.inbox(man)[-1].state == "pending"
            assert len(ledger.flags(other)) == 1
            odd.hangs, odd.answer = False, None
            await until(lambda: is_answered(ledger, man) and is_answered(ledger, other), LONG, "answering all")
            numbers = [row.turn_id for row in ledger.outbox(man) if row.lane == "turn"]
            order = {row.id: place for place, row in enumerate(ledger.inbox(man))}
            last = [row.turn_id for row in ledger.outbox(man)][-1]
            assert last == ledger.inbox(man)[-1].id
            assert set(order) <= set(numbers)
            assert bot.process.poll() is None
        finally:
            bot.kill()
    database.close()


async def test_while_telegram_fails_nothing_is_lost_and_then_all_comes_in_order(tmp_path):
    house = House.build(tmp_path / "house")
    database = house.open()
    ledger = Ledger(database)
    async with fake_telegram(1) as api:
        bot = Bot(house, api, f"http://127.0.0.1:{free_port()}")
        try:
            await until(lambda: api.polls, within=LONG, what="the first poll")
            await begin(api, 1)
            since = len(api.sent)
            api.fail_next("sendMessage", 500, times=10_000)
            for text in ("/help", "/region", "/me"):
                api.say(1, text)
            await until(lambda: len(api._faults["sendMessage"]) < 9_999, LONG, "the first tries")
            left = len(api._faults["sendMessage"])
            api.say(2, CRISIS)
            await until(lambda: ledger.outbox(2), LONG, "the safety reply")
            await until(lambda: ledger.outbox(2)[0].attempts >= 3, LONG, "trying it again and again")
            assert len(api._faults["sendMessage"]) < left
            api._faults.clear()
            safety = await api.wait_for_message(2, "988", timeout=LONG)
            await until(lambda: all(row.state == "sent" for row in ledger.outbox(1)), LONG, "the rest")
            refs = [row.delivery_ref for row in ledger.outbox(1)]
            assert refs == sorted(refs)
            asked = [say(name, "us-miami")[0] for name in ("help", "region_question")]
            heard = [sent.text for sent in api.sent[since:] if sent.chat_id == 1 and sent.method == "sendMessage"]
            assert [text for text in heard if text in asked] == asked
            assert safety.chat_id == 2
        finally:
            bot.kill()
    database.close()


async def test_postgres_that_is_away_is_waited_for_and_nothing_is_acknowledged_meanwhile(postgres_server, tmp_path):
    name = postgres_server.make(template="prepared")
    house = House.build(tmp_path / "house", postgres_server.url(name))
    async with fake_telegram(1) as api:
        bot = Bot(house, api, f"http://127.0.0.1:{free_port()}")
        try:
            await until(lambda: api.polls, within=LONG, what="the first poll")
            api.say(1, "hello")
            await api.wait_for_message(1, say("consent_question", "us-miami")[0], timeout=LONG)
            await until(lambda: api.pending == 0, within=LONG, what="confirming it")
            postgres_server.execute(
                f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",  # noqa: S608 - our own name
            )
            updates = [api.say(man, text) for man in (1, 2) for text in (CRISIS, "/help")]
            await until(lambda: "telegram.not_stored" in bot.log.read_text(), LONG, "giving up for now")
            assert api.pending == len(updates)
            postgres_server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            for man in (1, 2):
                await api.wait_for_message(man, "988", timeout=LONG)
            await until(lambda: api.pending == 0, within=LONG, what="confirming all")
            database = house.open()
            with database.read() as session:
                stored = [row.update_id for row in session.query(InboxMessage).order_by(InboxMessage.seq)]
            assert stored[1:] == updates
            database.close()
            assert bot.process.poll() is None
        finally:
            bot.kill()
    postgres_server.drop(name)


async def test_slow_database_costs_no_message(tmp_path):
    """Another program takes the writers' turn for most of the time."""
    house = House.build(tmp_path / "house")
    database = house.open()
    ledger = Ledger(database)
    async with fake_telegram(1) as api:
        bot = Bot(house, api, f"http://127.0.0.1:{free_port()}")
        try:
            await until(lambda: api.polls, within=LONG, what="the first poll")
            with closing(sqlite3.connect(house.home / "ballast.db", isolation_level=None, timeout=30)) as other:
                updates = []
                for number in range(4):
                    other.execute("BEGIN IMMEDIATE")
                    updates.append(api.say(1 + number % 2, CRISIS if number < 2 else "/help"))
                    await asyncio.sleep(0.6)
                    other.execute("ROLLBACK")
                    await asyncio.sleep(0.05)
            for man in (1, 2):
                await api.wait_for_message(man, "988", timeout=LONG)
            await until(lambda: api.pending == 0, within=LONG, what="confirming all")
            assert sorted(row.update_id for man in (1, 2) for row in ledger.inbox(man)) == updates
        finally:
            bot.kill()
    database.close()
    assert house.is_intact()
