"""The open queue page keeps itself up to date, announces what is new, and keeps nobody signed in."""

import re
from html import unescape

import pytest

from bot.staff.guard import STOP_ASKING

pytestmark = pytest.mark.usefixtures("quick_passwords")  # the real ones have tests of their own


def live_address(page):
    return unescape(re.search(r'id="queue"[^>]*hx-get="([^"]+)"', page).group(1))


def announced(page):
    found = re.search(r'hx-swap-oob="innerHTML:#news">([^<]*)<', page)
    return found.group(1) if found else ""


def test_new_flag_comes_and_is_announced_once(clinic):
    visitor = clinic.signed_in()
    address = live_address(visitor.get("/flags").text)
    clinic.flag(kind="violence")
    answer = visitor.get(address)
    assert "Wrote about hurting somebody" in answer.text
    assert announced(answer.text) == "New flag: Red, wrote about hurting somebody."
    assert "<title>1 open flag" in answer.text
    assert "HX-Reswap" not in answer.headers
    again = visitor.get(live_address(answer.text))
    assert announced(again.text) == ""
    assert again.headers["HX-Reswap"] == "none"


def test_where_nothing_changed_the_list_stays_and_only_the_time_is_new(clinic):
    visitor, _ = clinic.signed_in(), clinic.flag()
    address = live_address(visitor.get("/flags").text)
    clinic.app.jinja_env.globals["csrf_token"] = lambda: "of the next second"  # it carries the time it was made
    answer = visitor.get(address)
    assert answer.headers["HX-Reswap"] == "none"
    assert 'id="queue"' not in answer.text
    assert 'id="pulse"' in answer.text
    clinic.clock.forward(minutes=1)
    assert 'id="queue"' in visitor.get(address).text


def test_flag_that_fired_again_is_announced(clinic):
    visitor, person_id = clinic.signed_in(), clinic.man()
    clinic.flag(person_id, level="orange")
    address = live_address(visitor.get("/flags").text)
    clinic.flag(person_id, level="red")
    assert announced(visitor.get(address).text) == "Fired again: Red, wrote about suicide or self-harm."


def test_what_a_filter_hides_is_announced_all_the_same(clinic):
    visitor = clinic.signed_in()
    address = live_address(visitor.get("/flags?level=yellow").text)
    assert "level=yellow" in address
    clinic.flag(level="red")
    answer = visitor.get(address).text
    assert announced(answer).startswith("New flag: Red")
    assert 'id="flag-' not in answer


def test_open_page_shows_who_took_what(clinic):
    rosa, omar, flag_id = clinic.signed_in("rosa"), clinic.signed_in("omar"), clinic.flag()
    address = live_address(omar.get("/flags").text)
    rosa.step(flag_id, "claim")
    assert "rosa, 10 min more" in omar.get(address).text


def test_open_page_keeps_no_session_awake_and_stops_when_it_is_over(clinic):
    visitor, _ = clinic.signed_in(), clinic.flag()
    address = live_address(visitor.get("/flags").text)
    for _ in range(14):
        clinic.clock.forward(minutes=1)
        assert visitor.get(address).status_code == 200
    clinic.clock.forward(minutes=1)
    answer = visitor.get(address)
    assert answer.status_code == STOP_ASKING
    assert "Sign in again" in answer.text
    assert "Wrote about" not in answer.text


def test_looking_live_opens_nothing_sealed_and_leaves_no_trace(clinic, monkeypatch):
    visitor, flag_id = clinic.signed_in(), clinic.flag_with_words()
    address = live_address(visitor.get("/flags").text)
    clinic.flag(level="orange")
    monkeypatch.setattr("bot.storage.sealed.open_sealed", None)
    assert visitor.get(address).status_code == 200
    assert clinic.actions(flag_id) == [("ballast", "flag.open")]


def test_take_the_next_takes_the_most_urgent_that_nobody_holds(clinic):
    rosa, omar = clinic.signed_in("rosa"), clinic.signed_in("omar")
    later = clinic.flag(level="orange")
    red = clinic.flag(level="red")
    assert rosa.post("/flags/next", form_on="/flags").location == f"/flags/{red}"
    assert omar.post("/flags/next", form_on="/flags").location == f"/flags/{later}"
    assert rosa.client.post("/flags/next", data={"csrf_token": rosa.token("/account")}).location == "/flags?next=none"
    assert "Nobody waits" in rosa.get("/flags?next=none").text
    assert "Take the next" not in rosa.get("/flags").text


def test_filters_and_counts(clinic):
    visitor, mine = clinic.signed_in(), clinic.flag(level="red")
    clinic.flag(level="orange")
    clinic.flag(level="orange")
    visitor.step(mine, "claim")
    page = visitor.get("/flags").text
    text = " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())
    assert "All 3 Red 1 Orange 2 Yellow 0 Nobody's 2 Mine 1 Colleagues' 0" in text
    assert len(re.findall('id="flag-', visitor.get("/flags?level=orange").text)) == 2
    assert re.findall('id="flag-([0-9a-f]+)"', visitor.get("/flags?holder=mine").text) == [mine]
    assert len(re.findall('id="flag-', visitor.get("/flags?holder=free&level=red").text)) == 0
    visitor.step(mine, "resolve", outcome="reached_him", note="Spoke with him.")
    assert re.findall('id="flag-([0-9a-f]+)"', visitor.get("/flags?show=closed").text) == [mine]
    assert visitor.get("/flags?level=<script>&holder=x&show=y").status_code == 200
