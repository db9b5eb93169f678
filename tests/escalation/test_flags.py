from datetime import timedelta

import pytest

from bot.crisis import Level, Screening, screen
from bot.errors import FlagConflictError
from bot.escalation import claim_flag, flags, resolve_flag, severity
from bot.escalation.flags import (
    ACKNOWLEDGE_WITHIN,
    CLOSED_AS,
    GRAVE_FAMILIES,
    MOST_REASONS,
    ORANGE,
    OUTCOMES,
    RED,
    UNREACHABLE,
    UNREADABLE,
    YELLOW,
    has_open_red,
    level_for,
    note_unreachable,
)

LEVELS = (RED, ORANGE, YELLOW)


@pytest.fixture
def claim(database, clock):
    def run(flag_id, version=1, by="rosa"):
        with database.write() as session:
            claim_flag(session, flag_id, version=version, staff_id=by, at=clock())

    return run


@pytest.fixture
def resolve(database, clock):
    def run(flag_id, version=2, by="rosa", outcome="reached_him", note="Spoke to him."):
        with database.write() as session:
            resolve_flag(session, flag_id, version=version, staff_id=by, outcome=outcome, note=note, at=clock())

    return run


def test_levels_are_ordered_for_the_queue():
    assert sorted([YELLOW, RED, ORANGE], key=severity) == [RED, ORANGE, YELLOW]
    with pytest.raises(ValueError):  # noqa: PT011 - tuple.index words it
        severity("purple")


@pytest.mark.parametrize(
    ("level", "within"),
    [(RED, timedelta(minutes=15)), (ORANGE, timedelta(hours=4)), (YELLOW, timedelta(hours=24))],
)
def test_a_new_flag_has_its_levels_clock(person, raise_flag, flag_of, clock, audited, level, within):
    flag_id = raise_flag(person(), level, message_id="m1")
    flag = flag_of(flag_id)
    assert (flag.level, flag.state, flag.version, flag.kind) == (level, "open", 1, "screening")
    assert (flag.opened_at, flag.due_at) == (clock.now, clock.now + within)
    assert flag.reasons == [
        {
            "at": clock.now.isoformat(),
            "level": level,
            "reasons": ["says he wants to die"],
            "message_id": "m1",
        }
    ]
    assert audited() == [("ballast", "flag.open", flag_id)]


def test_a_second_reason_of_the_same_kind_joins_the_open_flag(person, raise_flag, flag_of, clock, audited):
    person_id = person()
    flag_id = raise_flag(person_id, reasons=["first"])
    clock.forward(minutes=5)
    assert raise_flag(person_id, reasons=["second"], message_id="m2") == flag_id
    flag = flag_of(flag_id)
    assert [entry["reasons"] for entry in flag.reasons] == [["first"], ["second"]]
    assert flag.version == 2
    assert flag.due_at == clock.now + timedelta(minutes=10)  # the first one's clock goes on
    assert [action for _, action, _ in audited()] == ["flag.open", "flag.repeat"]


def test_flags_of_another_kind_man_or_time_stay_apart(person, raise_flag, execute):
    one, other = person(), person()
    ids = [raise_flag(one), raise_flag(one, kind="person"), raise_flag(other)]
    execute("UPDATE flags SET state = 'resolved'")
    ids.append(raise_flag(one, ORANGE))
    assert len(set(ids)) == 4


@pytest.mark.parametrize(("first", "second"), [(a, b) for a in LEVELS for b in LEVELS])
def test_the_gravest_level_stays(person, raise_flag, flag_of, first, second):
    person_id = person()
    raise_flag(person_id, first)
    flag = flag_of(raise_flag(person_id, second))
    assert flag.level == min(first, second, key=severity)


@pytest.mark.usefixtures("staff")
def test_a_graver_reason_frees_the_flag_and_starts_its_clock(person, raise_flag, flag_of, clock, claim):
    person_id = person()
    flag_id = raise_flag(person_id, ORANGE)
    claim(flag_id)
    clock.forward(minutes=2)
    raise_flag(person_id, RED)
    flag = flag_of(flag_id)
    assert (flag.level, flag.state, flag.claimed_by, flag.claimed_until) == (RED, "open", None, None)
    assert flag.due_at == clock.now + ACKNOWLEDGE_WITHIN[RED]


@pytest.mark.usefixtures("staff")
def test_a_reason_that_is_no_graver_leaves_the_flag_with_who_has_it(person, raise_flag, flag_of, claim):
    person_id = person()
    flag_id = raise_flag(person_id, RED)
    claim(flag_id)
    raise_flag(person_id, ORANGE)
    flag = flag_of(flag_id)
    assert (flag.level, flag.state, flag.claimed_by) == (RED, "claimed", "rosa")


def test_the_newest_reasons_are_kept_when_there_are_very_many(person, raise_flag, flag_of):
    person_id = person()
    for number in range(MOST_REASONS + 2):
        flag_id = raise_flag(person_id, reasons=[str(number)])
    kept = [entry["reasons"] for entry in flag_of(flag_id).reasons]
    assert len(kept) == MOST_REASONS
    assert (kept[0], kept[-1]) == (["2"], [str(MOST_REASONS + 1)])


