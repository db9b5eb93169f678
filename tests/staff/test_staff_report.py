"""The lead's figures, against flags whose times the test sets."""

import re
from datetime import timedelta

import pytest

from bot.escalation.flags import close_for_erasure
from bot.staff.figures import figures_since, looks_since
from bot.storage.models import StaffAccount

pytestmark = pytest.mark.parametrize("clinic", ["sqlite", "postgres"], indirect=True)


def figures(clinic, days=30):
    with clinic.database.read() as session:
        found = figures_since(session, clinic.clock.now - timedelta(days=days), clinic.clock.now)
    return {one.level: one for one in found}


def close(visitor, flag_id):
    return visitor.step(flag_id, "resolve", outcome="reached_him", note="Rang him.").location


@pytest.fixture
def rosa(clinic):
    return clinic.signed_in("rosa", "lead")


def test_clocks_kept_and_missed_and_medians(clinic, rosa):
    for minutes in (2, 4, 16):
        flag_id = clinic.flag()
        for _ in range(minutes):
            clinic.clock.forward(minutes=1)
            rosa.get("/account/awake")
        assert rosa.step(flag_id, "claim").location == f"/flags/{flag_id}"
        clinic.clock.forward(minutes=1)
        assert close(rosa, flag_id) == f"/flags/{flag_id}"
    clinic.flag(level="red")  # nobody takes it, and its time is over in a moment
    clinic.clock.forward(minutes=15, seconds=1)
    clinic.flag(level="red")  # nobody has taken it yet
    red = figures(clinic)["red"]
    assert (red.opened, red.in_time, red.late, red.waiting, red.wiped) == (5, 2, 2, 1, 0)
    assert (red.to_take, red.to_close) == (timedelta(minutes=4), timedelta(minutes=5))
    assert figures(clinic)["yellow"].to_take is None


@pytest.mark.parametrize(("late_seconds", "in_time"), [(0, 1), (1, 0)])
def test_taken_at_the_last_moment_is_in_time(clinic, rosa, late_seconds, in_time):
    flag_id = clinic.flag()
    clinic.clock.forward(minutes=10)
    rosa.get("/account/awake")
    clinic.clock.forward(minutes=5, seconds=late_seconds)
    assert rosa.step(flag_id, "claim").location == f"/flags/{flag_id}"
    assert figures(clinic)["red"].in_time == in_time


def test_the_first_who_took_it_counts_not_the_last(clinic, rosa):
    flag_id = clinic.flag()
    clinic.clock.forward(minutes=5)
    rosa.step(flag_id, "claim")
    clinic.clock.forward(minutes=9)
    rosa.step(flag_id, "claim")
    assert figures(clinic)["red"].to_take == timedelta(minutes=5)


def test_flags_of_before_are_left_out_and_wiped_ones_told_apart(clinic):
    clinic.flag(level="orange")
    clinic.clock.forward(days=8)
    person_id = clinic.man()
    clinic.flag(person_id, level="orange", kind="phq9")
    with clinic.database.write() as session:
        close_for_erasure(session, person_id, at=clinic.clock.now)
    week, month = figures(clinic, 7)["orange"], figures(clinic, 30)["orange"]
    assert (week.opened, week.wiped, week.late) == (1, 1, 0)
    assert (month.opened, month.wiped, month.late) == (2, 1, 1)


def test_looks_are_counted_by_reader_and_man(clinic, rosa):
    omar = clinic.signed_in("omar")
    person_id = clinic.man()
    one, two = clinic.flag(person_id), clinic.flag(person_id, kind="person", level="yellow")
    other = clinic.flag()
    for flag_id in (one, two, two):
        omar.get(f"/flags/{flag_id}")
    clinic.clock.forward(seconds=1)
    omar.step(one, "words")
    rosa.get(f"/flags/{other}")
    with clinic.database.read() as session:
        looks = looks_since(session, clinic.clock.now - timedelta(days=1))
    found = {(look.who, look.person): (look.pages, look.words) for look in looks}
    assert found[("omar", person_id[:8])] == (4, 1)  # the form for his words stands on his page
    assert len(found) == 2


def test_pages_show_the_figures_and_the_look_itself_is_written_down(clinic, rosa):
    flag_id = clinic.flag()
    rosa.step(flag_id, "claim")
    page = rosa.get("/report?days=7").text
    assert re.search(r"<strong>1</strong> of 1 in time", page)
    assert "last 7 days" in page
    assert "No clock has run out" in page
    looks = rosa.get("/report/looks").text
    assert '<th scope="row">rosa</th>' in looks
    with clinic.database.read() as session:
        staff_id = session.query(StaffAccount).one().id
    assert clinic.actions(staff_id)[-1][1] == "report.looks"


@pytest.mark.parametrize("days", ["", "0", "-1", "1e9", "9" * 400, "²", "30; DROP TABLE flags"])
def test_odd_spans_fall_back_to_thirty_days(rosa, days):
    assert "last 30 days" in rosa.get("/report", query_string={"days": days}).text


def test_a_flag_that_was_opened_again_counts_by_its_new_clock(clinic, rosa):
    person_id = clinic.man()
    flag_id = clinic.flag(person_id)
    rosa.step(flag_id, "claim")
    close(rosa, flag_id)
    clinic.clock.forward(hours=2)
    assert clinic.flag(person_id) == flag_id
    assert (figures(clinic)["red"].in_time, figures(clinic)["red"].waiting) == (0, 1)
    clinic.clock.forward(minutes=16)
    assert figures(clinic)["red"].late == 1
