"""Who is told when, until a named person has it: over restarts, standstills and clocks that jump."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from bot.escalation import claim_flag, resolve_flag
from bot.escalation.escalator import CLINIC, PENDING, QUIET, RINGING, STOPPED, advance, is_due
from bot.escalation.flags import ORANGE, RED, YELLOW, close_for_erasure
from bot.escalation.levels import Rule, change_rule
from bot.escalation.rota import FIRST, LEADS, SECOND, add_shift, set_ways
from bot.escalation.steady import read_clock, write_clock
from bot.storage.alarm_models import Alarm, Beat, Notification
from bot.storage.models import AuditEntry, Flag, StaffAccount
from tests.escalation.alarms import HandTicker

NAMES = {"rosa": FIRST, "tom": SECOND, "lea": LEADS}
TICK = 2  # seconds


@pytest.fixture
def ticker():
    return HandTicker()


@pytest.fixture
def staff(database, ticker):
    """Rosa is first on call, Tom second, Lea leads."""
    with database.write() as session:
        for name, tier in NAMES.items():
            role = "lead" if tier == LEADS else "reviewer"
            session.add(StaffAccount(id=name, name=name, role=role, password_hash="x", created_at=ticker.now))
            session.flush()
            words = {"actor": "lea", "at": ticker.now}
            set_ways(session, name, [("mail", f"{name}@clinic.example"), ("chat", "4711")], **words)
            ends_at = ticker.now + timedelta(days=20)
            add_shift(session, staff_id=name, tier=tier, starts_at=ticker.now, ends_at=ends_at, **words)
    return tuple(NAMES)


@pytest.fixture
def clock(ticker):
    """The rooms' fixtures open flags by the same wall clock."""
    return ticker.wall


