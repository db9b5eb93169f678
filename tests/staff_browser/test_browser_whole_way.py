"""From his message on Telegram to the closed flag: bot, Rasa and staff app as processes, a real browser before them."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from bot.upkeep.verify import look
from tests.path_fixtures import Bot, Ledger, fake_telegram, shared_rasa
from tests.staff_browser.conftest import served

__all__ = ["shared_rasa"]
MAN = 4001
CRISIS = "I have the pills in front of me and I am going to take them tonight"
WITHIN_SECONDS = 60  # of patience with a busy machine; what is promised is measured by scripts, not here


class Telegram:
    """The fake Bot API in a thread of its own: the browser's tests are not asynchronous."""

    def __init__(self):
        self._loop, self._ready, self._over = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
        self.api = None
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._thread.start()
        assert self._ready.wait(WITHIN_SECONDS)

    async def _serve(self):
        async with fake_telegram(first_update=40_001) as self.api:
            self._ready.set()
            await self._over.wait()

    def do(self, method, *arguments):
        """Call a method of the fake in its own thread."""

        async def call():
            found = getattr(self.api, method)(*arguments)
            return await found if asyncio.iscoroutine(found) else found

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(WITHIN_SECONDS)

    def close(self):
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def telegram(shared_rasa):
    """Telegram as he uses it, and the bot at work behind it."""
    fake = Telegram()
    bot = Bot(shared_rasa.house, fake.api, shared_rasa.url)
    yield fake
    bot.stop()
    fake.close()


def wait(holds, what):
    deadline = time.monotonic() + WITHIN_SECONDS
    while not (found := holds()):
        assert time.monotonic() < deadline, f"{what} did not come true within {WITHIN_SECONDS} s"
        time.sleep(0.2)
    return found


def shows(page, words):
    """Whether a page shows something; one without a live part is loaded again."""
    if not page.get_by_text(words).count() and not page.locator("[hx-get]").count():
        page.reload()
    return page.get_by_text(words).count() > 0


def write_with_him(page, telegram):
    """Write to him through the bot, and see his answer on the open page."""
    page.get_by_label("Your message").fill("This is Rosa from the clinic. Who is with you?")
    page.get_by_role("button", name="Send it to him").click()
    telegram.do("wait_for_message", MAN, "This is Rosa from the clinic", WITHIN_SECONDS)
    telegram.do("say", MAN, "my brother is here now")
    page.locator("#talk").get_by_text("my brother is here now").wait_for()


def test_from_his_message_to_the_closed_flag(shared_rasa, telegram, windows):
    with served(shared_rasa.house) as site:
        page = windows(site, "reviewer")
        page.goto("/flags")
        telegram.do("say", MAN, CRISIS)
        safety = telegram.do("wait_for_message", MAN, "988", WITHIN_SECONDS)
        assert safety
        ledger = Ledger(site.clinic.database)
        (flag,) = wait(lambda: ledger.flags(MAN), "the flag")
        assert flag.level == "red"
        wait(lambda: shows(page, flag.person_id[:8]), "the flag on the open page")

        page.locator("li", has_text=flag.person_id[:8]).get_by_role("link").first.click()
        page.wait_for_url(f"**/flags/{flag.id}")
        page.get_by_role("button", name="Take this flag").click()
        page.get_by_text("You have it").wait_for()
        assert CRISIS not in page.content()
        page.get_by_role("button", name="Show what he wrote").click()
        page.locator(".talk").get_by_text(CRISIS).first.wait_for()

        if "talk.write" in site.clinic.routes().values():
            write_with_him(page, telegram)
        page.get_by_label("Spoke or wrote with him").check()
        page.get_by_label("Note", exact=True).fill("Wrote with him. His brother is there.")
        page.get_by_role("button", name="Close this flag").click()
        page.get_by_text("How it was closed").wait_for()

        steps = [action for _, action in site.clinic.actions(flag.id)]
        assert [step for step in steps if step in ("flag.open", "flag.claim", "flag.reveal", "flag.resolve")] == [
            "flag.open",
            "flag.claim",
            "flag.reveal",
            "flag.resolve",
        ]
        verdict = look(site.clinic.database)
        assert verdict.audit_entries == verdict.audit_intact > 4
        assert verdict.odd_flags == []
