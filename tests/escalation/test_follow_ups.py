"""Check-backs: owed by a crisis, asked once when due, answered, declined, or told to staff."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.escalation import follow_ups
from bot.escalation.follow_ups import DAY, SILENCE, WEEK
from bot.storage.models import Flag, FollowUp, Person
from bot.storage.retention import erase_person

WITHIN = timedelta(hours=24)


class Book:
    """The follow-ups of one man, through the room's own doors."""

    def __init__(self, database, clock, person_id, flag_id):
        self._database, self._clock, self.person_id, self.flag_id = database, clock, person_id, flag_id

    def do(self, function, *given, **more):
        with self._database.write() as session:
            found = function(session, *given, at=self._clock(), **more)
            return [row.kind for row in found] if isinstance(found, list) else found

    def crisis(self):
        self.do(follow_ups.schedule, person_id=self.person_id, flag_id=self.flag_id)

    def hears(self):
        self.do(follow_ups.hear, self.person_id)

    def asks(self, **more):
        return self.do(follow_ups.ask_due, "telegram", **more)

    def answers(self, *, is_safe):
        self.do(follow_ups.answer, self.person_id, is_safe=is_safe)

    def declines(self):
        self.do(follow_ups.decline, self.person_id)

    def gives_up(self):
        return self.do(follow_ups.close_unanswered, "telegram", within=WITHIN)

    def is_open(self):
        with self._database.read() as session:
            return follow_ups.is_question_open(session, self.person_id)

    def states(self):
        with self._database.read() as session:
            rows = session.query(FollowUp).filter_by(person_id=self.person_id).order_by(FollowUp.due_at, FollowUp.id)
            return [(row.kind, row.state) for row in rows]

    def due_in(self):
        with self._database.read() as session:
            rows = session.query(FollowUp).filter_by(person_id=self.person_id, state="pending")
            return {row.kind: row.due_at - self._clock() for row in rows}

    def told(self):
        with self._database.read() as session:
            flags = session.query(Flag).filter_by(person_id=self.person_id).order_by(Flag.opened_at, Flag.id)
            return [(flag.kind, flag.level, flag.reasons.reveal()[-1]["reasons"]) for flag in flags]


@pytest.fixture
def book(database, clock, person, raise_flag):
    person_id = person()
    return Book(database, clock, person_id, raise_flag(person_id, level="red"))


def test_a_crisis_owes_half_an_hour_a_day_and_a_week(book):
    book.crisis()
    assert book.due_in() == {SILENCE: timedelta(minutes=30), DAY: timedelta(hours=24), WEEK: timedelta(days=7)}
    assert book.is_open()


def test_a_new_crisis_moves_them_and_piles_up_nothing(book, clock):
    book.crisis()
    clock.forward(hours=5)
    book.crisis()
    assert book.due_in() == {SILENCE: timedelta(minutes=30), DAY: timedelta(hours=24), WEEK: timedelta(days=7)}


def test_nothing_is_asked_before_its_time_or_twice(book, clock):
    book.crisis()
    clock.forward(minutes=29)
    assert book.asks() == []
    clock.forward(minutes=1)
    assert book.asks() == [SILENCE]
    assert book.asks() == []


def test_a_word_from_him_begins_the_half_hour_anew(book, clock):
    book.crisis()
    clock.forward(minutes=20)
    book.hears()
    clock.forward(minutes=20)
    assert book.asks() == []
    clock.forward(minutes=10)
    assert book.asks() == [SILENCE]


def test_saying_that_he_is_safe_ends_the_watch_and_leaves_the_later_ones(book, clock):
    book.crisis()
    book.answers(is_safe=True)
    assert set(book.due_in()) == {DAY, WEEK}
    assert not book.is_open()
    clock.forward(minutes=45)
    assert book.asks() == []


