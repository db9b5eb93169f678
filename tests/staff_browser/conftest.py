"""A real Chromium before the real ``ballast staff``: a process of its own, a house with invented men, no network.

The browser is Debian's (``BALLAST_CHROMIUM`` names another). Where there is none these tests fail.
"""

from __future__ import annotations

import functools
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bot.clock import utc_now
from bot.consent import RESEARCH, record_answer
from bot.escalation import claim_flag, resolve_flag
from bot.research import register_protocol
from bot.research.reviews import open_sample
from bot.staff.roles import STRANGER, may_enter
from bot.storage.models import Flag
from tests.path_fixtures import House, Running, free_port
from tests.staff.conftest import Clinic

CHROMIUM = Path(os.environ.get("BALLAST_CHROMIUM") or "/usr/bin/chromium")
# What is blocked by the page's own rules must be heard of, wherever it happens.
_REPORT_BLOCKED = """document.addEventListener("securitypolicyviolation",
    (event) => console.error(`blocked: ${event.violatedDirective} ${event.blockedURI}`))"""
PATIENCE_MS = 60_000
START_WITHIN_SECONDS = 90


class RealClock:
    """The clinic's clock as it really is; its attribute is what the fixtures of ``tests/staff`` read."""

    @property
    def now(self):
        return utc_now()

    def __call__(self):
        return utc_now()


@dataclass
class Site:
    """The running app, and the clinic behind it."""

    clinic: Clinic
    origin: str
    flags: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    _doors: dict[str, object] = field(default_factory=dict)

    def cookie(self, standing: str) -> list[dict[str, str]]:
        """Return the cookie of somebody who is signed in so far."""
        if standing == STRANGER:
            return []
        if standing not in self._doors:
            self._doors[standing] = self.clinic.browsers_of(standing, f"{standing} of the browser")
        value = self._doors[standing]().client.get_cookie("ballast-local").value
        return [{"name": "ballast-local", "value": value, "url": self.origin}]

    def pages(self, standing: str) -> list[str]:
        """Return the address of every page that somebody of this standing may load, whatever the app grows."""
        found = {
            self.clinic.address_of(rule, **self.ids)
            for (method, rule), endpoint in self.clinic.routes().items()
            if method == "GET" and may_enter(standing, endpoint)
        }
        may_open_flags = may_enter(standing, self.clinic.routes()["GET", "/flags/<row_id:flag_id>"])
        return sorted(found | {f"/flags/{flag_id}" for flag_id in self.flags.values() if may_open_flags})


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of this folder."""
    assert CHROMIUM.exists(), f"There is no browser at {CHROMIUM} (Debian: apt-get install chromium)."
    with sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield started
        started.close()


@contextmanager
def served(house: House) -> Iterator[Site]:
    """Serve the app of a house until the end."""
    port = free_port()
    place = {"STAFF_PORT": str(port), "STAFF_ORIGIN": f"http://localhost:{port}"}
    process, database = Running(house, "staff", ["bot", "staff"], house.environment(**place)), house.open()
    try:
        _wait_for(process, place["STAFF_ORIGIN"])
        yield Site(Clinic(house.settings(**place), database, RealClock()), place["STAFF_ORIGIN"])
    finally:
        database.close()
        process.stop()


@pytest.fixture(scope="package")
def site(tmp_path_factory) -> Iterator[Site]:
    """The app as it is served, with flags of every level and state."""
    with served(House.build(tmp_path_factory.mktemp("browser") / "house")) as found:
        fill(found)
        yield found


def fill(site: Site) -> None:
    """Make flags of every level and state, with words around them that are hard to set."""
    clinic, colleague = site.clinic, site.clinic.account("omar")
    site.ids |= {"staff_id": colleague}
    for name, level in (("free", "red"), ("held", "orange"), ("other", "yellow"), ("closed", "red")):
        man = clinic.man()
        for minutes, text in ((-3, "short"), (-2, "x" * 120), (-1, "Zeile mit Umbruch\nund noch eine " * 3)):
            clinic.he_writes(man, text, minutes)
            clinic.ballast_writes(man, f"Invented answer to {text[:20]}", minutes)
        message = clinic.he_writes(man)
        site.flags[name] = clinic.flag(
            man, level, reasons=("says he wants to die", "names a method"), message_id=message
        )
    for name in ("held", "closed"):
        with clinic.database.write() as session:
            claim_flag(session, site.flags[name], version=1, staff_id=colleague, at=utc_now())
    with clinic.database.write() as session:
        version = session.get(Flag, site.flags["closed"]).version
        resolve_flag(
            session,
            site.flags["closed"],
            version=version,
            staff_id=colleague,
            outcome="reached_him",
            note="Spoke with him for ten minutes. He goes to his brother tonight.",
            at=utc_now(),
        )
    site.ids |= {"flag_id": site.flags["free"], "review_id": sample_to_review(clinic, colleague)}


def sample_to_review(clinic: Clinic, staff_id: str) -> str:
    """Return the id of a sample with one turn, in which something was taken out and something is hard to set."""
    man, at = clinic.man(), utc_now()
    clinic.he_writes(man, "my wife karen and my mate Jack Morrison left, the captain stayed " + "x" * 120)
    with clinic.database.write() as session:
        expires_at = at + timedelta(days=9)
        register_protocol(session, "IRB-12", purpose="theme paper", expires_at=expires_at, by="ada", at=at)
        record_answer(session, person_id=man, kind=RESEARCH, given=True, at=at)
    with clinic.database.write() as session:
        return open_sample(session, "IRB-12", 1, staff_id=staff_id, at=at)


def _wait_for(process: Running, origin: str) -> None:
    deadline = time.monotonic() + START_WITHIN_SECONDS
    while True:
        with suppress(httpx.HTTPError):
            if httpx.get(f"{origin}/healthz").status_code == httpx.codes.OK:
                return
        assert process.process.poll() is None, f"The staff app ended: {process.log.read_text()[-2000:]}"
        assert time.monotonic() < deadline, "The staff app did not answer in time."
        time.sleep(0.05)


@pytest.fixture
def complaints() -> list[str]:
    """What went wrong in the pages of this test."""
    return []


@pytest.fixture
def windows(browser: Browser, complaints: list[str]) -> Iterator[object]:
    """Open browser windows on a site; what their consoles complain of fails the test at its end."""
    contexts: list[BrowserContext] = []

    def window(site: Site, standing: str = STRANGER, width: int = 1280, **options) -> Page:
        context = browser.new_context(base_url=site.origin, viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(_REPORT_BLOCKED)
        if cookie := site.cookie(standing):
            context.add_cookies(cookie)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield window
    for context in contexts:
        context.close()
    assert [line for line in complaints if not _is_expected(line)] == []


@pytest.fixture
def enter(windows, site: Site):
    """Open a browser window for somebody of a standing."""
    return functools.partial(windows, site)


def _is_expected(line: str) -> bool:
    # Chromium says this of each answer that is not 2xx, which refusals rightly are.
    return re.match(r"Failed to load resource: the server responded with a status of 4\d\d", line) is not None
