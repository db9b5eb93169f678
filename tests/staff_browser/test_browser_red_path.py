"""The red path by keyboard alone: sign in, find the red flag, take it, read, close it."""

import pyotp

from bot.clock import utc_now
from bot.staff import second_factor
from bot.storage.models import StaffAccount
from tests.staff.conftest import PASSWORD
from tests.staff_browser.looks import tab_to


def with_authenticator(site, name):
    """Make an account that has an authenticator, and return its secret."""
    staff_id, key, nonce = site.clinic.account(name), site.clinic.database.vault.keyring.web, "1" * 32
    with site.clinic.database.write() as session:
        account = session.get(StaffAccount, staff_id)
        account.totp_nonce, account.totp_step = nonce, 0
    return second_factor.secret_of(key, staff_id, nonce)


def focused(page, name):
    """Wait until the field that a page begins with has the focus; a busy machine takes a moment."""
    page.wait_for_function("(name) => document.activeElement.id === name", arg=name)


def test_a_red_flag_is_taken_read_and_closed_without_a_mouse(site, enter):
    secret = with_authenticator(site, "keys")
    man = site.clinic.man()
    flag_id = site.clinic.flag(man, message_id=site.clinic.he_writes(man, "an invented line of his"))
    page = enter(reduced_motion="reduce")  # what gets the focus is in its place at once
    page.goto("/flags")
    focused(page, "name")
    page.keyboard.type("keys")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in/code*")
    focused(page, "code")
    page.keyboard.type(pyotp.TOTP(secret).at(utc_now()))
    page.keyboard.press("Enter")
    page.wait_for_url("**/flags")

    while man[:8] not in page.evaluate("document.activeElement.closest('li')?.textContent ?? ''"):
        tab_to(page, r"suicide or self-harm")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/flags/{flag_id}")
    tab_to(page, r"^take (this|it)")
    page.keyboard.press("Enter")
    page.get_by_text("You have it").wait_for()
    tab_to(page, r"show what he wrote")
    page.keyboard.press("Enter")
    page.get_by_text("an invented line of his").wait_for()
    tab_to(page, r"spoke or wrote with him")
    page.keyboard.press("Space")
    tab_to(page, r"^note")
    page.keyboard.type("Spoke with him. He is not alone tonight.")
    tab_to(page, r"close this flag")
    page.keyboard.press("Enter")
    page.get_by_text("How it was closed").wait_for()
    steps = [action for _, action in site.clinic.actions(flag_id)]
    assert [step for step in steps if step != "flag.view"] == ["flag.open", "flag.claim", "flag.reveal", "flag.resolve"]