def test_a_man_who_says_something_else_is_asked_once_more_at_the_most(book, clock):
    book.crisis()
    asked = 0
    for _ in range(6):
        clock.forward(minutes=31)
        asked += book.asks().count(SILENCE)
        book.hears()
    assert asked == 2


def test_a_man_who_stays_silent_is_asked_once_before_the_day_is_over(book, clock):
    book.crisis()
    asked = []
    for _ in range(40):
        clock.forward(minutes=31)
        asked += book.asks()
    assert asked == [SILENCE]


@pytest.mark.parametrize("kind", [DAY, WEEK])
def test_an_answer_of_safe_closes_the_one_that_asked(book, clock, kind):
    book.crisis()
    book.answers(is_safe=True)
    clock.forward(hours=24)
    assert book.asks() == [DAY]
    book.answers(is_safe=True)
    if kind == WEEK:
        clock.forward(days=6)
        assert book.asks() == [WEEK]
        book.answers(is_safe=True)
    assert dict(book.states())[kind] == "answered"
    assert not book.is_open()
    assert book.told()[0][2] == ["says he wants to die"]  # nothing was added for staff


def test_any_other_answer_to_a_check_back_tells_staff_and_owes_them_anew(book, clock):
    book.crisis()
    book.answers(is_safe=True)
    clock.forward(hours=24)
    book.asks()
    book.answers(is_safe=False)
    assert set(book.due_in().values()) == {timedelta(minutes=30), timedelta(hours=24), timedelta(days=7)}
    ((kind, level, reasons),) = book.told()
    assert (kind, level) == ("screening", "red")
    assert "did not say that he is safe" in reasons[0]


@pytest.mark.parametrize("has_open_flag", [True, False])
def test_an_unanswered_check_back_reaches_staff(book, clock, execute, has_open_flag):
    book.crisis()
    book.answers(is_safe=True)
    if not has_open_flag:
        execute("UPDATE flags SET state = 'resolved'")
    clock.forward(hours=24)
    book.asks()
    clock.forward(hours=23, minutes=59)
    assert book.gives_up() == 0
    clock.forward(minutes=1)
    assert book.gives_up() == 1
    assert book.gives_up() == 0
    assert dict(book.states())[DAY] == "unanswered"
    kind, level, reasons = book.told()[-1]
    assert (kind, level) == (("screening", "red") if has_open_flag else ("check_back", "orange"))
    assert reasons == ["did not answer the check-back a day after the crisis"]
    assert len(book.told()) == (1 if has_open_flag else 2)


def test_an_unanswered_check_back_is_no_reason_on_another_kind_of_flag(book, clock, execute, raise_flag):
    execute("UPDATE flags SET state = 'resolved'")
    raise_flag(book.person_id, level="yellow", kind="person", reasons=("asked for a person to get in touch",))
    book.crisis()
    clock.forward(hours=24)
    book.asks()
    clock.forward(hours=24)
    book.gives_up()
    assert sorted(kind for kind, _, _ in book.told()) == ["check_back", "person", "screening"]


def test_who_declines_is_asked_no_more_and_staff_hear_nothing_of_it(book, clock):
    book.crisis()
    book.answers(is_safe=True)
    book.declines()
    clock.forward(days=9)
    assert book.asks() == []
    assert book.gives_up() == 0
    assert dict(book.states()) == {SILENCE: "cancelled", DAY: "declined", WEEK: "declined"}
    assert book.told()[0][2] == ["says he wants to die"]


def test_who_declines_when_asked_does_not_count_as_silent(book, clock):
    book.crisis()
    book.answers(is_safe=True)
    clock.forward(hours=24)
    book.asks()
    book.declines()
    clock.forward(days=2)
    assert book.gives_up() == 0
    assert not book.is_open()


def test_declining_check_backs_does_not_end_the_watch_over_an_open_question(book):
    book.crisis()
    book.declines()
    assert set(book.due_in()) == {SILENCE}
    assert book.is_open()