class House:
    def __init__(self, database, ticker, channels=()):
        self.database, self.ticker, self.channels = database, ticker, channels

    def tick(self):
        """What the worker does every two seconds."""
        with self.database.read() as session:
            moment = read_clock(session, self.ticker)
            if not is_due(session, moment) and session.get(Beat, 1) is not None and moment.passed_ms < 10_000:
                return
        with self.database.write() as session:
            moment = read_clock(session, self.ticker)
            advance(session, moment, self.channels)
            write_clock(session, moment)

    def run(self, every=60, **span):
        """Let time go by with the worker at work."""
        seconds = timedelta(**span).total_seconds()
        for _ in range(int(seconds // every)):
            self.ticker.pass_time(seconds=every)
            self.tick()

    def told(self, flag_id=None):
        """Return who was told in which step, oldest first."""
        with self.database.read() as session:
            query = session.query(Notification).order_by(Notification.created_at, Notification.step)
            rows = [row for row in query if flag_id in (None, row.flag_id)]
            return [(row.episode, row.step, row.addressee) for row in rows]

    def states(self):
        with self.database.read() as session:
            return Counter(row.state for row in session.query(Notification))

    def alarm(self, flag_id):
        with self.database.read() as session:
            alarm = session.get(Alarm, flag_id)
            return alarm.state if alarm else None

    def claim(self, flag_id, by="rosa"):
        with self.database.write() as session:
            version = session.get(Flag, flag_id).version
            claim_flag(session, flag_id, version=version, staff_id=by, at=self.ticker.now)


@pytest.fixture
def house(database, ticker, staff):
    house = House(database, ticker)
    house.tick()
    return house


def steps(told):
    return [(step, who) for _, step, who in told]


def test_a_red_goes_up_the_line_and_then_round_until_somebody_has_it(house, person, raise_flag):
    flag_id = raise_flag(person(), RED)
    house.run(every=TICK, seconds=TICK)
    assert steps(house.told()) == [(0, "rosa")]
    house.run(minutes=14)
    assert len(house.told()) == 1
    house.run(minutes=2)
    assert steps(house.told()) == [(0, "rosa"), (1, "tom")]
    house.run(minutes=15)
    assert steps(house.told())[2:] == [(2, "lea")]
    house.run(minutes=31)
    assert Counter(steps(house.told())[3:]) == Counter((step, who) for step in (3, 4) for who in NAMES)
    house.claim(flag_id)
    house.tick()
    count = len(house.told())
    house.run(minutes=9)
    assert (len(house.told()), house.alarm(flag_id)) == (count, QUIET)


def test_who_takes_it_stops_what_was_not_sent_yet(house, person, raise_flag):
    flag_id = raise_flag(person(), RED)
    house.tick()
    assert house.states() == {PENDING: 1}
    house.claim(flag_id)
    house.tick()
    assert house.states() == {STOPPED: 1}


def test_a_lease_that_ran_out_rings_anew_from_the_first_place(house, person, raise_flag):
    flag_id = raise_flag(person(), RED)
    house.tick()
    house.claim(flag_id)
    house.run(minutes=10)
    assert house.told() == [(1, 0, "rosa")]
    house.run(minutes=2)
    assert house.told() == [(1, 0, "rosa"), (2, 0, "rosa")]
    house.run(minutes=15)
    assert house.told()[2:] == [(2, 1, "tom")]


def test_a_closed_flag_is_silent_for_good_and_a_new_red_rings(house, person, raise_flag, database, ticker):
    person_id = person()
    flag_id = raise_flag(person_id, RED)
    house.tick()
    house.claim(flag_id)
    with database.write() as session:
        words = {"outcome": "reached_him", "note": "Rang him."}
        resolve_flag(session, flag_id, version=2, staff_id="rosa", at=ticker.now, **words)
    house.run(hours=2)
    assert len(house.told()) == 1
    assert raise_flag(person_id, RED) == flag_id
    house.tick()
    assert house.told()[1:] == [(2, 0, "rosa")]


def test_an_orange_waits_hours_and_a_yellow_waits_in_the_queue(house, person, raise_flag):
    orange, yellow = raise_flag(person(), ORANGE), raise_flag(person(), YELLOW)
    house.run(hours=3, minutes=59)
    assert steps(house.told(orange)) == [(0, "rosa")]
    house.run(minutes=2)
    assert steps(house.told(orange)) == [(0, "rosa"), (1, "tom")]
    assert (house.told(yellow), house.alarm(yellow)) == ([], None)


def test_an_orange_that_turns_red_rings_at_once(house, person, raise_flag):
    person_id = person()
    raise_flag(person_id, ORANGE)
    house.run(minutes=5)
    raise_flag(person_id, RED)
    house.run(every=TICK, seconds=TICK)
    assert house.told() == [(1, 0, "rosa"), (2, 0, "rosa")]
    house.run(minutes=15)
    assert house.told()[2:] == [(2, 1, "tom")]


def test_a_clock_that_a_lead_changed_holds_for_the_next_step(house, person, raise_flag, database, ticker):
    with database.write() as session:
        change_rule(session, Rule(RED, 5, notifies=True), staff_id="lea", at=ticker.now)
    raise_flag(person(), RED)
    house.run(minutes=11)
    assert steps(house.told()) == [(0, "rosa"), (1, "tom"), (2, "lea")]


@pytest.mark.parametrize(
    ("away", "called"),
    [(("rosa",), "tom"), (("rosa", "tom"), "lea"), (("rosa", "tom", "lea"), "lea")],
)
def test_where_nobody_is_on_call_the_next_in_the_line_are_told_and_leads_at_last(
    house, person, raise_flag, execute, away, called
):
    for name in away:
        execute("DELETE FROM shifts WHERE staff_id = :name", name=name)
    raise_flag(person(), RED)
    house.tick()
    assert steps(house.told()) == [(0, called)]


@pytest.mark.parametrize(
    "loss",
    [
        "UPDATE staff SET disabled_at = '2026-11-22' WHERE id = 'rosa'",
        "DELETE FROM staff_contacts WHERE staff_id = 'rosa'",
    ],
)
def test_who_left_or_cannot_be_reached_is_passed_over(house, person, raise_flag, execute, loss):
    assert execute(loss)
    raise_flag(person(), RED)
    house.tick()
    assert steps(house.told()) == [(0, "tom")]


def test_the_clinics_own_channels_are_told_at_every_step_even_where_nobody_is_on_call(
    database, ticker, house, person, raise_flag, execute
):
    execute("DELETE FROM shifts")
    execute("DELETE FROM staff_contacts")
    house.channels = ("chat", "hook")
    raise_flag(person(), RED)
    house.run(minutes=16)
    assert steps(house.told()) == [(step, CLINIC) for step in (0, 0, 1, 1)]
    with database.read() as session:
        assert {row.channel for row in session.query(Notification)} == {"chat", "hook"}


def test_the_flags_of_an_erased_man_fall_silent(house, person, raise_flag, database, ticker):
    person_id = person()
    flag_id = raise_flag(person_id, ORANGE)
    house.tick()
    with database.write() as session:
        close_for_erasure(session, person_id, at=ticker.now)
    house.run(hours=9)
    assert (house.alarm(flag_id), len(house.told())) == (QUIET, 1)


def test_each_step_stands_in_the_flags_history(house, person, raise_flag, database):
    flag_id = raise_flag(person(), RED)
    house.run(minutes=31)
    with database.read() as session:
        found = session.query(AuditEntry).filter_by(subject=flag_id, action="flag.notify").count()
    assert found == 3


def test_a_wall_clock_set_ahead_breaks_no_storm_loose(house, person, raise_flag):
    flags = [raise_flag(person(), RED) for _ in range(3)]
    house.tick()
    house.ticker.jump(days=10)
    house.run(every=TICK, minutes=10)
    assert [len(house.told(flag_id)) for flag_id in flags] == [1, 1, 1]
    house.run(minutes=6)
    assert [len(house.told(flag_id)) for flag_id in flags] == [2, 2, 2]


@pytest.mark.parametrize("back", [{"minutes": 20}, {"days": 1}, {"days": 1000}])
def test_a_wall_clock_set_back_loses_no_step(house, person, raise_flag, back):
    raise_flag(person(), RED)
    house.run(minutes=5)
    house.ticker.jump(**{unit: -value for unit, value in back.items()})
    house.run(minutes=11)
    assert sorted(step for step, _ in steps(house.told())) == [0, 1]
    raise_flag(person(), RED)  # by a clock that is wrong
    house.run(every=TICK, seconds=TICK)
    assert len(house.told()) == 3


def test_that_the_clock_jumped_is_written_down(house, database):
    house.run(minutes=2)
    house.ticker.jump(hours=1)
    house.run(minutes=1)
    with database.read() as session:
        assert session.get(Beat, 1).jumped_at is not None


def test_a_lease_that_a_wrong_clock_gave_does_not_hold_for_days(house, person, raise_flag):
    flag_id = raise_flag(person(), RED)
    house.ticker.jump(days=2)
    house.claim(flag_id)
    house.tick()
    house.ticker.jump(days=-2)
    house.run(minutes=1)
    assert house.alarm(flag_id) == RINGING


def test_a_restart_of_the_worker_goes_on_where_it_was(house, person, raise_flag, database, ticker, staff):
    raise_flag(person(), RED)
    house.run(minutes=10)
    ticker.pass_time(seconds=40)  # nobody is there
    again = House(database, ticker)
    again.run(minutes=4)
    assert len(again.told()) == 1
    again.run(minutes=1)
    assert len(again.told()) == 2


def test_a_flag_that_came_while_the_worker_was_away_goes_up_by_its_own_age(house, person, raise_flag, ticker):
    house.run(minutes=1)
    raise_flag(person(), RED)
    ticker.pass_time(minutes=4)
    house.tick()
    assert len(house.told()) == 1
    house.run(minutes=10)
    assert len(house.told()) == 1
    house.run(minutes=1)
    assert len(house.told()) == 2


def test_after_a_long_standstill_the_line_is_gone_up_quickly_but_not_at_once(house, person, raise_flag, ticker):
    raise_flag(person(), RED)
    house.tick()
    ticker.pass_time(hours=5)
    house.tick()
    house.run(every=TICK, minutes=4)
    assert steps(house.told()) == [(0, "rosa"), (1, "tom")]
    house.run(minutes=2)
    assert steps(house.told())[2:] == [(2, "lea")]


@pytest.mark.parametrize(("off", "steps_after"), [({"minutes": 16}, 2), ({"minutes": 3}, 1), ({"days": -400}, 1)])
def test_after_a_restart_of_the_machine_the_wall_clock_says_how_long_it_was_off(
    house, person, raise_flag, ticker, off, steps_after
):
    raise_flag(person(), RED)
    house.tick()
    ticker.restart_machine(**off)
    house.tick()
    assert len(house.told()) == steps_after


def test_two_passes_at_one_moment_tell_nobody_twice(house, person, raise_flag, database, ticker):
    raise_flag(person(), RED)
    for _ in range(3):
        house.tick()
        with database.write() as session:
            advance(session, read_clock(session, ticker), ("hook",))
    assert len(house.told()) == 1


def test_many_flags_at_once_all_ring(house, person, raise_flag):
    flags = {raise_flag(person(), RED) for _ in range(25)}
    house.run(every=TICK, seconds=TICK)
    with house.database.read() as session:
        assert {row.flag_id for row in session.query(Notification)} == flags
