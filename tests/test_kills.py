"""Kill -9 in the middle of a conversation: nothing that was acknowledged is lost, doubled or left unanswered.

Two hundred kills here, a thousand by ``make soak``. The places are named in ``bot.crash``; ``tests.siege`` besieges.
"""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import time
from collections import Counter
from contextlib import closing

import pytest

from bot.config import PROJECT
from bot.content import say
from bot.crash import POINTS, arm
from bot.errors import SettingError
from bot.storage.models import OutboxMessage
from tests.path_fixtures import Bot, House, Ledger, Rasa, fake_telegram, until
from tests.siege import CRISIS, IN_BOT, IN_RASA, Siege

SEED = 20261122
KILLS = int(os.environ.get("KILLS", "12"))  # more by hand: KILLS=200
CHECK_BACK_KILLS = 5
MEN = (2001, 2002, 2003)


def is_settled(house: House) -> bool:
    with closing(sqlite3.connect(house.home / "ballast.db")) as connection:
        (waiting,) = connection.execute("SELECT count(*) FROM inbox WHERE state = 'pending'").fetchone()
        (owed,) = connection.execute("SELECT count(*) FROM outbox WHERE state IN ('pending', 'sending')").fetchone()
    return not waiting and not owed


@pytest.mark.asyncio
async def test_kills_at_every_place_lose_nothing_and_double_nothing(tmp_path):
    """Two houses side by side: one polls, to the other Telegram delivers in no order."""
    sieges = [
        Siege(House.build(tmp_path / name), SEED + number, by_webhook=name == "webhook")
        for number, name in enumerate(("polling", "webhook"))
    ]
    rasa_kills = max(1, KILLS // 40)
    await asyncio.gather(*(siege.run(KILLS // 2 - rasa_kills, rasa_kills) for siege in sieges))
    kills = sum((siege.toll.kills for siege in sieges), Counter())
    assert kills.total() == 2 * (KILLS // 2)
    if KILLS >= 200:
        assert set(kills) >= {*IN_BOT, *IN_RASA}
    records = [siege.count_scores() for siege in sieges]
    assert KILLS < 200 or sum(records, Counter())["mood"] >= 1  # in a short siege nobody may come to press a number


def test_every_place_is_in_the_code_once_and_a_test_dies_there():
    sources = [path.read_text() for path in (PROJECT / "bot").rglob("*.py")]
    assert [sum(source.count(f'crash_point("{point}")') for source in sources) for point in POINTS] == [1] * len(POINTS)
    assert {*IN_BOT, *IN_RASA, "follow-ups-due", "erased"} == set(POINTS)


@pytest.mark.parametrize("order", ["sent", "sent:1", "taken", "taken:0", "taken:x"])
def test_order_that_cannot_be_understood_is_refused(order):
    with pytest.raises(SettingError, match="BALLAST_CRASH_AT"):
        arm({"BALLAST_CRASH_AT": order})
    arm({})


@pytest.mark.asyncio
async def test_kills_between_due_and_sent_lose_no_check_back_and_ask_it_once(tmp_path):
    house = House.build(tmp_path / "house")
    rasa = Rasa(house)
    rasa.wait_until_ready()
    chance = random.Random(SEED)  # noqa: S311 - a repeatable storm
    async with fake_telegram(first_update=1) as api:
        bot = Bot(house, api, rasa.url)
        try:
            for man in MEN:
                api.say(man, CRISIS)
                await api.wait_for_message(man, say("safety_high", "us-miami")[0])
            await until(lambda: is_settled(house), what="answering the crisis")
            bot.kill()
            make_due(house, "silence")
            for _ in range(CHECK_BACK_KILLS):  # death comes while the bot starts, asks, waits for Rasa or sends
                bot = Bot(house, api, rasa.url)
                pause = time.monotonic() + chance.uniform(0.6, 2.0)
                while time.monotonic() < pause:
                    await asyncio.sleep(0.005)
                bot.kill()
            bot = Bot(house, api, rasa.url)
            await until(lambda: is_asked(house) and is_settled(house), within=60, what="asking everybody")
            check_asked_once(house, api)
        finally:
            bot.kill()
            rasa.kill()


def make_due(house: House, kind: str) -> None:
    with closing(sqlite3.connect(house.home / "ballast.db")) as connection, connection:
        connection.execute("UPDATE follow_ups SET due_at = '2026-01-01 00:00:00.000000' WHERE kind = ?", (kind,))


def is_asked(house: House) -> bool:
    with closing(sqlite3.connect(house.home / "ballast.db")) as connection:
        query = "SELECT count(*) FROM follow_ups WHERE kind = 'silence' AND state = 'asked'"
        return connection.execute(query).fetchone() == (len(MEN),)


def check_asked_once(house: House, api) -> None:
    database = house.open()
    ledger = Ledger(database)
    for man in MEN:
        (row,) = [row for row in ledger.inbox(man) if row.kind == "follow_up"]
        assert row.state == "done"
        replies = [reply for reply in ledger.outbox(man) if reply.turn_id == row.id]
        assert [reply.state for reply in replies] == ["sent"]
        with database.read() as session:
            question = session.get(OutboxMessage, replies[0].seq).body.reveal()["text"]
        assert question in [sent.text for sent in api.sent if sent.chat_id == man and sent.method == "sendMessage"]
    database.close()
