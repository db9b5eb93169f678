"""Passkeys with Chromium's own virtual authenticator: made, used and refused by a real browser."""

import pytest

from bot.staff.roles import NEW, REVIEWER, STRANGER
from bot.storage.passkey_models import StaffPasskey
from tests.staff.conftest import PASSWORD


class Device:
    """A device that keeps passkeys, attached to one window."""

    def __init__(self, page):
        self.cdp = page.context.new_cdp_session(page)
        self.cdp.send("WebAuthn.enable")
        options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
        answer = {"isUserVerified": True, "automaticPresenceSimulation": True}
        self.id = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": {**options, **answer}})[
            "authenticatorId"
        ]

    def keys(self):
        return self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.id})["credentials"]

    def take(self, key):
        self.cdp.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": key})

    def is_unlocked(self, answer):
        self.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": answer})


def make(page, name):
    page.goto("/account/passkeys")
    page.get_by_label("What you call it").fill(name)
    page.get_by_role("button", name="Make a passkey").click()


@pytest.fixture
def key(site, enter):
    """A passkey that a reviewer made in his browser."""
    page = enter(REVIEWER)
    device = Device(page)
    make(page, "laptop")
    page.get_by_text("laptop").first.wait_for()
    (made,) = device.keys()
    return made


def test_a_passkey_signs_in_without_name_and_password_and_counts(site, enter, key):
    page = enter(STRANGER)
    device = Device(page)
    device.take(key)
    page.goto("/sign-in")
    page.get_by_role("link", name="Sign in with a passkey").click()
    page.get_by_role("button", name="Use my passkey").click()
    page.wait_for_url("**/flags")
    assert page.get_by_role("heading", name="Open flags").is_visible()
    with site.clinic.database.read() as session:
        row = session.query(StaffPasskey).order_by(StaffPasskey.created_at.desc()).first()
        assert row.sign_count == device.keys()[0]["signCount"] > 0


def test_a_passkey_stands_for_the_code(site, enter, key):
    page = enter(STRANGER)
    Device(page).take(key)
    page.goto("/sign-in")
    page.get_by_label("Name").fill("reviewer of the browser")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Use my passkey").click()
    page.wait_for_url("**/flags")


def test_the_first_factor_may_be_a_passkey(site, enter):
    page = enter(NEW)
    Device(page)
    page.goto("/account/authenticator")
    page.get_by_role("link", name="Make a passkey on this device instead").click()
    page.get_by_role("button", name="Make a passkey").click()
    page.get_by_role("heading", name="Your recovery codes").wait_for()


def test_a_device_that_is_not_unlocked_stays_out(site, enter, key):
    page = enter(STRANGER)
    device = Device(page)
    device.take(key)
    device.is_unlocked(False)
    page.goto("/sign-in/passkey")
    page.get_by_role("button", name="Use my passkey").click()
    page.get_by_text("No passkey came back").wait_for()
    device.is_unlocked(True)
    page.get_by_role("button", name="Use my passkey").click()
    page.wait_for_url("**/flags")


def test_a_device_that_has_one_makes_no_second_for_the_account(site, enter):
    page = enter("lead")
    device = Device(page)
    make(page, "phone")
    page.get_by_text("phone").first.wait_for()
    make(page, "phone again")
    page.get_by_text("No passkey came back").wait_for()
    assert len(device.keys()) == 1


def test_without_scripts_the_page_says_so_and_the_code_works(site, enter):
    page = enter(STRANGER, java_script_enabled=False)
    page.goto("/sign-in/passkey")
    assert page.get_by_text("A passkey needs scripts").is_visible()
    assert not page.get_by_role("button", name="Use my passkey").is_visible()
    assert page.get_by_role("link", name="Sign in with name and password").is_visible()
