"""Several bots on one PostgreSQL: none lost, none doubled, each man's order kept, also when one of them is killed."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections import Counter
from contextlib import suppress

import httpx
import pytest
from sqlalchemy import func, select, update

from bot.clock import utc_now
from bot.content import say
from bot.storage.models import Flag, FollowUp, InboxMessage, OutboxMessage, Person
from bot.turns import Gate, Incoming, Kind
from tests.path_fixtures import Bot, House, Rasa, fake_telegram, free_port, until

pytestmark = pytest.mark.asyncio
WORKERS, MEN, EACH = 3, int(os.environ.get("MEN", "30")), int(os.environ.get("EACH", "20"))
CRISIS = "I want to kill myself"
TEXTS = ("/help", "cannot sleep", "/region", "/me", "/research", "/help", "/me", "my wife left", "/region", "/help")
HOOK = "https://bot.example/telegram"
KEEP = "I'm 18+, keep it"
LONG = 900  # seconds; a busy machine


@pytest.fixture
def house(postgres_server, tmp_path):
    name = postgres_server.make(template="prepared")
    yield House.build(tmp_path / "house", postgres_server.url(name))
    postgres_server.drop(name)


class Telegram:
    """Delivers each man's updates one after the other, each to the next of the workers, until one takes it."""

    def __init__(self, api, ports):
        self.api, self.ports = api, itertools.cycle(ports)
        self.client = httpx.AsyncClient(trust_env=False, timeout=60)

    async def deliver(self, update_id):
        secret = next(payload["secret_token"] for method, payload in self.api.calls if method == "setWebhook")
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
        while True:
            with suppress(httpx.HTTPError):
                url = f"http://127.0.0.1:{next(self.ports)}/telegram"
                answer = await self.client.post(url, json=self.api.updates[update_id], headers=headers)
                if answer.status_code == httpx.codes.OK:
                    self.api._unconfirmed.pop(update_id)
                    return update_id
            await asyncio.sleep(0.05)

    async def man(self, man):
        """Let one man begin and write; return his update ids in their order."""
        ids = [await self.deliver(self.api.say(man, "/start"))]
        question = await self.api.wait_for_message(man, say("consent_question", "us-miami")[0], timeout=LONG)
        ids.append(await self.deliver(self.api.press(man, question.message_id, question.buttons[KEEP])))
        for number in range(EACH):
            text = CRISIS if number == man % EACH else TEXTS[number % len(TEXTS)]
            ids.append(await self.deliver(self.api.say(man, text)))
        return ids


