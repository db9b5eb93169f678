"""The plan for bad hours: sealed, in versions, one message one version."""

from __future__ import annotations

import pytest

from bot.records import safety_plan
from bot.records.safety_plan import MOST_CHARACTERS, MOST_VERSIONS, PARTS, first_gap, with_part
from bot.storage.models import Record
from bot.storage.retention import erase_person


@pytest.fixture
def keep(database, clock):
    counter = iter(range(10_000))

    def run(person_id, part, words, message_id=None):
        clock.forward(seconds=1)
        with database.write() as session:
            return safety_plan.keep_part(
                session,
                person_id=person_id,
                part=part,
                words=words,
                message_id=message_id or f"m{next(counter)}",
                at=clock(),
            )

    return run


@pytest.fixture
def plan(database):
    def read(person_id):
        with database.read() as session:
            return safety_plan.plan_of(session, person_id)

    return read


@pytest.fixture
def versions(database):
    def read(person_id):
        with database.read() as session:
            return safety_plan.versions_of(session, person_id)

    return read


def test_a_plan_grows_part_by_part_in_the_order_of_the_parts(person, keep, plan):
    man = person()
    assert plan(man) == {}
    keep(man, "safer", "my brother has the keys")
    keep(man, "signs", "when I stop answering the phone")
    assert list(plan(man).items()) == [
        ("signs", "when I stop answering the phone"),
        ("safer", "my brother has the keys"),
    ]


def test_a_changed_part_makes_a_version_and_the_newest_counts(person, keep, plan, versions):
    man = person()
    keep(man, "alone", "walk the dog")
    keep(man, "alone", "garage, radio on")
    assert plan(man) == {"alone": "garage, radio on"}
    assert [row["parts"]["alone"] for row in versions(man)] == ["garage, radio on", "walk the dog"]


def test_the_same_message_twice_makes_one_version(person, keep, versions):
    man = person()
    keep(man, "alone", "walk the dog", message_id="m")
    keep(man, "alone", "walk the dog", message_id="m")
    assert len(versions(man)) == 1


def test_old_versions_go_and_the_newest_stay(person, keep, versions):
    man = person()
    for number in range(MOST_VERSIONS + 5):
        keep(man, "alone", f"walk {number}")
    kept = [row["parts"]["alone"] for row in versions(man)]
    assert kept == [f"walk {number}" for number in range(MOST_VERSIONS + 4, 4, -1)]


def test_clearing_takes_every_version_of_his_plan_and_nobody_elses(database, person, keep, plan, versions):
    man, other = person(), person()
    keep(man, "alone", "walk the dog")
    keep(other, "alone", "swim")
    with database.write() as session:
        safety_plan.clear_plan(session, man)
    assert versions(man) == []
    assert plan(other) == {"alone": "swim"}


def test_an_erased_man_has_no_plan(database, person, keep):
    man = person()
    keep(man, "alone", "walk the dog")
    with database.write() as session:
        erase_person(session, man)
    with database.read() as session:
        assert session.query(Record).count() == 0


def test_nothing_of_it_can_be_read_in_its_row(person, keep, execute):
    keep(person(), "alone", "walk the borzoi")
    (row,) = execute("SELECT * FROM records")
    stored = [bytes(value) if isinstance(value, (bytes, memoryview)) else str(value).encode() for value in row]
    assert sum(map(len, stored)) > 200  # the sealed plan is among them
    assert not any(b"borzoi" in value for value in stored)


def test_a_part_is_cut_to_what_fits_and_empty_words_take_it_out():
    long = with_part({}, "alone", "x" * 10_000)
    assert len(long["alone"]) == MOST_CHARACTERS
    assert with_part(long, "alone", "  ") == {}


def test_an_unknown_part_is_refused():
    with pytest.raises(ValueError, match="no part 'contract'"):
        with_part({}, "contract", "I promise")


def test_the_first_gap_is_where_he_goes_on():
    assert first_gap({}) == "signs"
    assert first_gap({"signs": "a", "places": "b"}) == "alone"
    assert first_gap(dict.fromkeys(PARTS, "a")) is None
