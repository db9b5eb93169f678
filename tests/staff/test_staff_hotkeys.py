"""The keys of the coding page in a real browser: they tick codes, exclude "none", keep, and act in the form alone."""

import os
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from bot.consent import RESEARCH, record_answer
from bot.research import register_protocol
from bot.research.rounds import open_round
from bot.staff.sessions import start_session
from bot.storage.coding_models import Coding
from bot.storage.models import StaffAccount, Turn

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE = 60_000  # ms; the machine may be slow


@pytest.fixture
def page(clinic):
    """The first turn of a round, open in the browser of a researcher."""
    if not CHROMIUM.exists():
        if "BALLAST_CI" in os.environ:
            pytest.fail("Chromium must be there")
        pytest.skip("there is no Chromium on this machine")
    round_id, token = _opened(clinic)
    server = make_server("127.0.0.1", 0, clinic.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
            context = browser.new_context()
            context.set_default_timeout(PATIENCE)
            context.add_cookies([{"name": "ballast-local", "value": token, "url": address}])
            opened = context.new_page()
            opened.goto(f"{address}/coding/{round_id}/1")
            yield opened
            browser.close()
    finally:
        server.shutdown()
        thread.join()


def _opened(clinic):
    staff_id, at, person_id = clinic.account("ann", "researcher"), clinic.clock.now, clinic.man()
    messages = [clinic.he_writes(person_id, f"i hide it, {word}", minutes=n) for n, word in enumerate(("one", "two"))]
    with clinic.database.write() as session:
        expires_at = at + timedelta(days=9)
        register_protocol(session, "IRB-12", purpose="theme paper", expires_at=expires_at, by="ada", at=at)
        record_answer(session, person_id=person_id, kind=RESEARCH, given=True, at=at)
        for message_id in messages:
            turn = Turn(id=message_id, person_id=person_id, at=at, model="m")
            session.add(turn)
            turn.reading = {"intent": "hiding_it", "codes": []}
    with clinic.database.write() as session:
        session.get(StaffAccount, staff_id).totp_nonce = "0" * 32
        session.get(StaffAccount, staff_id).totp_step = 0
        token = start_session(session, staff_id=staff_id, at=at, confirmed_at=at)
        return open_round(session, "IRB-12", 2, staff_id=staff_id, at=at), token


def ticked(page):
    return [box.get_attribute("value") for box in page.locator("input[data-key]:checked").all()]


def test_keys_tick_codes_and_enter_keeps_them(clinic, page):
    page.locator("input[data-key]").first.focus()
    page.keyboard.press("3")
    page.keyboard.press("w")
    assert ticked(page) == ["hiding_it", "lost_empathy"]
    page.keyboard.press("n")
    assert ticked(page) == ["none"]
    page.keyboard.press("3")
    assert ticked(page) == ["hiding_it"]
    page.keyboard.press("Enter")
    page.wait_for_url("**/2")
    with clinic.database.read() as session:
        assert session.query(Coding).one().codes.reveal() == ["hiding_it"]


def test_keys_do_nothing_outside_the_form_or_with_a_modifier(page):
    page.locator("h1").click()
    page.keyboard.press("3")
    assert ticked(page) == []
    page.locator("input[data-key]").first.focus()
    page.keyboard.press("Control+3")
    assert ticked(page) == []
