"""The clocks of the levels and the clinic's hours, as a lead changes them."""

from datetime import datetime, time, timedelta, timezone

import pytest

from bot.errors import SettingError
from bot.escalation.flags import ORANGE, RED, YELLOW
from bot.escalation.hours import Hours, change_hours, hours_of, staff_sentence
from bot.escalation.levels import DEFAULTS, Rule, all_rules, change_rule

SATURDAY = datetime(2026, 11, 28, 15, 0, tzinfo=timezone.utc)
MIAMI = Hours(
    "America/New_York",
    {day: (time(9), time(17)) for day in range(4)},
    "Staff read now, until 5 p.m.",
    "Nobody reads this before 9 a.m. on the next weekday.",
)


@pytest.fixture
def change(database, clock):
    def run(value):
        with database.write() as session:
            step = change_rule if isinstance(value, Rule) else change_hours
            step(session, value, staff_id="rosa", at=clock())

    return run


def test_a_changed_clock_counts_for_new_flags_and_leaves_open_ones(person, raise_flag, flag_of, clock, change, audited):
    old = raise_flag(person(), RED)
    change(Rule(RED, 10, notifies=True))
    new = raise_flag(person(), RED)
    assert flag_of(old).due_at == clock.now + timedelta(minutes=15)
    assert flag_of(new).due_at == clock.now + timedelta(minutes=10)
    assert ("rosa", "level.change", "red 10") in audited()


def test_what_nobody_changed_is_the_default(database, change):
    change(Rule(ORANGE, 60, notifies=False))
    with database.read() as session:
        rules = all_rules(session)
    assert list(rules) == [RED, ORANGE, YELLOW]
    assert rules[ORANGE] == Rule(ORANGE, 60, notifies=False)
    assert (rules[RED], rules[YELLOW]) == (DEFAULTS[RED], DEFAULTS[YELLOW])


@pytest.mark.parametrize(
    "rule",
    [
        Rule(RED, 1, notifies=True),
        Rule(RED, 61, notifies=True),
        Rule(RED, 15, notifies=False),
        Rule(RED, 15, notifies=True, skips_closed_days=True),
        Rule(ORANGE, 0, notifies=True),
        Rule(YELLOW, 10_081, notifies=True),
        Rule("purple", 15, notifies=True),
    ],
)
def test_a_clock_that_would_leave_a_man_alone_is_refused(database, change, rule, audited):
    with pytest.raises(SettingError):
        change(rule)
    with database.read() as session:
        assert all_rules(session) == DEFAULTS
    assert audited() == []


@pytest.mark.parametrize(
    ("raised", "due"),
    [
        (datetime(2026, 11, 26, 15, tzinfo=timezone.utc), datetime(2026, 11, 27, 15, tzinfo=timezone.utc)),
        (datetime(2026, 11, 27, 15, tzinfo=timezone.utc), datetime(2026, 11, 30, 15, tzinfo=timezone.utc)),
        (SATURDAY, datetime(2026, 11, 30, 15, tzinfo=timezone.utc)),
    ],
)
def test_a_yellow_is_due_on_a_working_day(person, raise_flag, flag_of, clock, raised, due):
    clock.now = raised
    assert flag_of(raise_flag(person(), YELLOW)).due_at == due
    assert flag_of(raise_flag(person(), ORANGE)).due_at == raised + timedelta(hours=4)


def test_working_days_are_those_with_hours_in_the_clinics_zone(person, raise_flag, flag_of, clock, change):
    change(MIAMI)  # Monday to Thursday
    clock.now = datetime(2026, 11, 26, 3, 0, tzinfo=timezone.utc)  # there it is still Wednesday evening
    assert flag_of(raise_flag(person(), YELLOW)).due_at == clock.now + timedelta(days=1)
    clock.forward(hours=3)  # Thursday there: due on Friday, so on Monday
    assert flag_of(raise_flag(person(), YELLOW)).due_at == clock.now + timedelta(days=4)


def test_a_man_is_told_what_holds_at_this_hour(database, change):
    change(MIAMI)
    with database.read() as session:
        assert hours_of(session) == MIAMI
        told = {
            hour: staff_sentence(session, "general", at=datetime(2026, 11, 24, hour, tzinfo=timezone.utc))
            for hour in (13, 14, 21, 22)
        }
    assert told == dict.fromkeys((13, 22), MIAMI.sentence_closed) | dict.fromkeys((14, 21), MIAMI.sentence_open)


def test_without_a_sentence_the_settings_one_stands(database, change):
    with database.read() as session:
        assert staff_sentence(session, "from the settings", at=SATURDAY) == "from the settings"
    change(Hours(sentence_open="We read now."))
    with database.read() as session:
        assert staff_sentence(session, "from the settings", at=SATURDAY) == "from the settings"


@pytest.mark.parametrize(
    "hours",
    [
        Hours("Middle/Earth"),
        Hours("../../etc/passwd"),
        Hours(""),
        Hours(days={0: (time(17), time(9))}),
        Hours(days={0: (time(9), time(9))}),
        Hours(days={7: (time(9), time(10))}),
        Hours(sentence_closed="word " * 26),
        Hours(sentence_closed="x" * 201),
        Hours(sentence_closed="two\nlines"),
    ],
)
def test_hours_that_make_no_sense_are_refused(database, change, hours):
    with pytest.raises(SettingError):
        change(hours)
    with database.read() as session:
        assert hours_of(session) == Hours()


def test_only_what_changed_is_written_into_the_audit(change, audited):
    change(MIAMI)
    change(MIAMI)
    assert [subject for _, _, subject in audited()] == ["hours", "reads_open", "reads_closed"]