def test_after_a_long_standstill_one_question_comes_and_not_three(book, clock):
    book.crisis()
    clock.forward(days=8)
    assert book.asks() == [WEEK]
    assert dict(book.states()) == {SILENCE: "cancelled", DAY: "cancelled", WEEK: "asked"}


def test_a_clock_that_jumps_back_asks_later_and_not_twice(book, clock):
    book.crisis()
    clock.forward(minutes=30)
    assert book.asks() == [SILENCE]
    clock.forward(hours=-3)
    assert book.asks() == []
    assert book.gives_up() == 0
    clock.forward(hours=27)
    assert book.asks() == [DAY]


def test_a_man_who_blocked_the_bot_is_not_asked_and_staff_are_told(book, clock, database):
    book.crisis()
    book.answers(is_safe=True)
    with database.write() as session:
        session.get(Person, book.person_id).unreachable_at = clock()
    clock.forward(hours=24)
    assert book.asks() == []
    assert dict(book.states())[DAY] == "unanswered"
    assert "blocked" in book.told()[0][2][0]


def test_an_erased_man_is_owed_nothing(book, clock, database):
    book.crisis()
    with database.write() as session:
        erase_person(session, book.person_id)
    assert book.states() == []
    clock.forward(days=8)
    assert book.asks() == []


def test_another_doors_men_are_left_to_their_own_door(book, clock, database):
    book.crisis()
    clock.forward(days=1)
    with database.write() as session:
        assert follow_ups.ask_due(session, "console", at=clock()) == []
        assert follow_ups.close_unanswered(session, "console", at=clock(), within=WITHIN) == 0
    assert book.asks() == [DAY]


def test_a_reminder_lives_in_the_same_table_and_is_none_of_the_clinics_business(book, clock, database):
    book.crisis()
    reminder = FollowUp(id="f" * 32, person_id=book.person_id, kind="check_in", due_at=clock())
    with database.write() as session:
        session.add(reminder)
    book.declines()
    book.crisis()
    assert book.asks() == []  # another room's to ask
    clock.forward(days=8)
    assert book.asks() == [WEEK]
    book.declines()
    clock.forward(days=3)
    assert book.gives_up() == 0
    assert dict(book.states())["check_in"] == "pending"


def sleeps_till(clock, **span):
    """Return an ``awake_at`` of a man who sleeps from now on for so long."""
    ends = clock() + timedelta(**span)
    return lambda person, at: max(at, ends)


@pytest.mark.parametrize("kind", [DAY, WEEK])
def test_a_check_back_that_is_due_in_his_night_waits_for_the_morning(book, clock, kind):
    book.crisis()
    book.answers(is_safe=True)
    clock.forward(hours=24)
    if kind == WEEK:
        book.asks()
        book.answers(is_safe=True)
        clock.forward(days=6)
    asleep = sleeps_till(clock, hours=7)
    assert book.asks(awake_at=asleep) == []
    assert book.due_in()[kind] == timedelta(hours=7)
    clock.forward(hours=6, minutes=59)
    assert book.asks(awake_at=asleep) == []
    clock.forward(minutes=1)
    assert book.asks(awake_at=asleep) == [kind]


def test_the_watch_over_an_open_question_knows_no_night(book, clock):
    book.crisis()
    clock.forward(minutes=30)
    assert book.asks(awake_at=sleeps_till(clock, hours=7)) == [SILENCE]
    clock.forward(hours=23, minutes=30)
    assert book.asks(awake_at=sleeps_till(clock, hours=7)) == [DAY]  # he has not answered yet


def test_who_left_one_unanswered_is_asked_by_the_clock_from_then_on(book, clock):
    book.crisis()
    book.answers(is_safe=True)
    clock.forward(hours=24)
    book.asks()
    clock.forward(hours=24)
    book.gives_up()
    assert not book.is_open()
    clock.forward(days=5)
    assert book.asks(awake_at=sleeps_till(clock, hours=7)) == [WEEK]
