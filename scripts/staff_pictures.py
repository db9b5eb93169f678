"""Draw docs/pictures anew: the staff app over the demo's invented men, in a real Chromium."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from pathlib import Path

import waitress
from playwright.sync_api import Page, sync_playwright

from bot import logs
from bot.clock import utc_now
from bot.config import PROJECT
from bot.staff.app import create_app
from bot.staff.demo import Terminal, _free_port, open_demo, settings_of
from bot.staff.demo_fill import renew_accounts

CHROMIUM = os.environ.get("BALLAST_CHROMIUM") or "/usr/bin/chromium"
FOLDER = PROJECT / "docs" / "pictures"
PASSWORD = "for one run of this script only"  # noqa: S105 - of invented accounts that are gone at its end
MOST_BYTES = 150_000
WIDE, PHONE = {"width": 1180, "height": 820}, {"width": 375, "height": 740}


def main() -> None:
    """Write the pictures and say how large they are."""
    logs.install("ERROR")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        settings = settings_of(Path(home) / "demo", _free_port())
        database = open_demo(settings)
        terminal = Terminal(database, renew_accounts(database, PASSWORD))
        server = waitress.create_server(create_app(settings, database), port=settings.staff_port)
        threading.Thread(target=server.run, daemon=True).start()
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = browser.new_page(base_url=settings.staff_origin, viewport=WIDE, reduced_motion="reduce")
            sign_in(page, terminal)
            walk(page)
            browser.close()
    for picture in sorted(FOLDER.glob("staff-*.png")):
        size = picture.stat().st_size
        sys.stdout.write(f"{picture.name}: {size // 1000} kB\n")
        if size > MOST_BYTES:
            raise SystemExit(f"{picture.name} is over {MOST_BYTES // 1000} kB.")


def sign_in(page: Page, terminal: Terminal) -> None:
    """Sign the demo's lead in."""
    page.goto("/sign-in")
    page.get_by_label("Name").fill("rosa")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Six digits from your authenticator").fill(terminal.codes(utc_now())["rosa"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/flags")


def walk(page: Page) -> None:
    """Take the pictures in the order in which a reviewer sees the pages."""
    shoot(page, "queue")
    page.emulate_media(color_scheme="dark")
    shoot(page, "queue-dark")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(PHONE)
    shoot(page, "queue-phone")
    page.set_viewport_size(WIDE)
    page.locator("main li", has_text="Nobody yet").first.get_by_role("link").first.click()
    page.get_by_role("button", name="Take this flag").click()
    page.get_by_role("button", name="Show what he wrote").click()
    page.locator(".talk").first.wait_for()
    page.evaluate("window.scrollTo(0, 0)")
    shoot(page, "flag")
    page.goto("/report")
    shoot(page, "report")


def shoot(page: Page, name: str) -> None:
    """Write what the window shows."""
    page.screenshot(path=str(FOLDER / f"staff-{name}.png"))


if __name__ == "__main__":
    main()
