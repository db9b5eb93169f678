"""Codes of an authenticator, recovery codes, and what a password alone does not open."""

import re

import pyotp
import pytest
import segno

from bot.staff import second_factor
from bot.storage.models import StaffAccount, StaffRecovery

WRONG = "000000"


def codes_on(page):
    return re.findall(r"<li><code>([A-Z2-7 ]+)</code></li>", page)


@pytest.fixture
def rosa(clinic):
    """Rosa, with an authenticator, in a browser that has just been signed out."""
    visitor = clinic.signed_in("rosa")
    visitor.post("/sign-out", form_on="/flags")
    return visitor


def test_password_alone_opens_nothing_but_the_page_that_asks_for_the_code(clinic, rosa):
    assert rosa.sign_in("rosa").location == "/sign-in/code"
    for path in ("/", "/flags", "/account", f"/flags/{clinic.flag()}"):
        assert rosa.get(path).location.startswith("/sign-in/code")
    assert rosa.give_code().location == "/"
    assert rosa.get("/flags").status_code == 200


def test_the_cookie_changes_with_the_second_factor(rosa):
    rosa.sign_in("rosa")
    half = rosa.client.get_cookie("ballast-local").value
    rosa.give_code()
    assert rosa.client.get_cookie("ballast-local").value != half
    rosa.client.set_cookie("ballast-local", half)
    assert rosa.get("/flags").location.startswith("/sign-in")


@pytest.mark.parametrize("typed", ["000000", "", "12345", "1234567", "²²²²²²", "١٢٣٤٥٦", "x" * 24, "A" * 24])
def test_a_wrong_code_is_refused(rosa, typed):
    rosa.sign_in("rosa")
    answer = rosa.give_code(typed or " ")
    assert answer.status_code == 403
    assert "not right" in answer.text
    assert rosa.get("/flags").status_code == 303


def test_spaces_in_a_code_do_no_harm(rosa):
    rosa.sign_in("rosa")
    code = rosa.next_code()
    assert rosa.give_code(f" {code[:3]} {code[3:]} ").status_code == 303


def test_a_code_is_good_once(clinic, rosa):
    rosa.sign_in("rosa")
    code = rosa.next_code()
    assert rosa.give_code(code).status_code == 303
    watcher = clinic.browser()
    watcher.sign_in("rosa")
    assert watcher.give_code(code).status_code == 403


@pytest.mark.parametrize(("seconds", "status"), [(-60, 403), (-30, 303), (30, 303), (60, 403)])
def test_a_clock_may_be_half_a_minute_off(clinic, rosa, seconds, status):
    clinic.clock.forward(minutes=5)
    rosa.sign_in("rosa")
    code = pyotp.TOTP(rosa.secret).at(int(clinic.clock.now.timestamp()) + seconds)
    assert rosa.give_code(code).status_code == status


def test_half_open_session_ends_after_five_minutes(clinic, rosa):
    rosa.sign_in("rosa")
    form = rosa.token("/sign-in/code")
    clinic.clock.forward(minutes=5)
    answer = rosa.client.post("/sign-in/code", data={"csrf_token": form, "code": rosa.next_code()})
    assert answer.location.startswith("/sign-in?")


def test_sixth_wrong_code_must_wait_even_when_it_is_right(clinic, rosa):
    rosa.sign_in("rosa")
    for _ in range(5):
        assert rosa.give_code(WRONG).status_code == 403
    answer = rosa.give_code(pyotp.TOTP(rosa.secret).at(clinic.clock.now))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")
    clinic.clock.forward(seconds=30)
    assert rosa.give_code().status_code == 303


def test_recovery_code_signs_in_once_and_is_then_gone(clinic):
    clinic.account("rosa")
    visitor = clinic.browser()
    visitor.sign_in("rosa")
    codes = codes_on(visitor.set_up_authenticator().text)
    assert len(set(codes)) == second_factor.RECOVERY_CODES
    visitor.post("/sign-out", form_on="/flags")
    for typed, status in ((codes[0].lower(), 303), (codes[0], 403), (codes[1].replace(" ", "-"), 303)):
        visitor = clinic.browser()
        visitor.sign_in("rosa")
        assert visitor.give_code(typed).status_code == status
    assert "6 recovery codes left" in visitor.get("/account").text
    with clinic.database.read() as session:
        staff_id = session.query(StaffAccount).one().id
    assert [action for _, action in clinic.actions(staff_id)].count("staff.recovery_used") == 2


def test_recovery_code_of_another_account_opens_nothing(clinic, rosa):
    clinic.account("omar")
    omar = clinic.browser()
    omar.sign_in("omar")
    (code, *_) = codes_on(omar.set_up_authenticator().text)
    rosa.sign_in("rosa")
    assert rosa.give_code(code).status_code == 403


def test_database_holds_neither_the_secret_nor_a_recovery_code(clinic):
    clinic.account("rosa")
    visitor = clinic.browser()
    visitor.sign_in("rosa")
    codes = [code.replace(" ", "") for code in codes_on(visitor.set_up_authenticator().text)]
    with clinic.database.read() as session:
        assert session.query(StaffRecovery).count() == len(codes)
    clinic.database.close()
    stored = b"".join(path.read_bytes() for path in clinic.settings.home.glob("ballast.db*"))
    assert b"staff_recovery" in stored
    for secret in (visitor.secret, *codes):
        assert secret.encode() not in stored


def test_wrong_code_at_set_up_changes_nothing_and_the_picture_stays(clinic):
    clinic.account("rosa")
    visitor = clinic.browser()
    visitor.sign_in("rosa")
    first = visitor.get("/account/authenticator").text
    answer = visitor.give_code(WRONG, path="/account/authenticator")
    assert answer.status_code == 422
    assert re.search(r'class="key">([^<]+)<', first).group(1) in answer.text
    assert visitor.get("/flags").location == "/account/authenticator"
    assert visitor.set_up_authenticator().status_code == 200


def test_picture_is_the_qr_code_of_the_key_beside_it():
    secret = second_factor.secret_of(b"k" * 32, "rosa", "n")
    address = f"otpauth://totp/Ballast:rosa?secret={secret}&issuer=Ballast"
    picture = second_factor.picture_of(secret, "rosa")
    dark = segno.make_qr(address, error="m").svg_inline(border=4, dark="#000", light="#fff", omitsize=True)
    assert re.search(r' d="(M4[^"]+)"', picture).group(1) == re.search(r' d="(M4[^"]+)"', dark).group(1)
    assert "<script" not in picture
    assert "style=" not in picture


def test_each_account_and_each_key_file_has_its_own_secret():
    secrets = {second_factor.secret_of(key, who, nonce) for key in (b"k", b"l") for who in "ab" for nonce in "mn"}
    assert len(secrets) == 8
    assert {len(secret) for secret in secrets} == {32}


def test_codes_are_those_of_rfc_6238():
    # Appendix B of the RFC prints eight digits; six-digit codes are their ends.
    totp = pyotp.TOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    assert [totp.at(second) for second in (59, 1111111109, 20000000000)] == ["287082", "081804", "353130"]