async def test_three_bots_share_thirty_men_and_one_is_killed_midway(house):
    rasa = Rasa(house)
    await asyncio.get_running_loop().run_in_executor(None, rasa.wait_until_ready)
    ports = [free_port() for _ in range(WORKERS)]
    async with fake_telegram(first_update=1) as api:
        hooks = [{"TELEGRAM_WEBHOOK_URL": HOOK, "TELEGRAM_WEBHOOK_PORT": str(port)} for port in ports]
        bots = [Bot(house, api, rasa.url, f"bot{number}", **hook) for number, hook in enumerate(hooks)]
        telegram = Telegram(api, ports)
        database = house.open()
        try:
            told = lambda: sum(method == "setWebhook" for method, _ in api.calls)  # noqa: E731
            await until(lambda: told() == WORKERS, within=LONG, what="the start of all")
            writing = asyncio.gather(*(telegram.man(1_000 + number) for number in range(MEN)))
            await until(lambda: count(database, "done") > MEN * EACH // 3, within=LONG, what="a third of it")
            bots[0].kill()
            written = await asyncio.wait_for(writing, LONG)
            await until(lambda: at_rest(database), within=LONG, what="answering all of it")
            make_check_backs_due(database)
            await until(lambda: asked(database) == MEN and at_rest(database), within=LONG, what="asking back")
            for number, ids in enumerate(written):
                check(database, api, 1_000 + number, ids)
            assert all("worker.error" not in bot.log.read_text() for bot in bots)
        finally:
            for bot in bots:
                bot.kill()
            rasa.kill()
            database.close()
            await telegram.client.aclose()


def count(database, state):
    with database.read() as session:
        return session.execute(select(func.count()).where(InboxMessage.state == state)).scalar()


def at_rest(database):
    with database.read() as session:
        owed = select(func.count()).where(OutboxMessage.state.in_(("pending", "sending")))
        return not count(database, "pending") and not session.execute(owed).scalar()


def make_check_backs_due(database):
    with database.write() as session:
        due = update(FollowUp).where(FollowUp.kind == "silence", FollowUp.state == "pending")
        session.execute(due.values(due_at=utc_now()))


def asked(database):
    with database.read() as session:
        return session.execute(
            select(func.count()).where(FollowUp.kind == "silence", FollowUp.state == "asked")
        ).scalar()


def check(database, api, man, ids):
    """Each of his messages is there once and in order, and so are the answers, as stored and as read."""
    with database.read() as session:
        index = database.vault.keyring.chat_index("telegram", str(man))
        person = session.execute(select(Person).filter_by(chat_index=index)).scalar_one()
        inbox = session.query(InboxMessage).filter_by(person_id=person.id).order_by(InboxMessage.seq).all()
        assert [row.update_id for row in inbox if row.kind != "follow_up"] == ids
        assert {row.state for row in inbox} == {"done"}
        assert [row.kind for row in inbox].count("follow_up") == 1
        outbox = session.query(OutboxMessage).filter_by(person_id=person.id).order_by(OutboxMessage.seq).all()
        place = {row.id: number for number, row in enumerate(inbox)}
        answered = [place[row.turn_id] for row in outbox if row.lane == "turn"]
        assert answered == sorted(answered)
        assert set(place.values()) == {place[row.turn_id] for row in outbox}
        assert {row.state for row in outbox if row.resend} == {"sent"}
        refs = [row.delivery_ref for row in outbox if row.lane == "turn" and row.state == "sent"]
        assert refs == sorted(refs)
        texts = [(row, row.body.reveal()["text"]) for row in outbox]
        owed = Counter(text for _, text in texts)
        sent = Counter(text for row, text in texts if row.state == "sent")
        flags = session.query(Flag).filter_by(person_id=person.id, kind="screening").all()
        causes = [entry["message_id"] for flag in flags for entry in flag.reasons.reveal()]
    read = Counter(entry.text for entry in api.sent if entry.chat_id == man and entry.method == "sendMessage")
    assert not sent - read
    retried = sum(row.attempts - 1 for row in outbox)  # on its way when the bot was killed, or an answer came too late
    assert (read - owed).total() <= retried
    assert not set(read - owed) & {text for row, text in texts if not row.resend}
    assert len(flags) == 1
    assert len(set(causes)) == len(causes)


async def test_of_two_bots_that_poll_one_stands_by_and_takes_over(house):
    nowhere = f"http://127.0.0.1:{free_port()}"
    async with fake_telegram(first_update=1) as api:
        first = Bot(house, api, nowhere, "first")
        try:
            await until(lambda: api.polls, within=LONG, what="the first poll")
            second = Bot(house, api, nowhere, "second")
            await until(lambda: "telegram.started" in second.log.read_text(), within=LONG, what="the second's start")
            api.say(1, CRISIS)
            await api.wait_for_message(1, "988", timeout=LONG)
            first.kill()
            api.say(2, CRISIS)
            await api.wait_for_message(2, "988", timeout=LONG)
            logs = first.log.read_text() + second.log.read_text()
            assert "telegram.poll_failed" not in logs  # Telegram would have sent one of two that poll away
            assert second.stop() == 0
        finally:
            for bot in (first, second):
                bot.kill()


async def test_sentence_that_comes_in_two_parts_to_two_bots_is_screened_as_one(house):
    database = house.open()
    gates = [Gate(database, house.settings()) for _ in range(2)]
    try:
        for number, text in enumerate(("hello there", "not much to tell", "i want to end", "my life")):
            screening = gates[number % 2].receive(Incoming("telegram", number, "1", Kind.TEXT, utc_now(), text))
        alone = gates[0].receive(Incoming("telegram", 9, "2", Kind.TEXT, utc_now(), "my life"))
    finally:
        database.close()
    assert (str(screening.level), str(alone.level)) == ("high", "none")
