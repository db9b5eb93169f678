"""What becomes of a flag beyond taking and closing it: contact, giving back, opening again, by hand."""

from datetime import timedelta

import pytest

from bot.errors import FlagConflictError
from bot.escalation import claim_flag, follow_ups, resolve_flag
from bot.escalation.flags import (
    BLOCKED,
    CONTACT_LEASE,
    ORANGE,
    OUTCOMES,
    RED,
    UNREACHABLE,
    begin_contact,
    has_open_red,
    note_unreachable,
    raise_by_hand,
    release_flag,
)
from bot.storage.models import Flag

pytestmark = pytest.mark.usefixtures("staff")


@pytest.fixture
def do(database, clock, flag_of):
    """Take one step on a flag as it is now."""

    def run(step, flag_id, by="rosa", version=None, **words):
        version = flag_of(flag_id).version if version is None else version
        with database.write() as session:
            step(session, flag_id, version=version, staff_id=by, at=clock(), **words)

    return run


@pytest.fixture
def close(do):
    def run(flag_id, by="rosa", outcome="reached_him"):
        do(claim_flag, flag_id, by)
        do(resolve_flag, flag_id, by, outcome=outcome, note=f"{outcome} says {by}")

    return run


def test_who_reaches_out_keeps_the_flag_for_an_hour(person, raise_flag, flag_of, clock, do, audited):
    flag_id = raise_flag(person())
    do(claim_flag, flag_id)
    do(begin_contact, flag_id)
    assert (flag_of(flag_id).state, flag_of(flag_id).claimed_until) == ("contacting", clock.now + CONTACT_LEASE)
    clock.forward(minutes=59)
    with pytest.raises(FlagConflictError):
        do(claim_flag, flag_id, "tom")
    clock.forward(minutes=2)
    do(claim_flag, flag_id, "tom")
    assert flag_of(flag_id).claimed_by == "tom"
    assert [action for _, action, _ in audited()] == ["flag.open", "flag.claim", "flag.contact", "flag.claim"]


@pytest.mark.parametrize("step", [begin_contact, release_flag])
def test_only_who_holds_a_flag_takes_its_next_step(person, raise_flag, flag_of, do, step):
    flag_id = raise_flag(person())
    with pytest.raises(FlagConflictError):
        do(step, flag_id)
    do(claim_flag, flag_id)
    with pytest.raises(FlagConflictError):
        do(step, flag_id, "tom")
    with pytest.raises(FlagConflictError):
        do(step, flag_id, version=1)
    do(step, flag_id)
    assert flag_of(flag_id).version == 3


def test_a_flag_that_was_given_back_is_free_and_its_clock_went_on(person, raise_flag, flag_of, clock, do):
    flag_id = raise_flag(person())
    due = flag_of(flag_id).due_at
    do(claim_flag, flag_id)
    clock.forward(minutes=5)
    do(release_flag, flag_id)
    flag = flag_of(flag_id)
    assert (flag.state, flag.claimed_by, flag.due_at) == ("open", None, due)
    do(claim_flag, flag_id, "tom")


@pytest.mark.parametrize("outcome", [one for one in OUTCOMES if one != "duplicate"])
def test_a_new_red_opens_what_was_closed_a_short_while_ago(person, raise_flag, flag_of, clock, close, audited, outcome):
    person_id = person()
    flag_id = raise_flag(person_id, ORANGE)
    close(flag_id, outcome=outcome)
    clock.forward(hours=20)
    assert raise_flag(person_id, RED, reasons=["has it in his hand"]) == flag_id
    flag = flag_of(flag_id)
    assert (flag.level, flag.state, flag.closed_at, flag.claimed_by) == (RED, "reopened", None, None)
    assert (flag.reopened_at, flag.due_at) == (clock.now, clock.now + timedelta(minutes=15))
    assert [entry["reasons"] for entry in flag.reasons][-1] == ["has it in his hand"]
    assert audited()[-1] == ("ballast", "flag.reopen", flag_id)
    close(flag_id, "tom")
    earlier = flag_of(flag_id).resolution["earlier"]
    assert [(said["outcome"], said["by"]) for said in earlier] == [(outcome, "rosa")]


