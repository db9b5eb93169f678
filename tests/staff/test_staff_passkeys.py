"""Passkeys through the app's door: what they open, and everything that must not open."""

import html
import json
import re

import pyotp
import pytest

from bot.config import Settings
from bot.staff import passkeys
from bot.storage.models import AuditEntry
from bot.storage.passkey_models import StaffChallenge, StaffPasskey
from tests.staff.conftest import Clinic, HandClock, token_in
from tests.staff.software_passkey import PRESENT, SoftwarePasskey

SIGN_IN, SECOND, CONFIRM, MAKE = (
    "/sign-in/passkey",
    "/sign-in/code/passkey",
    "/account/confirm/passkey",
    "/account/passkeys",
)
ELSEWHERE = "https://ballast.elsewhere.example"


@pytest.fixture
def clinic(clinic, tmp_path):
    """The clinic at an address that passkeys know."""
    settings = Settings.from_environment({"BALLAST_HOME": str(tmp_path), "STAFF_ORIGIN": "http://localhost"})
    return Clinic(settings, clinic.database, HandClock())


def options_in(page):
    return html.unescape(re.search(r'data-options="([^"]+)"', page).group(1))


def options_on(visitor, path):
    return options_in(visitor.get(path).text)


def send(visitor, path, answer, form_on, **fields):
    return visitor.client.post(path, data={"csrf_token": visitor.token(form_on), "credential": answer, **fields})


def with_passkey(clinic, name="rosa", role="reviewer"):
    """Return a browser that is signed in and the passkey made in it."""
    visitor, key = clinic.signed_in(name, role), SoftwarePasskey()
    answer = key.made(options_on(visitor, MAKE))
    made = visitor.client.post(
        MAKE, data={"csrf_token": visitor.token("/account"), "credential": answer, "name": "key"}
    )
    assert made.status_code == 303
    return visitor, key


def show(visitor, key, *, page=SIGN_IN, to=None, **odd):
    """Ask for a passkey on a page and send the answer to what was asked there."""
    text = visitor.get(page).text
    answer = key.shown(options_in(text), **odd)
    return visitor.client.post(to or page, data={"csrf_token": token_in(text), "credential": answer})


def half_signed_in(clinic, name="rosa"):
    visitor = clinic.browser()
    assert visitor.sign_in(name).location == "/sign-in/code"
    return visitor


def stranger(clinic):
    visitor = clinic.browser()
    visitor.get(SIGN_IN)
    return visitor


def rows(clinic, table):
    with clinic.database.read() as session:
        return session.query(table).count()


def test_a_passkey_alone_signs_in_under_a_new_cookie(clinic):
    _, key = with_passkey(clinic)
    visitor = stranger(clinic)
    answer = key.shown(options_on(visitor, SIGN_IN))
    entered = send(visitor, SIGN_IN, answer, "/sign-in", next="/account")
    assert (entered.status_code, entered.location) == (303, "/account")
    assert "ballast-local=" in entered.headers["Set-Cookie"]
    assert visitor.get("/flags").status_code == 200


def test_a_passkey_stands_for_the_code_after_the_password_and_the_code_still_works(clinic):
    first, key = with_passkey(clinic)
    visitor = half_signed_in(clinic)
    assert show(visitor, key, page="/sign-in/code", to=SECOND).status_code == 303
    assert visitor.get("/flags").status_code == 200
    other = half_signed_in(clinic)
    clinic.clock.forward(seconds=30)
    assert other.give_code(pyotp.TOTP(first.secret).at(clinic.clock.now)).status_code == 303


def test_a_passkey_confirms_where_the_factor_is_wanted_anew(clinic):
    visitor, key = with_passkey(clinic)
    clinic.clock.forward(minutes=11)
    assert visitor.get("/account/password").location.startswith("/account/confirm")
    assert show(visitor, key, page="/account/confirm", to=CONFIRM).status_code == 303
    assert visitor.get("/account/password").status_code == 200


def test_a_new_account_may_begin_with_a_passkey_and_gets_recovery_codes(clinic):
    clinic.account("rosa")
    visitor, key = clinic.browser(), SoftwarePasskey()
    assert visitor.sign_in("rosa").status_code == 303
    answer = key.made(options_on(visitor, MAKE))
    page = send(visitor, MAKE, answer, "/account/authenticator", name="key")
    assert "recovery codes" in page.text
    assert visitor.get("/flags").status_code == 200
    code = re.search(r"<code>([A-Z2-7 ]+)</code>", page.text).group(1)
    other = half_signed_in(clinic)
    assert other.give_code(code).status_code == 303  # recovery codes stand beside it


