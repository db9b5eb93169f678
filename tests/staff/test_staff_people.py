"""Leads and administrators look after accounts; nobody changes his own."""

import re

import pytest

from bot.staff.accounts import all_accounts

pytestmark = pytest.mark.parametrize("clinic", ["sqlite", "postgres"], indirect=True)

NEW_PASSWORD = "four more invented words"


def people(clinic):
    with clinic.database.read() as session:
        return {one.name: one for one in all_accounts(session)}


@pytest.mark.parametrize("role", ["lead", "admin"])
def test_who_was_added_sets_his_own_password_and_works(clinic, role):
    head = clinic.signed_in("rosa", role)
    page = head.post("/people/add", form_on="/people", name="Omar", role="reviewer").text
    path = re.search(r"http://localhost(/welcome/[A-Za-z0-9_-]{43})<", page).group(1)
    assert clinic.browser().sign_in("omar", "").status_code == 403
    omar = clinic.browser()
    assert omar.post(path, form_on=path, password=NEW_PASSWORD, again=NEW_PASSWORD).status_code == 303
    omar.set_up_authenticator()
    assert omar.get("/flags").status_code == 200
    assert omar.get("/people").status_code == 403
    rosa_id, omar_id = (people(clinic)[name].id for name in ("rosa", "omar"))
    assert clinic.actions(omar_id)[:2] == [(rosa_id, "staff.add"), (rosa_id, "staff.link")]


@pytest.mark.parametrize(
    ("name", "role", "complaint"),
    [("rosa", "reviewer", "already"), ("", "reviewer", "A name has"), ("omar", "owner", "no role")],
)
def test_unfit_account_is_explained(clinic, name, role, complaint):
    head = clinic.signed_in("rosa", "lead")
    answer = head.post("/people/add", form_on="/people", name=name, role=role)
    assert answer.status_code == 422
    assert complaint in answer.text
    assert list(people(clinic)) == ["rosa"]


def test_closed_account_is_out_at_once_and_comes_back_when_reopened(clinic):
    head, omar = clinic.signed_in("rosa", "lead"), clinic.signed_in("omar")
    path = f"/people/{people(clinic)['omar'].id}"
    head.post(f"{path}/close", form_on="/people")
    assert omar.get("/flags").status_code == 303
    assert omar.sign_in("omar").status_code == 403
    assert "closed" in head.get("/people").text
    head.post(f"{path}/reopen", form_on="/people")
    assert omar.sign_in("omar").status_code == 303
    assert omar.give_code().location == "/"


def test_new_role_counts_with_the_next_page(clinic):
    head, omar = clinic.signed_in("rosa", "lead"), clinic.signed_in("omar")
    assert omar.get("/people").status_code == 403
    head.post(f"/people/{people(clinic)['omar'].id}/role", form_on="/people", role="admin")
    assert omar.get("/people").status_code == 200
    assert omar.get("/flags").status_code == 403
    assert omar.get("/").location == "/people"


@pytest.mark.parametrize("step", ["link", "role", "close", "reopen"])
def test_nobody_changes_his_own_account(clinic, step):
    head = clinic.signed_in("rosa", "lead")
    answer = head.post(f"/people/{people(clinic)['rosa'].id}/{step}", form_on="/people", role="admin")
    assert answer.status_code == 403
    assert people(clinic)["rosa"].role == "lead"
    assert head.get("/people").status_code == 200


@pytest.mark.parametrize("step", ["link", "role", "close", "reopen"])
def test_unknown_account_is_not_found(clinic, step):
    head = clinic.signed_in("rosa", "lead")
    assert head.post(f"/people/{'0' * 32}/{step}", form_on="/people", role="lead").status_code == 404
