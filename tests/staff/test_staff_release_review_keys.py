"""The keys of the review page in a real browser: select and mark, look and give back, go on; and none while typing."""

import os
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from bot.consent import RESEARCH, record_answer
from bot.research import register_protocol
from bot.research.reviews import open_sample
from bot.staff.sessions import start_session
from bot.storage.models import StaffAccount
from bot.storage.review_models import Correction, ReviewTurn

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE = 60_000  # ms; the machine may be slow


@pytest.fixture
def page(clinic):
    """The first turn of a sample, open in the browser of a researcher."""
    if not CHROMIUM.exists():
        if "BALLAST_CI" in os.environ:
            pytest.fail("Chromium must be there")
        pytest.skip("there is no Chromium on this machine")
    review_id, token = _opened(clinic)
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
            opened.goto(f"{address}/release-review/{review_id}/1")
            yield opened
            browser.close()
    finally:
        server.shutdown()
        thread.join()


def _opened(clinic):
    staff_id, at, person_id = clinic.account("ann", "researcher"), clinic.clock.now, clinic.man()
    clinic.he_writes(person_id, "my wife karen and the captain left")
    with clinic.database.write() as session:
        expires_at = at + timedelta(days=9)
        register_protocol(session, "IRB-12", purpose="theme paper", expires_at=expires_at, by="ada", at=at)
        record_answer(session, person_id=person_id, kind=RESEARCH, given=True, at=at)
    with clinic.database.write() as session:
        session.get(StaffAccount, staff_id).totp_nonce = "0" * 32
        session.get(StaffAccount, staff_id).totp_step = 0
        token = start_session(session, staff_id=staff_id, at=at, confirmed_at=at)
        return open_sample(session, "IRB-12", 1, staff_id=staff_id, at=at), token


def corrections(clinic):
    with clinic.database.read() as session:
        return sorted((row.finding, row.words.reveal()) for row in session.query(Correction))


def test_a_turn_is_corrected_and_done_by_keys_alone(clinic, page):
    words = page.locator("[data-words]")
    page.locator("[data-words]").evaluate(
        "node => { const text = node.lastChild, at = text.data.indexOf('captain');"
        " getSelection().setBaseAndExtent(text, at, text, at + 7); }"
    )
    page.keyboard.press("m")  # the focus is on the button that goes on
    assert page.locator("#words").input_value() == "captain"
    page.keyboard.type(" bw")
    assert page.locator("#words").input_value() == "captain bw"  # no key acts while somebody types
    page.locator("#words").fill("captain")
    page.keyboard.press("Enter")
    words.get_by_text("[PERSON 1]").wait_for()
    assert corrections(clinic) == [("missed", "captain")]
    page.keyboard.press("w")
    page.get_by_text("stands for karen").wait_for()
    page.keyboard.press("1")
    assert page.locator("input[data-key='1']").is_checked()
    page.keyboard.press("b")
    words.get_by_text("karen").wait_for()
    assert corrections(clinic) == [("missed", "captain"), ("wrong", "karen")]
    page.keyboard.press("g")
    page.get_by_text("All turns that can be shown were reviewed").wait_for()
    with clinic.database.read() as session:
        assert session.query(ReviewTurn).one().found.reveal() == {"replaced": 1, "missed": 1, "wrong": 1}


def test_keys_do_nothing_outside_the_review_or_with_a_modifier(clinic, page):
    page.locator("h1").click()
    page.keyboard.press("g")
    page.locator("button[data-key='g']").focus()
    page.keyboard.press("Control+g")
    page.keyboard.press("x")
    page.reload()
    assert "Turn 1 of 1" in page.title()
    with clinic.database.read() as session:
        assert session.query(ReviewTurn).one().reviewed_at is None
