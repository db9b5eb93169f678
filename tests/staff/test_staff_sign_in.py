"""Signing in and out, and sessions that end."""

import hashlib

import pytest

from bot.storage.models import StaffAccount, StaffSession

WRONG = "another invented phrase"


def sessions_of(clinic):
    with clinic.database.read() as session:
        return [row.id for row in session.query(StaffSession)]


def cookie_of(visitor, name="ballast-local"):
    cookie = visitor.client.get_cookie(name)
    return cookie.value if cookie else None


def test_name_and_password_open_the_queue(clinic):
    visitor = clinic.signed_in("Rosa")
    page = visitor.get("/flags")
    assert page.status_code == 200
    assert "rosa" in page.text


@pytest.mark.parametrize(
    ("name", "password"), [("rosa", WRONG), ("nobody", WRONG), ("", ""), ("rosa", ""), ("ro\x00s", "\x00")]
)
def test_wrong_name_and_wrong_password_get_the_same_answer(clinic, name, password):
    clinic.account("rosa")
    answer = clinic.browser().sign_in(name, password)
    assert answer.status_code == 403
    assert "The name or the password is not right." in answer.text
    assert sessions_of(clinic) == []


def test_unknown_name_costs_the_same_work(clinic, monkeypatch):
    clinic.account("rosa")
    checked = []
    hasher = type("Counting", (), {"verify": lambda self, hashed, password: checked.append(hashed[:30]) or False})
    monkeypatch.setattr("bot.staff.accounts._HASHER", hasher())
    for name in ("rosa", "nobody"):
        clinic.browser().sign_in(name, WRONG)
    assert checked == ["$argon2id$v=19$m=65536,t=3,p=4"] * 2


def test_disabled_account_does_not_sign_in_and_its_session_ends(clinic):
    visitor = clinic.signed_in("rosa")
    with clinic.database.write() as session:
        session.query(StaffAccount).one().disabled_at = clinic.clock.now
    assert visitor.get("/flags").status_code == 303
    assert clinic.browser().sign_in("rosa").status_code == 403


def test_table_holds_only_the_hash_of_the_cookie(clinic):
    visitor = clinic.signed_in()
    value = cookie_of(visitor)
    assert len(value) == 43
    assert sessions_of(clinic) == [hashlib.sha256(value.encode()).hexdigest()]


def test_sign_in_gives_a_new_cookie_and_ends_the_old_session(clinic):
    visitor = clinic.signed_in()
    first = cookie_of(visitor)
    clinic.clock.forward(minutes=16)
    visitor.sign_in("rosa")
    assert cookie_of(visitor) not in (None, first)
    assert len(sessions_of(clinic)) == 1


def test_cookie_that_the_browser_brought_is_never_taken_over(clinic):
    clinic.account("rosa")
    visitor = clinic.browser()
    planted = "A" * 43
    visitor.client.set_cookie("ballast-local", planted)
    assert visitor.sign_in("rosa").status_code == 303
    assert cookie_of(visitor) != planted


def test_session_ends_after_fifteen_minutes_without_use(clinic):
    visitor = clinic.signed_in()
    clinic.clock.forward(minutes=14)
    assert visitor.get("/flags").status_code == 200
    clinic.clock.forward(minutes=14)
    assert visitor.get("/flags").status_code == 200
    clinic.clock.forward(minutes=15)
    answer = visitor.get("/flags")
    assert answer.status_code == 303
    assert "Your session has ended" in visitor.get(answer.location).text


def test_session_ends_after_twelve_hours_of_use(clinic):
    visitor = clinic.signed_in()
    for _ in range(71):
        clinic.clock.forward(minutes=10)
        assert visitor.get("/flags").status_code == 200
    clinic.clock.forward(minutes=10)
    assert visitor.get("/flags").status_code == 303


def test_sign_out_ends_the_session_on_the_server(clinic):
    visitor = clinic.signed_in()
    value = cookie_of(visitor)
    assert visitor.post("/sign-out", form_on="/flags").status_code == 303
    assert cookie_of(visitor) is None
    assert sessions_of(clinic) == []
    visitor.client.set_cookie("ballast-local", value)
    assert visitor.get("/flags").status_code == 303


def test_sign_in_leads_back_to_the_flag_that_was_asked_for(clinic):
    visitor, path = clinic.signed_in("rosa"), f"/flags/{clinic.flag()}"
    clinic.clock.forward(minutes=16)
    form = visitor.get(path).location
    fields = {"name": "rosa", "password": clinic.password, "next": path, "csrf_token": visitor.token(form)}
    assert f'value="{path}"' in visitor.get(form).text
    asked = visitor.client.post("/sign-in", data=fields).location
    assert f'value="{path}"' in visitor.get(asked).text
    assert visitor.give_code(next=path).location == path
    assert visitor.get(path).status_code == 200


@pytest.mark.parametrize("goal", ["https://elsewhere.example/", "//elsewhere.example", "/flags/../x", "/sign-out"])
def test_sign_in_leads_nowhere_else(clinic, goal):
    visitor = clinic.signed_in("rosa")
    clinic.clock.forward(minutes=16)
    fields = {
        "name": "rosa",
        "password": clinic.password,
        "next": goal,
        "csrf_token": visitor.token("/sign-in"),
    }
    assert visitor.client.post("/sign-in", data=fields).location == "/sign-in/code"
    assert visitor.give_code(next=goal).location == "/"


def test_signing_in_and_out_is_audited(clinic):
    clinic.clock.forward(minutes=1)
    visitor = clinic.signed_in()
    visitor.post("/sign-out", form_on="/flags")
    with clinic.database.read() as session:
        staff_id = session.query(StaffAccount).one().id
    done = ["staff.password", "staff.authenticator", "staff.sign_in", "staff.sign_out"]
    assert clinic.actions(staff_id) == [("ballast", "staff.add"), *((staff_id, action) for action in done)]
