"""The page that a call leads to, and what the app says about ways that do not work."""

from datetime import timedelta

import pytest

from bot.escalation.escalator import CLINIC
from bot.storage.alarm_models import Beat, Notification, StaffContact
from bot.storage.columns import new_id
from bot.storage.models import Flag

pytestmark = pytest.mark.parametrize("clinic", ["sqlite", "postgres"], indirect=True)
NEVER = "has never run"


@pytest.fixture(autouse=True)
def _quick(quick_passwords):
    """Signing in has tests of its own."""


@pytest.fixture
def beats(clinic):
    """The worker shows that it lives."""

    def run(ago=0):
        with clinic.database.write() as session:
            session.query(Beat).delete()
            at = clinic.clock.now - timedelta(seconds=ago)
            session.add(Beat(id=1, house_ms=1, steady_ms=1, boot="b", wall_at=at))

    return run


@pytest.fixture
def tried(clinic):
    """Something was sent, or was not taken."""

    def run(channel="mail", error=None, minutes=0, flag_id=None):
        flag_id, at = flag_id or clinic.flag(), clinic.clock.now + timedelta(minutes=minutes)
        with clinic.database.write() as session:
            row = Notification(id=new_id(), flag_id=flag_id, level="red", episode=1, step=0, tier=1, place=0)
            row.addressee, row.channel, row.attempts, row.created_at, row.due_ms = CLINIC, channel, 1, at, 0
            row.state, row.tried_at, row.error = ("pending" if error else "sent"), at, error
            row.sent_at = None if error else at
            session.add(row)

    return run


def test_a_call_leads_over_the_sign_in_to_one_button_and_the_flag(clinic):
    clinic.signed_in("rosa")
    flag_id, stranger = clinic.flag_with_words(), clinic.browser()
    asked = stranger.get(f"/alerts/{flag_id}")
    assert asked.status_code == 303
    assert f"next=/alerts/{flag_id}" in asked.location
    visitor = clinic.signed_in("omar")
    page = visitor.get(f"/alerts/{flag_id}").text
    assert "I have it" in page
    assert clinic.his_words not in page
    taken = visitor.post(f"/alerts/{flag_id}", form_on=f"/alerts/{flag_id}")
    assert taken.location == f"/flags/{flag_id}"
    with clinic.database.read() as session:
        assert session.get(Flag, flag_id).state == "claimed"
    assert [action for _, action in clinic.actions(flag_id)] == [
        "flag.open",
        "flag.called",
        "flag.called",
        "flag.claim",
    ]


def test_opening_a_call_takes_nothing(clinic):
    """Mail servers look behind links; only the button takes the flag."""
    visitor, flag_id = clinic.signed_in(), clinic.flag()
    visitor.get(f"/alerts/{flag_id}")
    with clinic.database.read() as session:
        assert session.get(Flag, flag_id).state == "open"


def test_who_comes_second_is_told_who_has_it(clinic):
    rosa, omar, flag_id = clinic.signed_in("rosa"), clinic.signed_in("omar"), clinic.flag()
    form = {"csrf_token": omar.token(f"/alerts/{flag_id}"), "version": "1"}
    rosa.post(f"/alerts/{flag_id}", form_on=f"/alerts/{flag_id}")
    answer = omar.client.post(f"/alerts/{flag_id}", data=form)
    assert answer.status_code == 409
    assert "Somebody was quicker" in answer.text
    assert "rosa, 10 min more" in answer.text
    assert "I have it" not in answer.text


def test_a_closed_flag_and_one_that_is_not_there(clinic):
    visitor, flag_id = clinic.signed_in(), clinic.flag()
    visitor.step(flag_id, "claim")
    visitor.step(flag_id, "resolve", outcome="reached_him", note="Rang him.")
    assert "This flag is closed" in visitor.get(f"/alerts/{flag_id}").text
    assert visitor.get(f"/alerts/{'0' * 32}").status_code == 404


def test_every_page_says_that_nobody_is_called(clinic, beats):
    visitor = clinic.signed_in()
    for path in ("/flags", "/rota", "/account"):
        assert NEVER in visitor.get(path).text
    beats()
    assert "ballast worker" not in visitor.get("/flags").text
    beats(ago=90)
    assert "has stopped" in visitor.get("/flags").text


def test_who_does_not_work_with_flags_is_not_told(clinic):
    assert NEVER not in clinic.signed_in("ada", "admin").get("/account").text
    assert NEVER not in clinic.browser().get("/sign-in").text


def test_alarms_that_reach_nobody_are_said_until_there_is_a_way(clinic, beats):
    visitor = clinic.signed_in()
    beats()
    assert "Alarms reach nobody" in visitor.get("/flags").text
    with clinic.database.write() as session:
        staff_id = visitor_id(clinic)
        session.add(StaffContact(id=new_id(), staff_id=staff_id, place=0, channel="mail", address="a@b.example"))
    assert "Alarms reach nobody" not in visitor.get("/flags").text


def visitor_id(clinic):
    from bot.storage.models import StaffAccount

    with clinic.database.read() as session:
        return session.query(StaffAccount).one().id


def test_a_channel_that_failed_last_shows_everywhere_until_it_works(clinic, beats, tried):
    visitor = clinic.signed_in()
    beats()
    tried("chat", minutes=-9)
    tried("chat", "too_many", minutes=-5)
    assert "Telegram does not work: it asks us to wait." in visitor.get("/flags").text
    page = visitor.get("/alerts").text
    assert "does not work" in page
    assert "it asks us to wait" in page
    tried("chat", minutes=-1)
    assert "does not work" not in visitor.get("/flags").text
    assert "works" in visitor.get("/alerts").text


def test_a_clock_that_jumped_is_told(clinic, beats):
    beats()
    with clinic.database.write() as session:
        session.get(Beat, 1).jumped_at = clinic.clock.now
    assert "clock was moved" in clinic.signed_in().get("/alerts").text
