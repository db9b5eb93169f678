"""Men who keep writing to one house while its processes are killed, and what must hold when it is over.

One siege is one house with a bot, a Rasa and a fake Bot API that repeats, reorders, times out and refuses. A bot dies
at a named place (``bot.crash``) or at a random moment; the next one is started at once.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import httpx
from sqlalchemy import select

from bot.content import say
from bot.crash import POINTS
from bot.escalation.flags import MOST_REASONS, OPEN_STATES
from bot.storage.models import Flag, FollowUp, InboxMessage, OutboxMessage, Person, Record
from bot.upkeep.verify import look
from tests.fakes.bot_api import FakeBotApi
from tests.nursery import Newborn, Nursery
from tests.path_fixtures import Bot, House, Rasa, fake_telegram, free_port, until

MEN = (2001, 2002, 2003, 2004)
COUNTER_MAN, ASKED_MAN = 2005, 2006  # one presses numbers, one answers the nine questions
CRISIS = "I want to kill myself"
TEXTS = ("cannot sleep", "the lads at work would laugh", "/help", "my wife left", CRISIS, "hm, maybe", "/whoreads")
IN_RASA = ("turn-open", "turn-committed")
IN_BOT = tuple(point for point in POINTS if point not in (*IN_RASA, "erased", "follow-ups-due"))
HELD_SECONDS = 0.2
DIES_WITHIN = 4.0
SETTLED_WITHIN = 300
LONG_AGO = datetime(2026, 1, 1, tzinfo=timezone.utc)
HOOK = "https://bot.example/telegram"


@dataclass
class Toll:
    """What was done to a house."""

    kills: Counter[str] = field(default_factory=Counter)
    updates: dict[int, str] = field(default_factory=dict)  # text or press, by update id


class Courier:
    """Delivers to the webhook as Telegram does: several at once, in no order, until a 200, now and then twice.

    Args:
        api: Whose updates.
        port: Where the bot listens.
        chance: Decides what comes when.
    """

    def __init__(self, api: FakeBotApi, port: int, chance: random.Random) -> None:
        self._api, self._chance = api, chance
        self._url = f"http://127.0.0.1:{port}/telegram"
        self.twice = 0

    async def run(self) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            while True:
                batch = list(self._api._unconfirmed.items())[:4]
                self._chance.shuffle(batch)
                await asyncio.gather(*(self._bring(client, *one) for one in batch))
                await asyncio.sleep(0.02)

    async def _bring(self, client: httpx.AsyncClient, update_id: int, update: dict[str, Any]) -> None:
        told = [payload for method, payload in self._api.calls if method == "setWebhook"]
        if not told:
            return
        headers = {"X-Telegram-Bot-Api-Secret-Token": told[-1]["secret_token"]}
        with suppress(httpx.HTTPError):
            answer = await client.post(self._url, json=update, headers=headers)
            if answer.status_code == httpx.codes.OK:
                self._api._unconfirmed.pop(update_id, None)
                if self._chance.random() < 0.1:
                    self.twice += 1
                    await client.post(self._url, json=update, headers=headers)


class Siege:
    """One house and all that befalls it.

    Args:
        house: Its folder, keys and database.
        seed: The same seed, the same men and the same deaths, as far as time allows.
        by_webhook: Whether Telegram delivers; else the bot polls.
    """

    def __init__(self, house: House, seed: int, *, by_webhook: bool) -> None:
        self.house, self.by_webhook = house, by_webhook
        self.chance = random.Random(seed)  # noqa: S311 - a repeatable storm
        self.toll = Toll()
        self.port = free_port()
        self._alive: Newborn | Bot | None = None

    async def run(self, bot_kills: int, rasa_kills: int) -> None:
        """Kill so often, then let everything come to rest, and check it."""
        rasa = Rasa(self.house)
        nursery = Nursery(self.house.environment())
        await _wait_for(rasa)
        async with fake_telegram(first_update=1) as self.api:
            courier = asyncio.create_task(Courier(self.api, self.port, self.chance).run()) if self.by_webhook else None
            try:
                self._start(nursery, rasa.url)
                await self._settle_in()
                deaths = self._deaths(bot_kills, rasa_kills)
                for death in deaths:
                    if death.startswith("rasa"):
                        rasa = await self._lose_rasa(rasa, death.partition(" ")[2])
                    else:
                        await self._lose_bot(nursery, rasa.url, death)
                    assert self.house.is_intact(), death
                await self._come_to_rest(nursery, rasa)
                self.check()
            finally:
                if courier is not None:
                    courier.cancel()
                self._kill()
                nursery.close()
                rasa.kill()

    def _deaths(self, bot_kills: int, rasa_kills: int) -> list[str]:
        """Return how each is to die: every named place in turn, and as often at a random moment."""
        places = [IN_BOT[number // 2 % len(IN_BOT)] if number % 2 else "any moment" for number in range(bot_kills)]
        rasas = [f"rasa {(*IN_RASA, 'any moment')[number % 3]}" for number in range(rasa_kills)]
        self.chance.shuffle(places)
        apart = max(1, (bot_kills - 10) // (rasa_kills + 1))
        for number, death in enumerate(rasas):  # not at the very end: what waits for Rasa waits up to a minute
            places.insert((number + 1) * apart, death)
        return places

    def _start(self, nursery: Nursery, rasa_url: str, place: str = "", *, cold: bool = False) -> None:
        more = {"BALLAST_CRASH_AT": f"{place}:{self.chance.randint(1, 3)}"} if place else {}
        if self.by_webhook:
            more |= {"TELEGRAM_WEBHOOK_URL": HOOK, "TELEGRAM_WEBHOOK_PORT": str(self.port)}
        if cold:
            self._alive = Bot(self.house, self.api, rasa_url, **more)
            return
        telegram = {"TELEGRAM_TOKEN": self.api.token, "TELEGRAM_BASE_URL": self.api.base_url, "RASA_URL": rasa_url}
        environment = self.house.environment(**telegram, **more)
        self._alive = nursery.start(environment, self.house.home / "telegram.log")

    def _signs_of_life(self) -> int:
        return self.api.polls + sum(method == "setWebhook" for method, _ in self.api.calls)

    def _is_alive(self) -> bool:
        alive = self._alive
        return alive.process.poll() is None if isinstance(alive, Bot) else alive is not None and alive.is_alive

    def _kill(self) -> None:
        if self._alive is not None and self._is_alive():
            self._alive.kill()

    async def _settle_in(self) -> None:
        for man in (*MEN, COUNTER_MAN, ASKED_MAN):
            self.api.say(man, "/start")
            question = await self.api.wait_for_message(man, say("consent_question", "us-miami")[0], timeout=60)
            self.api.press(man, question.message_id, question.buttons["I'm 18+, keep it"])
            await self.api.wait_for_message(man, say("consent_yes", "us-miami")[0], timeout=60)

    async def _lose_bot(self, nursery: Nursery, rasa_url: str, death: str) -> None:
        """Have the next bot die as ordered, or at a random moment where it does not come to that place."""
        self._kill()
        place = "" if death == "any moment" else death
        signs = self._signs_of_life()
        self._start(nursery, rasa_url, place, cold=self.chance.random() < 0.05)
        self._blow()
        if self.chance.random() < 0.9:  # else it may die while it starts
            await until(lambda: self._signs_of_life() > signs or not self._is_alive(), 120, "the bot's return")
        seconds = DIES_WITHIN if place else self.chance.uniform(0.0, 0.6)
        deadline = time.monotonic() + seconds
        while self._is_alive() and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
            if place and self.chance.random() < 0.03:
                self._blow()
        self.toll.kills[death if place and not self._is_alive() else "any moment"] += 1
        self._kill()
        if self.chance.random() < 0.5:
            self._blow()  # while nobody is there

    async def _lose_rasa(self, rasa: Rasa, place: str) -> Rasa:
        """Kill Rasa at a random moment or let it come back armed; it comes up while the men go on writing."""
        rasa.kill()
        order = f"{place}:{self.chance.randint(1, 3)}" if place in IN_RASA else ""
        if not order:
            self.toll.kills["rasa, any moment"] += 1
            return Rasa(self.house, rasa.port)
        armed = Rasa(self.house, rasa.port, BALLAST_CRASH_AT=order)
        deadline = time.monotonic() + 60
        while armed.process.poll() is None and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
            if self.chance.random() < 0.1:
                self._blow()
        self.toll.kills[place if armed.process.poll() is not None else "rasa, any moment"] += 1
        armed.kill()
        return Rasa(self.house, rasa.port)

    def _blow(self) -> None:
        """Let some messages come, and some things go wrong at Telegram."""
        for _ in range(self.chance.randint(1, 2)):
            self._write(self.chance.choice(MEN), self.chance.choice(TEXTS))
        self._press(COUNTER_MAN, "/checkin")
        self._press(ASKED_MAN, "/phq9")
        wrong = self.chance.random()
        if wrong < 0.08:
            self.api.fail_next("sendMessage", 429, retry_after=1)
        elif wrong < 0.16:
            self.api.fail_next("sendMessage", self.chance.choice((500, 502)), times=2)
        elif wrong < 0.28:
            self.api.time_out_next("sendMessage", after_effect=self.chance.random() < 0.5, seconds=HELD_SECONDS)
        elif wrong < 0.34 and not self.by_webhook:
            self.api.fail_next("getUpdates", 502)
        elif wrong < 0.5 and self.toll.updates:
            update = self.chance.choice(list(self.toll.updates)[-20:])
            is_press = "callback_query" in self.api.updates[update]
            if is_press and self.chance.random() < 0.5:
                self.toll.updates[self.api.redeliver(update, new_id=True)] = "again"
            elif self.by_webhook:
                self.api._unconfirmed[update] = self.api.updates[update]
            else:
                self.api.redeliver(update)

    def _write(self, man: int, text: str) -> None:
        self.toll.updates[self.api.say(man, text)] = text

    def _press(self, man: int, command: str) -> None:
        """Press a button of the newest question that he has, or ask for one."""
        shown = [sent for sent in self.api.sent if sent.chat_id == man and sent.method == "sendMessage"]
        numbers = [label for label in (shown[-1].buttons if shown else {}) if label.isdecimal() or "day" in label]
        if not numbers:
            waiting = [update.get("message", {}).get("chat", {}).get("id") for update in self.api._unconfirmed.values()]
            if man not in waiting:
                self._write(man, command)
            return
        label = self.chance.choice(numbers)
        self.toll.updates[self.api.press(man, shown[-1].message_id, shown[-1].buttons[label])] = label

    async def _come_to_rest(self, nursery: Nursery, rasa: Rasa) -> None:
        self._kill()
        await _wait_for(rasa)
        self.api._faults.clear()
        self._start(nursery, rasa.url)
        await until(lambda: self.api.pending == 0, within=SETTLED_WITHIN, what="taking what the men sent")
        await until(self._is_settled, within=SETTLED_WITHIN, what="answering all of it")

    def _is_settled(self) -> bool:
        with closing(sqlite3.connect(self.house.home / "ballast.db")) as connection:
            (waiting,) = connection.execute("SELECT count(*) FROM inbox WHERE state = 'pending'").fetchone()
            (owed,) = connection.execute("SELECT count(*) FROM outbox WHERE state IN ('pending', 'sending')").fetchone()
        return not waiting and not owed

    def count_scores(self) -> Counter[str]:
        """Return how many scores of each kind were kept."""
        with closing(sqlite3.connect(self.house.home / "ballast.db")) as connection:
            return Counter(kind for (kind,) in connection.execute("SELECT kind FROM records"))

    def check(self) -> None:
        """Hold what is there against what was promised."""
        database = self.house.open()
        assert self.house.is_intact()
        assert look(database, None).is_sound
        twice = 0
        with database.read() as session:
            stored = Counter(session.execute(select(InboxMessage.update_id)).scalars())
            assert set(self.toll.updates) <= set(stored)  # acknowledged, so it is there
            assert max(stored.values()) == 1
            for person in session.execute(select(Person)).scalars():
                twice += self._check_man(session, person)
        database.close()
        assert twice <= self.toll.kills.total() + self._cut_off(), twice

    def _cut_off(self) -> int:
        """Return how many sends broke off without an answer while the bot lived, ordered by us or not."""
        return (self.house.home / "telegram.log").read_text().count('"outcome": "UncertainSendError"')

    def _check_man(self, session: Any, person: Person) -> int:
        """Check one man; return how many texts came to him once more than was owed."""
        inbox = session.query(InboxMessage).filter_by(person_id=person.id).order_by(InboxMessage.seq).all()
        outbox = session.query(OutboxMessage).filter_by(person_id=person.id).order_by(OutboxMessage.seq).all()
        assert {row.state for row in inbox} <= {"done"}
        assert {row.id for row in inbox} <= {row.turn_id for row in outbox}  # nobody was left without an answer
        assert {row.state for row in outbox if row.resend} <= {"sent"}
        assert {row.state for row in outbox} <= {"sent", "uncertain"}
        self._check_order(outbox)
        self._check_effects(session, person, inbox)
        chat = int(person.chat.reveal())
        read = Counter(sent.text for sent in self.api.sent if sent.chat_id == chat and sent.method == "sendMessage")
        owed = Counter(row.body.reveal()["text"] for row in outbox if row.state == "sent")
        perhaps = Counter(row.body.reveal()["text"] for row in outbox)
        once = {row.body.reveal()["text"] for row in outbox if not row.resend}
        assert not owed - read, "a reply is missing"
        extra = read - perhaps
        assert extra.total() <= sum(row.attempts - 1 for row in outbox)
        assert not set(extra) & once, "what must not come twice came twice"
        return extra.total()

    @staticmethod
    def _check_order(outbox: list[OutboxMessage]) -> None:
        for lane in ("crisis", "turn"):
            numbers = [row.delivery_ref for row in outbox if row.lane == lane and row.state == "sent"]
            known = [number for number in numbers if number is not None]
            assert known == sorted(known), "replies overtook one another"

    def _check_effects(self, session: Any, person: Person, inbox: list[InboxMessage]) -> None:
        payloads = [str(row.body.reveal().get("payload") or "") for row in inbox]
        scores = Counter(kind for (kind,) in session.query(Record.kind).filter_by(person_id=person.id))
        assert scores["mood"] == sum('"checkin.rated"' in payload for payload in payloads)
        assert scores["phq9"] <= sum(payload.startswith('/phq9_answer{"phq9_answer": "8:') for payload in payloads)
        flags = session.query(Flag).filter_by(person_id=person.id).all()
        kinds = Counter(flag.kind for flag in flags if flag.state in OPEN_STATES)
        assert not kinds or max(kinds.values()) == 1
        entries = [entry for flag in flags for entry in flag.reasons.reveal()]
        causes = Counter((entry["message_id"], tuple(entry["reasons"])) for entry in entries if entry["message_id"])
        assert not causes or max(causes.values()) == 1
        kept = self._kept_since(flags)
        crises = [row for row in inbox if self.toll.updates.get(row.update_id) == CRISIS and row.received_at > kept]
        assert {row.id for row in crises} <= {message for message, _ in causes}
        owed = Counter(kind for (kind,) in session.query(FollowUp.kind).filter_by(person_id=person.id, state="pending"))
        assert not owed or max(owed.values()) == 1

    @staticmethod
    def _kept_since(flags: list[Flag]) -> datetime:
        """Return since when every reason is kept; a flag forgets its oldest ones."""
        full = [entries for flag in flags if len(entries := flag.reasons.reveal()) >= MOST_REASONS]
        return max((datetime.fromisoformat(entries[0]["at"]) for entries in full), default=LONG_AGO)


async def _wait_for(rasa: Rasa) -> None:
    await asyncio.get_running_loop().run_in_executor(None, rasa.wait_until_ready)
