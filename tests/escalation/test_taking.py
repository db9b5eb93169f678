"""Whoever takes the next flag takes one that nobody else has, on both databases and at the same moment."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.escalation import open_flag
from bot.escalation.lookup import Reader, count_by_holder, newest_entry, news_since
from bot.escalation.taking import take_next
from bot.storage.columns import new_id
from bot.storage.models import Flag, StaffAccount

NAMES = ("rosa", "omar", "ada")


@pytest.fixture
def staff(database, clock):
    ids = {name: new_id() for name in NAMES}
    with database.write() as session:
        for name, row_id in ids.items():
            more = {"role": "reviewer", "password_hash": "x", "created_at": clock()}
            session.add(StaffAccount(id=row_id, name=name, **more))
    return ids


@pytest.fixture
def waiting(database, person, clock):
    """A flag of each level, each about another man; their ids by level."""
    men = {level: person() for level in ("yellow", "orange", "red")}
    with database.write() as session:
        more = {"kind": "screening", "reasons": ["x"], "at": clock()}
        return {level: open_flag(session, person_id=man, level=level, **more).id for level, man in men.items()}


def test_several_at_the_same_moment_get_a_flag_each(database, staff, waiting, clock):
    def take(staff_id):
        with database.write() as session:
            return take_next(session, staff_id=staff_id, at=clock())

    with ThreadPoolExecutor(len(NAMES)) as pool:
        taken = list(pool.map(take, staff.values()))
    assert set(taken) == set(waiting.values())
    with database.read() as session:
        held = {flag.id: flag.claimed_by for flag in session.query(Flag)}
    assert held == dict(zip(taken, staff.values(), strict=True))
    assert take(staff["rosa"]) is None


def test_the_gravest_is_next_and_then_whose_time_is_over(database, staff, waiting, clock):
    def take(name):
        with database.write() as session:
            return take_next(session, staff_id=staff[name], at=clock())

    assert [take("rosa"), take("omar"), take("ada")] == [waiting[level] for level in ("red", "orange", "yellow")]
    clock.forward(minutes=11)
    assert take("omar") == waiting["red"]


def test_counts_and_news_agree_with_what_happened(database, staff, waiting, person, clock):
    with database.read() as session:
        before = newest_entry(session)
        assert news_since(session, before, limit=5) == []
    man = person()
    with database.write() as session:
        take_next(session, staff_id=staff["rosa"], at=clock())
        flag = open_flag(session, person_id=man, level="red", kind="violence", reasons=["x"], at=clock())
        flag_id = flag.id
    with database.read() as session:
        assert [(action, flag.id) for action, flag in news_since(session, before, limit=5)] == [("flag.open", flag_id)]
        counts = count_by_holder(session, Reader(staff["rosa"], clock()))
        assert counts == {("red", "mine"): 1, ("red", "free"): 1, ("orange", "free"): 1, ("yellow", "free"): 1}
        others = count_by_holder(session, Reader(staff["omar"], clock()))
        assert others[("red", "others")] == 1
