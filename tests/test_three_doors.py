"""From a Telegram update to the clinic's queue and to the researcher's file: real processes, one database."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pyotp
import pytest

from bot.clock import utc_now
from bot.content import label, say
from bot.research import export_dialogues, register_protocol
from bot.staff import create_app
from bot.staff.command import add_account
from tests.fakes.bot_api import FakeBotApi
from tests.path_fixtures import Bot, Ledger, Rasa, fake_telegram, shared_rasa, until

pytestmark = pytest.mark.asyncio
__all__ = ["shared_rasa"]
PASSWORD = "three invented words"
SECRET_WORDS = "my wife karen says get over it, ring me on 305-555-0142"


async def _consented(api: FakeBotApi, chat: int) -> None:
    api.say(chat, "/start")
    await _press(api, chat, say("consent_question", "us-miami")[0], label("consent_yes"))
    await api.wait_for_message(chat, containing=say("consent_yes", "us-miami")[-1])


async def _press(api: FakeBotApi, chat: int, question: str, choice: str) -> None:
    sent = await api.wait_for_message(chat, containing=question)
    api.press(chat, sent.message_id, sent.buttons[choice])


def _code(page: str) -> str:
    found = re.search(r'class="key">([A-Z2-7 ]+)<', page)
    assert found is not None
    return pyotp.TOTP(found.group(1).replace(" ", "")).now()


def _token(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found is not None
    return found.group(1)


def _version(page: str) -> str:
    found = re.search(r'name="version"[^>]*value="(\d+)"', page)
    assert found is not None
    return found.group(1)


async def test_a_dark_message_on_telegram_reaches_a_reviewer_who_opens_claims_and_resolves_it(
    shared_rasa: Rasa,
) -> None:
    house = shared_rasa.house
    async with fake_telegram(first_update=41_000) as api:
        bot = Bot(house, api, shared_rasa.url)
        try:
            await _consented(api, 4101)
            api.say(4101, "i bought a rope and im going to do it tonight")
            await api.wait_for_message(4101, containing=say("safety_imminent", "us-miami")[0])
        finally:
            bot.stop()
    database = house.open()
    flag = Ledger(database).flags(4101)[0]
    assert flag.level == "red"
    app = create_app(house.settings(), database)
    add_account(database, "rosa", "reviewer", PASSWORD)
    browser = app.test_client()
    page = browser.get("/sign-in").text
    browser.post("/sign-in", data={"csrf_token": _token(page), "name": "rosa", "password": PASSWORD})
    page = browser.get("/account/authenticator").text
    browser.post("/account/authenticator", data={"csrf_token": _token(page), "code": _code(page)})
    address = f"/flags/{flag.id}"
    assert flag.id in browser.get("/flags").text
    page = browser.get(address).text
    assert "rope" not in page
    shown = browser.post(f"{address}/words", data={"csrf_token": _token(page), "version": _version(page)}).text
    assert "bought a rope" in shown
    page = browser.get(address).text
    browser.post(f"{address}/claim", data={"csrf_token": _token(page), "version": _version(page)})
    page = browser.get(address).text
    fields = {"csrf_token": _token(page), "version": _version(page), "outcome": "reached_him", "note": "Rang him."}
    browser.post(f"{address}/resolve", data=fields)
    assert Ledger(database).flags(4101)[0].state == "resolved"
    database.close()


async def test_a_man_who_agreed_to_research_is_exported_without_what_points_to_him(shared_rasa: Rasa, tmp_path) -> None:
    house = shared_rasa.house
    async with fake_telegram(first_update=42_000) as api:
        bot = Bot(house, api, shared_rasa.url)
        try:
            for chat in (4201, 4202):
                await _consented(api, chat)
            api.say(4201, "/research")
            await _press(api, 4201, say("research_question", "us-miami")[-1], label("research_yes"))
            await api.wait_for_message(4201, containing=say("about_age_question", "us-miami")[0])
            for chat in (4201, 4202):
                seen = len(api.sent)
                api.say(chat, SECRET_WORDS)
                await api.wait_for_message(chat, containing="?", since=seen)
            ledger = Ledger(house.open())
            await until(lambda: all(row.state == "sent" for row in ledger.outbox(4201)), what="all sent")
        finally:
            bot.stop()
    out, now = tmp_path / "dialogues", utc_now()
    with ledger.database.write() as session:
        expires_at = now + timedelta(days=1)
        register_protocol(session, "P-1", purpose="invented", expires_at=expires_at, by="ada", at=now)
    export_dialogues(ledger.database, out, staff="ada", purpose="invented", protocol="P-1", clock=utc_now)
    ledger.database.close()
    text = (out / "turns.jsonl").read_text(encoding="utf-8")
    turns = [json.loads(line) for line in text.splitlines()]
    said = [turn for turn in turns if turn["speaker"] == "man" and "get over it" in turn["text"]]
    assert len(said) == 1
    assert said[0]["codes"]
    for secret in ("karen", "305", "0142", "4201", str(ledger.person_id(4201))):
        assert secret not in text
