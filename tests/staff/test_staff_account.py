"""One's own account: sessions, sign-out everywhere, a new password, a new authenticator, asking again."""

import re

import pytest

from bot.staff.agents import browser_words
from bot.storage.models import StaffSession

NEW_PASSWORD = "four more invented words"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36"


@pytest.fixture
def rosa(clinic):
    return clinic.signed_in("rosa")


def elsewhere(clinic, rosa):
    """Sign Rosa in with another browser."""
    other = clinic.browser()
    other.secret = rosa.secret
    other.client.environ_base["HTTP_USER_AGENT"] = PHONE
    other.sign_in("rosa")
    assert other.give_code().status_code == 303
    return other


def change(visitor, present="three invented words", new=NEW_PASSWORD, again=NEW_PASSWORD):
    return visitor.post("/account/password", form_on="/account/password", present=present, new=new, again=again)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (PHONE, "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1", "Safari on an iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0", "Edge on Windows"),
        ("curl/8.0 <script>", "A browser"),
        ("", "A browser"),
    ],
)
def test_browser_is_told_in_a_few_words(said, words):
    assert browser_words(said) == words
    assert len(words) <= StaffSession.__table__.c.browser.type.length


def test_own_sessions_are_listed_and_another_can_be_ended(clinic, rosa):
    other = elsewhere(clinic, rosa)
    page = rosa.get("/account").text
    assert "Chrome on Android" in page
    assert page.count("this one") == 1
    (session_id,) = re.findall(r'name="session" value="([^"]+)"', page)
    rosa.post("/account/sessions/end", form_on="/account", session=session_id)
    assert other.get("/flags").status_code == 303
    assert rosa.get("/flags").status_code == 200


@pytest.mark.parametrize("session", ["", "x" * 500, "\x00"])
def test_a_session_of_somebody_else_cannot_be_ended(clinic, rosa, session):
    omar = clinic.signed_in("omar")
    with clinic.database.read() as opened:
        ids = [row.id for row in opened.query(StaffSession)]
    for session_id in (*ids, session):
        omar.post("/account/sessions/end", form_on="/account", session=session_id)
    assert rosa.get("/flags").status_code == 200


def test_sign_out_everywhere_ends_all_of_ones_own_sessions_and_nobody_elses(clinic, rosa):
    other, omar = elsewhere(clinic, rosa), clinic.signed_in("omar")
    assert rosa.post("/account/sessions/end-all", form_on="/account").location == "/sign-in"
    assert [visitor.get("/flags").status_code for visitor in (rosa, other, omar)] == [303, 303, 200]


def test_new_password_counts_and_ends_the_other_sessions(clinic, rosa):
    other = elsewhere(clinic, rosa)
    assert change(rosa).location == "/account?changed=1"
    assert rosa.get("/flags").status_code == 200
    assert other.get("/flags").status_code == 303
    assert clinic.browser().sign_in("rosa").status_code == 403
    assert clinic.browser().sign_in("rosa", NEW_PASSWORD).status_code == 303


@pytest.mark.parametrize(
    ("fields", "status", "complaint"),
    [
        ({"present": "not it at all"}, 403, "present password"),
        ({"again": "four more invented wrods"}, 422, "differ"),
        ({"new": "iloveyou1234", "again": "iloveyou1234"}, 422, "first that a guesser tries"),
    ],
)
def test_unfit_password_changes_nothing(clinic, rosa, fields, status, complaint):
    answer = change(rosa, **fields)
    assert answer.status_code == status
    assert complaint in answer.text
    assert clinic.browser().sign_in("rosa").status_code == 303


def test_guessing_the_present_password_is_slowed_down(clinic, rosa, quick_passwords):
    assert [change(rosa, present="not it").status_code for _ in range(6)] == [403] * 5 + [429]
    assert len(quick_passwords) == 5


def test_new_authenticator_replaces_the_old_one_and_its_codes(clinic, rosa):
    other, old = elsewhere(clinic, rosa), rosa.secret
    clinic.clock.forward(seconds=30)
    assert rosa.set_up_authenticator().status_code == 200
    assert rosa.secret != old
    assert other.get("/flags").status_code == 303
    other.sign_in("rosa")
    assert other.give_code().status_code == 403  # it still shows the old secret's codes
    other.secret = rosa.secret
    assert other.give_code().status_code == 303


def test_confirming_leads_on_for_ten_minutes(clinic, rosa):
    clinic.clock.forward(minutes=11)
    asked = rosa.get("/account/password").location
    assert asked == "/account/confirm?next=/account/password"
    assert rosa.give_code("000000", path="/account/confirm").status_code == 403
    assert rosa.give_code(path="/account/confirm", next="/account/password").location == "/account/password"
    assert rosa.get("/account/password").status_code == 200
    clinic.clock.forward(minutes=11)
    assert rosa.get("/account/password").status_code == 303


def test_unconfirmed_form_does_nothing(clinic, rosa):
    form = rosa.token("/account/password")
    clinic.clock.forward(minutes=11)
    fields = {"present": "three invented words", "new": NEW_PASSWORD, "again": NEW_PASSWORD, "csrf_token": form}
    assert rosa.client.post("/account/password", data=fields).location.startswith("/account/confirm")
    assert clinic.browser().sign_in("rosa").status_code == 303


def test_new_recovery_codes_replace_the_old_ones(rosa):
    page = rosa.post("/account/recovery", form_on="/account").text
    assert len(re.findall(r"<li><code>", page)) == 8
    assert "8 recovery codes left" in rosa.get("/account").text


def test_page_warns_before_the_session_ends(clinic, rosa):
    page = rosa.get("/flags").text
    assert "In two you are signed out" in page
    assert 'href="/account/awake" target="_blank" rel="noopener"' in page
    assert "Your session ends at" not in page
    for _ in range(71):
        clinic.clock.forward(minutes=10)
        rosa.get("/account/awake")
    assert "Your session ends at 22 Nov 2026, 21:00 UTC" in rosa.get("/flags").text


def test_staying_awake_keeps_the_session_open(clinic, rosa):
    for _ in range(3):
        clinic.clock.forward(minutes=14)
        assert rosa.get("/account/awake").status_code == 200
    assert rosa.get("/flags").status_code == 200


def test_style_sheet_shows_the_warning_two_minutes_before_the_end():
    from bot.staff.sessions import IDLE
    from tests.staff.test_staff_contrast import CSS

    soon, over = (int(found) for found in re.findall(r"idle-\w+ { animation: appear 0s (\d+)s", CSS))
    assert (soon, over) == (IDLE.total_seconds() - 120, IDLE.total_seconds())