@pytest.mark.parametrize(
    "later", [{"level": ORANGE}, {"level": RED, "kind": "person"}, {"level": RED, "after_days": 3}]
)
def test_what_is_no_new_red_of_the_kind_soon_after_is_a_flag_of_its_own(person, raise_flag, clock, close, later):
    person_id, later = person(), dict(later)
    after = later.pop("after_days", 1)
    flag_id = raise_flag(person_id, RED)
    close(flag_id)
    clock.forward(days=after)
    assert raise_flag(person_id, **later) != flag_id


def test_a_duplicate_is_closed_and_never_opened_again(person, raise_flag, flag_of, close):
    person_id = person()
    flag_id = raise_flag(person_id, RED)
    close(flag_id, outcome="duplicate")
    assert flag_of(flag_id).state == "duplicate"
    assert raise_flag(person_id, RED) != flag_id


def test_a_flag_whose_closing_cannot_be_opened_is_opened_and_closed_all_the_same(
    person, raise_flag, flag_of, close, do, execute
):
    person_id = person()
    flag_id = raise_flag(person_id, RED)
    close(flag_id)
    execute("UPDATE flags SET resolution_sealed = zeroblob(300), reasons_sealed = zeroblob(300)")
    assert raise_flag(person_id, RED, reasons=["again"]) == flag_id
    do(claim_flag, flag_id, "tom", version=4)
    do(resolve_flag, flag_id, "tom", version=5, outcome="reached_him", note="Spoke to him.")
    assert flag_of(flag_id).state == "resolved"
    assert "earlier" not in flag_of(flag_id).resolution


def test_while_it_is_open_in_any_way_nothing_of_his_is_erased_or_opened_twice(database, person, raise_flag, do):
    person_id = person()
    flag_id = raise_flag(person_id, RED)
    for step in (claim_flag, begin_contact):
        do(step, flag_id)
        with database.read() as session:
            assert has_open_red(session, person_id)
        assert raise_flag(person_id, ORANGE) == flag_id


def test_staff_raise_a_flag_by_hand_and_the_audit_names_them(database, person, clock, flag_of, audited):
    with database.write() as session:
        words = {"level": ORANGE, "reason": "his sister rang us", "staff_id": "rosa"}
        flag_id = raise_by_hand(session, person_id=person(), at=clock(), **words).id
    flag = flag_of(flag_id)
    assert (flag.kind, flag.level, flag.state) == ("staff", ORANGE, "open")
    assert flag.reasons[0]["reasons"] == ["his sister rang us"]
    assert ("rosa", "flag.by_hand", flag_id) in audited()


def blocked_flags(database, person_id):
    with database.read() as session:
        found = session.query(Flag).filter_by(person_id=person_id, kind="blocked").all()
        return [(flag.level, flag.reasons.reveal()[-1]["reasons"]) for flag in found]


def test_a_block_in_the_middle_of_a_crisis_is_a_flag_when_none_is_open(database, person, raise_flag, clock, close):
    person_id, calm = person(), person()
    flag_id = raise_flag(person_id, RED)
    with database.write() as session:
        follow_ups.schedule(session, person_id=person_id, flag_id=flag_id, at=clock())
    close(flag_id)
    for man in (person_id, calm):
        with database.write() as session:
            note_unreachable(session, man, at=clock())
    assert blocked_flags(database, person_id) == [(ORANGE, [BLOCKED])]
    assert blocked_flags(database, calm) == []


def test_a_block_while_his_flag_is_open_is_told_on_it(database, person, raise_flag, clock, flag_of):
    person_id = person()
    flag_id = raise_flag(person_id, RED)
    with database.write() as session:
        follow_ups.schedule(session, person_id=person_id, flag_id=flag_id, at=clock())
        note_unreachable(session, person_id, at=clock())
    assert flag_of(flag_id).reasons[-1]["reasons"] == [UNREACHABLE]
    assert blocked_flags(database, person_id) == []
