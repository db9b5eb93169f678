"""One-time links: the first account, people who are added, and those who lost their way in."""

import re

import pytest

from bot.staff import links
from bot.staff.accounts import close_account
from bot.storage.models import StaffAccount

NEW_PASSWORD = "four more invented words"


def first_link(clinic):
    return links.path_of(links.first_token(clinic.database.vault.keyring.web))


def link_for(clinic, name):
    with clinic.database.write() as session:
        staff_id = session.query(StaffAccount).filter_by(name=name).one().id
        return links.path_of(links.make_link(session, staff_id, actor="ballast", at=clinic.clock.now))


def use(visitor, path, password=NEW_PASSWORD, again=None, **fields):
    return visitor.post(path, form_on=path, password=password, again=again or password, **fields)


def test_first_link_makes_a_lead_who_sees_the_flags_a_minute_later(clinic):
    visitor, path = clinic.browser(), first_link(clinic)
    assert "no account yet" in visitor.get("/sign-in").text
    answer = use(visitor, path, name="Rosa")
    assert answer.location == "/account/authenticator"
    assert visitor.get("/flags").location == "/account/authenticator"
    assert "Your recovery codes" in visitor.set_up_authenticator().text
    assert visitor.get("/").location == "/flags"
    assert visitor.get("/people").status_code == 200
    assert "no account yet" not in clinic.browser().get("/sign-in").text


def test_first_link_works_once_for_good(clinic):
    visitor, path = clinic.browser(), first_link(clinic)
    stale = {"csrf_token": visitor.token(path), "name": "omar", "password": NEW_PASSWORD, "again": NEW_PASSWORD}
    use(clinic.browser(), path, name="rosa")
    assert visitor.client.post(path, data=stale).status_code == 404
    assert clinic.browser().get(path).status_code == 404
    with clinic.database.write() as session:
        close_account(session, session.query(StaffAccount).one().id, actor="ballast", at=clinic.clock.now)
    assert clinic.browser().get(path).status_code == 404


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"name": ""}, "A name has"),
        ({"name": "rosa", "password": "iloveyou1234"}, "first that a guesser tries"),
        ({"name": "rosa", "password": NEW_PASSWORD, "again": "something else here"}, "differ"),
    ],
)
def test_first_link_is_not_used_up_by_a_slip(clinic, fields, complaint):
    visitor, path = clinic.browser(), first_link(clinic)
    answer = use(visitor, path, **fields)
    assert answer.status_code == 422
    assert complaint in answer.text
    assert use(visitor, path, name="rosa").status_code == 303


def test_link_sets_password_and_authenticator_anew_and_works_once(clinic):
    rosa = clinic.signed_in("rosa")
    path, helped = link_for(clinic, "rosa"), clinic.browser()
    assert rosa.get("/flags").status_code == 200  # made but not used, it changes nothing
    assert "You sign in as <strong>rosa</strong>" in helped.get(path).text
    assert use(helped, path).location == "/account/authenticator"
    assert rosa.get("/flags").status_code == 303
    assert clinic.browser().sign_in("rosa").status_code == 403
    assert clinic.browser().get(path).status_code == 404
    assert helped.set_up_authenticator().status_code == 200
    assert helped.get("/flags").status_code == 200


def test_link_ends_after_three_days_and_with_the_next_one(clinic):
    clinic.account("rosa")
    first = link_for(clinic, "rosa")
    second = link_for(clinic, "rosa")
    assert clinic.browser().get(first).status_code == 404
    clinic.clock.forward(hours=71)
    assert clinic.browser().get(second).status_code == 200
    clinic.clock.forward(hours=1)
    assert clinic.browser().get(second).status_code == 404


def test_link_of_a_closed_account_opens_nothing(clinic):
    staff_id = clinic.account("rosa")
    path = link_for(clinic, "rosa")
    with clinic.database.write() as session:
        close_account(session, staff_id, actor="ballast", at=clinic.clock.now)
    assert clinic.browser().get(path).status_code == 404


def test_name_in_the_form_changes_nothing_for_an_account_that_has_one(clinic):
    clinic.account("rosa")
    clinic.account("omar")
    use(clinic.browser(), link_for(clinic, "rosa"), name="omar")
    assert clinic.browser().sign_in("omar", NEW_PASSWORD).status_code == 403
    assert clinic.browser().sign_in("rosa", NEW_PASSWORD).status_code == 303


def test_database_and_log_hold_no_link(clinic, caplog):
    caplog.set_level("DEBUG")
    lead = clinic.signed_in("rosa", "lead")
    page = lead.post("/people/add", form_on="/people", name="omar", role="reviewer").text
    token = re.search(r"/welcome/([A-Za-z0-9_-]{43})<", page).group(1)
    clinic.browser().get(links.path_of(token))
    clinic.database.close()
    stored = b"".join(path.read_bytes() for path in clinic.settings.home.glob("ballast.db*"))
    assert b"omar" in stored
    assert token.encode() not in stored
    assert token not in caplog.text