def test_the_account_lists_renames_and_removes_them(clinic):
    visitor, _ = with_passkey(clinic)
    assert "not used yet" in visitor.get("/account").text
    (path,) = re.findall(r'action="(/account/passkeys/\w{32})/rename"', visitor.get("/account").text)
    form = {"csrf_token": visitor.token("/account")}
    assert visitor.client.post(f"{path}/rename", data={**form, "name": "  <b>door\x00 key</b> "}).status_code == 303
    assert "&lt;b&gt;door key&lt;/b&gt;" in visitor.get("/account").text
    assert visitor.client.post(f"{path}/rename", data={**form, "name": "\x00 "}).status_code == 400
    assert visitor.client.post(f"{path}/remove", data=form).status_code == 303
    assert rows(clinic, StaffPasskey) == 0


def test_a_removed_passkey_opens_nothing_and_ends_the_other_sessions(clinic):
    visitor, key = with_passkey(clinic)
    other = stranger(clinic)
    assert show(other, key).status_code == 303
    (path,) = re.findall(r'"(/account/passkeys/\w{32}/remove)"', visitor.get("/account").text)
    visitor.client.post(path, data={"csrf_token": visitor.token("/account")})
    assert other.get("/flags").location.startswith("/sign-in")
    assert show(stranger(clinic), key).status_code == 403


def test_the_only_factor_is_not_removed(clinic):
    clinic.account("rosa")
    visitor, key = clinic.browser(), SoftwarePasskey()
    visitor.sign_in("rosa")
    send(visitor, MAKE, key.made(options_on(visitor, MAKE)), "/account/authenticator")
    (path,) = re.findall(r'"(/account/passkeys/\w{32}/remove)"', visitor.get("/account").text)
    answer = visitor.client.post(path, data={"csrf_token": visitor.token("/account")})
    assert answer.status_code == 409
    assert rows(clinic, StaffPasskey) == 1


def test_nobody_touches_the_passkey_of_another(clinic):
    rosa, _ = with_passkey(clinic, "rosa")
    omar = clinic.signed_in("omar", "lead")
    (path,) = re.findall(r'"(/account/passkeys/\w{32})/remove"', rosa.get("/account").text)
    for step in ("rename", "remove"):
        data = {"csrf_token": omar.token("/account"), "name": "mine"}
        assert omar.client.post(f"{path}/{step}", data=data).status_code == 404


@pytest.mark.parametrize(
    "odd",
    [{"origin": ELSEWHERE}, {"origin": "http://localhost:9999"}, {"name": "elsewhere.example"}, {"flags": PRESENT}],
    ids=["origin", "port", "name", "not unlocked"],
)
def test_an_answer_from_elsewhere_or_without_unlocking_is_refused(clinic, odd):
    _, key = with_passkey(clinic)
    assert show(stranger(clinic), key, **odd).status_code == 403
    assert show(half_signed_in(clinic), key, page="/sign-in/code", to=SECOND, **odd).status_code == 403
    assert show(stranger(clinic), key).status_code == 303  # the same without the oddity opens


@pytest.mark.parametrize("odd", [{"origin": ELSEWHERE}, {"flags": PRESENT}], ids=["origin", "not unlocked"])
def test_a_passkey_made_elsewhere_or_without_unlocking_is_not_taken(clinic, odd):
    visitor, key = clinic.signed_in(), SoftwarePasskey()
    assert send(visitor, MAKE, key.made(options_on(visitor, MAKE), **odd), "/account").status_code == 422
    assert rows(clinic, StaffPasskey) == 0
    assert send(visitor, MAKE, key.made(options_on(visitor, MAKE)), "/account").status_code == 303


def test_an_answer_is_good_once(clinic):
    _, key = with_passkey(clinic)
    visitor = stranger(clinic)
    answer = key.shown(options_on(visitor, SIGN_IN))
    form = visitor.token("/sign-in")
    assert visitor.client.post(SIGN_IN, data={"csrf_token": form, "credential": answer}).status_code == 303
    thief = stranger(clinic)
    options_on(thief, SIGN_IN)
    assert send(thief, SIGN_IN, answer, "/sign-in").status_code == 403


def test_an_answer_refused_once_uses_its_challenge_up(clinic):
    _, key = with_passkey(clinic)
    visitor = stranger(clinic)
    options = options_on(visitor, SIGN_IN)
    assert send(visitor, SIGN_IN, key.shown(options, origin=ELSEWHERE), "/sign-in").status_code == 403
    assert rows(clinic, StaffChallenge) == 1  # the page that says no asks anew
    assert send(visitor, SIGN_IN, key.shown(options), "/sign-in").status_code == 403


@pytest.mark.parametrize("wrong", ["another browser's", "of another purpose", "too old", "invented"])
def test_a_challenge_counts_for_its_browser_its_purpose_and_five_minutes(clinic, wrong):
    signed_in, key = with_passkey(clinic)
    visitor = stranger(clinic)
    options = options_on(visitor, SIGN_IN)
    if wrong == "another browser's":
        visitor = stranger(clinic)
        options_on(visitor, SIGN_IN)
    elif wrong == "of another purpose":
        options = options_on(signed_in, "/account/confirm")
    elif wrong == "too old":
        clinic.clock.forward(minutes=5)
    else:
        options = json.dumps({**json.loads(options), "challenge": "A" * 43})
    form = visitor.token("/sign-in")
    data = {"csrf_token": form, "credential": key.shown(options)}
    assert visitor.client.post(SIGN_IN, data=data).status_code == 403