@pytest.mark.parametrize(
    "damage", ["zeroblob(300)", "zeroblob(1)", "substr(reasons_sealed, 1, 80)", "substr(reasons_sealed, 2)"]
)
def test_a_flag_with_damaged_reasons_still_takes_a_new_one(person, raise_flag, flag_of, execute, damage):
    person_id = person()
    flag_id = raise_flag(person_id, ORANGE)
    assert execute(f"UPDATE flags SET reasons_sealed = {damage}") == 1  # noqa: S608 - from the list above
    assert raise_flag(person_id, RED, reasons=["has the means in hand"]) == flag_id
    flag = flag_of(flag_id)
    assert flag.level == RED
    assert [entry["reasons"] for entry in flag.reasons] == [[UNREADABLE], ["has the means in hand"]]


@pytest.mark.usefixtures("staff")
def test_a_claim_holds_for_ten_minutes(person, raise_flag, flag_of, clock, claim, audited):
    flag_id = raise_flag(person())
    claim(flag_id)
    flag = flag_of(flag_id)
    assert (flag.state, flag.claimed_by, flag.version) == ("claimed", "rosa", 2)
    assert flag.claimed_until == clock.now + timedelta(minutes=10)
    assert audited()[-1] == ("rosa", "flag.claim", flag_id)
    clock.forward(minutes=10)
    with pytest.raises(FlagConflictError, match="somebody else holds it"):
        claim(flag_id, version=2, by="tom")
    clock.forward(seconds=1)
    claim(flag_id, version=2, by="tom")
    assert flag_of(flag_id).claimed_by == "tom"


@pytest.mark.usefixtures("staff")
def test_who_holds_a_flag_may_claim_it_for_longer(person, raise_flag, flag_of, clock, claim):
    flag_id = raise_flag(person())
    claim(flag_id)
    clock.forward(minutes=9)
    claim(flag_id, version=2)
    assert flag_of(flag_id).claimed_until == clock.now + timedelta(minutes=10)


@pytest.mark.usefixtures("staff")
def test_of_two_who_saw_the_same_page_only_the_first_gets_the_flag(person, raise_flag, flag_of, claim, audited):
    flag_id = raise_flag(person())
    claim(flag_id, by="rosa")
    with pytest.raises(FlagConflictError):
        claim(flag_id, by="tom")
    assert flag_of(flag_id).claimed_by == "rosa"
    assert [actor for actor, action, _ in audited() if action == "flag.claim"] == ["rosa"]


@pytest.mark.usefixtures("staff")
def test_a_page_from_before_a_new_reason_is_refused(person, raise_flag, claim):
    person_id = person()
    flag_id = raise_flag(person_id)
    raise_flag(person_id)
    with pytest.raises(FlagConflictError, match="Load it again"):
        claim(flag_id, version=1)
    claim(flag_id, version=2)


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_flag_is_closed_with_outcome_and_note(person, raise_flag, flag_of, clock, claim, resolve, audited, outcome):
    flag_id = raise_flag(person(), ORANGE)
    claim(flag_id)
    clock.forward(minutes=3)
    resolve(flag_id, outcome=outcome, note="  Spoke to him.  ")
    flag = flag_of(flag_id)
    assert (flag.state, flag.closed_at, flag.version) == (CLOSED_AS.get(outcome, "resolved"), clock.now, 3)
    assert flag.resolution == {"outcome": outcome, "note": "Spoke to him.", "by": "rosa"}
    assert [entry["reasons"] for entry in flag.reasons] == [["says he wants to die"]]
    assert audited()[-1] == ("rosa", "flag.resolve", flag_id)


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize("wrong", [{"outcome": "fine"}, {"outcome": ""}, {"note": ""}, {"note": " \n"}])
def test_a_flag_is_not_closed_without_a_known_outcome_and_a_note(person, raise_flag, flag_of, claim, resolve, wrong):
    flag_id = raise_flag(person())
    claim(flag_id)
    with pytest.raises(ValueError, match="outcome and a note"):
        resolve(flag_id, **wrong)
    assert flag_of(flag_id).state == "claimed"
    resolve(flag_id)
    assert flag_of(flag_id).state == "resolved"


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize("wrong", [{"by": "tom"}, {"version": 1}, {"version": 3}])
def test_only_who_holds_the_flag_as_it_is_now_can_close_it(person, raise_flag, flag_of, claim, resolve, wrong):
    flag_id = raise_flag(person())
    claim(flag_id)
    with pytest.raises(FlagConflictError):
        resolve(flag_id, **wrong)
    assert flag_of(flag_id).state == "claimed"
    resolve(flag_id)


@pytest.mark.usefixtures("staff")
def test_a_flag_that_nobody_claimed_cannot_be_closed(person, raise_flag, resolve):
    flag_id = raise_flag(person())
    with pytest.raises(FlagConflictError):
        resolve(flag_id, version=1)


