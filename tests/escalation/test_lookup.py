import pytest

from bot.escalation.flags import ORANGE, RED, YELLOW
from bot.escalation.lookup import count_open_flags, find_flag, history_of, open_flags


@pytest.fixture
def queue(database):
    def read(limit=100):
        with database.read() as session:
            return [flag.id for flag in open_flags(session, limit=limit)]

    return read


def test_the_gravest_comes_first_and_within_a_level_what_is_due_first(person, raise_flag, clock, queue):
    late = {}
    for level in (YELLOW, ORANGE, RED):
        late[level] = raise_flag(person(), level)
    clock.forward(minutes=1)
    later = {level: raise_flag(person(), level) for level in (YELLOW, RED, ORANGE)}
    order = [late[RED], later[RED], late[ORANGE], later[ORANGE], late[YELLOW], later[YELLOW]]
    assert queue() == order
    assert queue(limit=2) == order[:2]


def test_claimed_flags_stay_in_the_queue_and_closed_ones_leave_it(person, raise_flag, execute, queue, staff):
    claimed, closed = raise_flag(person()), raise_flag(person())
    execute("UPDATE flags SET state = 'claimed', claimed_by = 'rosa' WHERE id = :id", id=claimed)
    assert set(queue()) == {claimed, closed}
    execute("UPDATE flags SET state = 'resolved' WHERE id = :id", id=closed)
    assert queue() == [claimed]


def test_open_flags_are_counted_by_level(database, person, raise_flag, execute):
    for level in (RED, RED, YELLOW):
        raise_flag(person(), level)
    closed = raise_flag(person(), ORANGE)
    execute("UPDATE flags SET state = 'resolved' WHERE id = :id", id=closed)
    with database.read() as session:
        assert count_open_flags(session) == {RED: 2, YELLOW: 1}


def test_a_flag_is_found_open_or_closed_and_nothing_otherwise(database, person, raise_flag, execute):
    flag_id = raise_flag(person())
    execute("UPDATE flags SET state = 'resolved'")
    with database.read() as session:
        assert find_flag(session, flag_id).id == flag_id
        assert find_flag(session, "nothing") is None


def test_the_history_of_a_flag_is_its_own_newest_part_oldest_first(database, person, raise_flag):
    person_id = person()
    flag_id = raise_flag(person_id)
    raise_flag(person())
    raise_flag(person_id)
    with database.read() as session:
        assert [row.action for row in history_of(session, flag_id, limit=9)] == ["flag.open", "flag.repeat"]
        assert [row.action for row in history_of(session, flag_id, limit=1)] == ["flag.repeat"]