def test_the_passkey_of_another_account_is_no_second_factor(clinic):
    with_passkey(clinic, "rosa")
    _, theirs = with_passkey(clinic, "omar")
    visitor = half_signed_in(clinic, "rosa")
    answer = theirs.shown(options_on(visitor, "/sign-in/code"))
    assert send(visitor, SECOND, answer, "/nothing").status_code == 403
    theirs.owner = json.dumps("somebody else").encode()  # the device names another owner than the row
    assert show(stranger(clinic), theirs).status_code == 403


def test_a_passkey_that_is_known_already_is_not_taken_twice(clinic):
    _, key = with_passkey(clinic, "rosa")
    omar = clinic.signed_in("omar")
    assert "known already" in send(omar, MAKE, key.made(options_on(omar, MAKE)), "/account").text
    assert rows(clinic, StaffPasskey) == 1


def test_a_counter_that_went_back_is_refused_and_written_down(clinic):
    _, key = with_passkey(clinic)
    key.counter = 7
    assert show(stranger(clinic), key).status_code == 303
    key.counter = 3  # a copy that was made before
    answer = show(stranger(clinic), key)
    assert answer.status_code == 403
    assert "tell your lead" in answer.text
    with clinic.database.read() as session:
        assert session.query(AuditEntry).filter_by(action="staff.passkey_copied").count() == 1


def test_a_passkey_that_never_counts_is_taken_again_and_again(clinic):
    _, key = with_passkey(clinic)
    for _ in range(2):
        key.counter = -1  # it answers 0 each time, as passkeys do that a phone's maker copies between devices
        assert show(stranger(clinic), key).status_code == 303


def test_a_closed_account_stays_closed_to_its_passkey(clinic):
    lead = clinic.signed_in("omar", "lead")
    _, key = with_passkey(clinic, "rosa")
    (path,) = re.findall(r'"(/people/\w{32}/close)"', lead.get("/people").text)
    lead.client.post(path, data={"csrf_token": lead.token("/people")})
    assert show(stranger(clinic), key).status_code == 403


def test_a_link_for_who_lost_his_way_in_takes_the_passkeys_away(clinic):
    lead = clinic.signed_in("omar", "lead")
    _, key = with_passkey(clinic, "rosa")
    (path,) = re.findall(r'"(/people/\w{32}/link)"', lead.get("/people").text)
    page = lead.client.post(path, data={"csrf_token": lead.token("/people")}).text
    link = re.search(r"/welcome/[\w-]{43}", page).group(0)
    visitor, password = clinic.browser(), "four other invented words"
    visitor.post(link, form_on=link, password=password, again=password)
    assert rows(clinic, StaffPasskey) == 0
    assert show(stranger(clinic), key).status_code == 403


def test_failures_slow_the_address_down(clinic):
    _, key = with_passkey(clinic)
    statuses = [show(stranger(clinic), key, origin=ELSEWHERE).status_code for _ in range(6)]
    assert statuses == [403] * 5 + [429]
    assert show(stranger(clinic), key).status_code == 429
    clinic.clock.forward(minutes=15)
    assert show(stranger(clinic), key).status_code == 303


def test_an_account_has_at_most_so_many(clinic, monkeypatch):
    monkeypatch.setattr(passkeys, "MOST_PASSKEYS", 1)
    visitor, _ = with_passkey(clinic)
    assert send(visitor, MAKE, SoftwarePasskey().made(options_on(visitor, MAKE)), "/account").status_code == 422


NONSENSE = {
    "empty": "",
    "null": "null",
    "list": "[]",
    "broken": "{",
    "bare": '{"rawId": "AA"}',
    "list inside": '{"rawId": "AA", "response": []}',
    "deep": "[" * 20_000,
}


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_refused(clinic, answer):
    visitor, _ = with_passkey(clinic)
    options_on(visitor, MAKE)
    assert send(visitor, MAKE, answer, "/account").status_code == 422
    other = stranger(clinic)
    assert send(other, SIGN_IN, answer, "/sign-in").status_code == 403


def test_elsewhere_the_page_says_where_passkeys_work_and_makes_no_challenge(clinic):
    visitor = clinic.browser()
    page = visitor.get(SIGN_IN, base_url="http://127.0.0.1:8080").text
    assert "Passkeys work at" in page
    assert "data-options" not in page
    assert rows(clinic, StaffChallenge) == 0


def test_old_challenges_do_not_pile_up(clinic):
    for _ in range(3):
        clinic.browser().get(SIGN_IN)
    assert rows(clinic, StaffChallenge) == 3
    clinic.clock.forward(minutes=6)
    clinic.browser().get(SIGN_IN)
    assert rows(clinic, StaffChallenge) == 1