@pytest.mark.usefixtures("staff")
def test_a_closed_flag_can_be_neither_claimed_nor_closed_again(person, raise_flag, claim, resolve, audited):
    flag_id = raise_flag(person())
    claim(flag_id)
    resolve(flag_id)
    with pytest.raises(FlagConflictError):
        claim(flag_id, version=3)
    with pytest.raises(FlagConflictError):
        resolve(flag_id, version=3)
    assert [action for _, action, _ in audited()] == ["flag.open", "flag.claim", "flag.resolve"]


@pytest.mark.usefixtures("staff")
def test_a_flag_that_does_not_exist_is_a_conflict(claim):
    with pytest.raises(FlagConflictError):
        claim("nothing")


@pytest.mark.usefixtures("staff")
def test_a_new_reason_after_closing_opens_a_new_flag(person, raise_flag, flag_of, claim, resolve):
    person_id = person()
    first = raise_flag(person_id, ORANGE)
    claim(first)
    resolve(first)
    second = raise_flag(person_id, ORANGE)
    assert second != first
    assert flag_of(second).state == "open"


@pytest.mark.usefixtures("staff")
def test_an_open_red_flag_is_known_until_it_is_closed(database, person, raise_flag, claim, resolve):
    def held(person_id):
        with database.read() as session:
            return has_open_red(session, person_id)

    person_id, other = person(), person()
    raise_flag(person_id, ORANGE, kind="person")
    assert not held(person_id)
    flag_id = raise_flag(person_id, RED)
    assert held(person_id)
    assert not held(other)
    claim(flag_id)
    assert held(person_id)
    resolve(flag_id)
    assert not held(person_id)


@pytest.mark.usefixtures("staff")
def test_staff_learn_on_open_flags_that_he_cannot_be_reached(
    database, person, raise_flag, flag_of, clock, claim, resolve, audited
):
    person_id, other = person(), person()
    closed = raise_flag(person_id)
    claim(closed)
    resolve(closed)
    clock.forward(days=4)
    opened, claimed, others = raise_flag(person_id), raise_flag(person_id, kind="person"), raise_flag(other)
    claim(claimed)
    with database.write() as session:
        note_unreachable(session, person_id, at=clock())
    told = [flag_of(flag_id).reasons[-1]["reasons"] == [UNREACHABLE] for flag_id in (opened, claimed)]
    untold = [flag_of(flag_id).reasons[-1]["reasons"] != [UNREACHABLE] for flag_id in (closed, others)]
    assert all(told + untold)
    assert (flag_of(opened).version, flag_of(claimed).version) == (2, 3)
    assert flag_of(claimed).claimed_by == "rosa"
    noted = {subject for _, action, subject in audited() if action == "flag.unreachable"}
    assert noted == {opened, claimed}


def test_staff_learn_it_even_on_a_flag_whose_reasons_are_damaged(database, person, raise_flag, flag_of, clock, execute):
    person_id = person()
    flag_id = raise_flag(person_id)
    execute("UPDATE flags SET reasons_sealed = zeroblob(300)")
    with database.write() as session:
        note_unreachable(session, person_id, at=clock())
    assert [entry["reasons"] for entry in flag_of(flag_id).reasons] == [[UNREADABLE], [UNREACHABLE]]


def test_a_flag_opened_in_a_transaction_that_fails_leaves_neither_flag_nor_audit(database, person, clock, audited):
    person_id = person()

    def open_and_fail():
        with database.write() as session:
            flags.open_flag(session, person_id=person_id, level=RED, kind="screening", reasons=["x"], at=clock())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        open_and_fail()
    assert audited() == []
    with database.read() as session:
        assert not has_open_red(session, person_id)


@pytest.mark.parametrize(
    ("level", "families", "expected"),
    [
        (Level.IMMINENT, ("wish",), RED),
        (Level.IMMINENT, (), RED),
        (Level.HIGH, ("wish",), ORANGE),
        (Level.HIGH, (), ORANGE),
        *((Level.HIGH, ("wish", family), RED) for family in sorted(GRAVE_FAMILIES)),
    ],
)
def test_a_screening_is_red_when_imminent_or_grave(level, families, expected):
    assert level_for(Screening(level, families=families)) == expected


def test_what_men_write_gets_its_level():
    assert level_for(screen("I want to kill myself")) in (ORANGE, RED)
    assert level_for(screen("I have the rope here and I'm doing it tonight")) == RED


def test_a_graver_sign_never_buys_time(database, person, clock):
    from bot.escalation import open_flag

    man = person()
    with database.write() as session:
        first = open_flag(session, person_id=man, level="orange", kind="screening", reasons=["a"], at=clock())
        due = first.due_at
        clock.forward(hours=3, minutes=55)
        again = open_flag(session, person_id=man, level="red", kind="screening", reasons=["b"], at=clock())
        assert (again.level, again.due_at) == ("red", due)


def test_open_flags_of_an_erased_man_leave_the_queue(database, person, clock):
    from bot.escalation import open_flag
    from bot.escalation.flags import OPEN_STATES, close_for_erasure

    man = person()
    with database.write() as session:
        flag = open_flag(session, person_id=man, level="orange", kind="screening", reasons=["a"], at=clock())
        close_for_erasure(session, man, at=clock())
        assert flag.state not in OPEN_STATES
        assert flag.closed_at == clock()
