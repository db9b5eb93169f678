"""The weekly sample: who is in it, that it is fair and can be repeated, and what follows from the ratings."""

from collections import Counter
from datetime import timedelta

import pytest

from bot.consent import STORAGE, record_answer
from bot.errors import SettingError
from bot.escalation import sample
from bot.escalation.flags import ORANGE
from bot.escalation.sample import (
    FINE,
    MISSED,
    SIZE,
    UNSURE,
    draw,
    estimate,
    last_week,
    next_unrated,
    rate,
    wilson,
    words_of,
)
from bot.storage.alarm_models import SampledMessage
from bot.storage.columns import new_id
from bot.storage.models import Consent, Flag, InboxMessage
from bot.storage.retention import erase_person


@pytest.fixture
def man(database, person, clock):
    """A man who answered the question of storage, or did not."""

    def make(given=True):
        person_id = person()
        if given is not None:
            with database.write() as session:
                record_answer(session, person_id=person_id, kind=STORAGE, given=given, at=clock())
        return person_id

    return make


@pytest.fixture
def says(database, clock):
    count = iter(range(1, 10_000))

    def run(person_id, text="rough night again", level="none", days=7, kind="text", is_open=True):
        message_id = new_id()
        with database.write() as session:
            row = InboxMessage(id=message_id, door="telegram", update_id=next(count), person_id=person_id, kind=kind)
            row.state, row.received_at = "done", clock() - timedelta(days=days)
            session.add(row)
            if is_open:
                row.body = {"text": text}
                row.screening = {"level": level, "kind": "self", "reasons": []}
        return message_id

    return run


@pytest.fixture
def drawn(database, clock):
    def run(week=None):
        with database.write() as session:
            draw(session, week or last_week(clock()), at=clock())
            return {row.message_id: row.id for row in session.query(SampledMessage)}

    return run


def test_only_quiet_words_of_men_who_agreed_are_drawn(man, says, drawn, raise_flag, database, clock):
    agreed = man()
    good = {says(agreed), says(agreed, level="concern"), says(man(), kind="media")}
    says(agreed, level="high"), says(agreed, level="imminent")  # they raised a flag
    says(agreed, text="/help"), says(agreed, text=""), says(agreed, kind="button"), says(agreed, is_open=False)
    says(agreed, days=0), says(agreed, days=15)  # other weeks
    says(man(given=False)), says(man(given=None))
    named = says(agreed)
    raise_flag(agreed, ORANGE, kind="person", message_id=named)
    assert set(drawn()) == good


def test_a_yes_to_an_earlier_wording_is_no_yes_to_this(man, says, drawn, database):
    person_id = man()
    says(person_id)
    with database.write() as session:
        session.query(Consent).filter_by(person_id=person_id).one().version = "2026-11"
    assert drawn() == {}


def test_who_took_his_yes_back_is_out(man, says, drawn, database, clock):
    person_id = man()
    says(person_id)
    with database.write() as session:
        record_answer(session, person_id=person_id, kind=STORAGE, given=False, at=clock())
    assert drawn() == {}


def test_a_man_whose_flag_cannot_be_opened_is_left_out(man, says, drawn, raise_flag, execute):
    person_id, other = man(), man()
    says(person_id)
    kept = says(other)
    raise_flag(person_id)
    execute("UPDATE flags SET reasons_sealed = zeroblob(300)")
    assert set(drawn()) == {kept}


def test_the_draw_is_the_same_whoever_repeats_it_and_whatever_the_order(man, says, database, clock):
    ids = [says(man()) for _ in range(SIZE + 12)]
    found = []
    for _ in range(2):
        with database.write() as session:
            draw(session, last_week(clock()), at=clock())
            found.append({row.message_id for row in session.query(SampledMessage)})
            session.rollback()
    assert found[0] == found[1]
    assert len(found[0]) == SIZE
    assert found[0] < set(ids)


def test_a_week_is_drawn_once(man, says, drawn):
    first = says(man())
    assert set(drawn()) == {first}
    says(man())
    assert set(drawn()) == {first}


def test_every_message_has_the_same_chance(database):
    """Over 2,000 weeks each of 40 messages is among the ten smallest lots a quarter of the time."""
    counts = Counter()
    with database.read() as session:
        for week in range(2_000):
            lots = sorted(range(40), key=lambda number, week=week: sample._lot(session, f"w{week}", str(number)))
            counts.update(lots[:10])
    expected, deviation = 500, (2_000 * 0.25 * 0.75) ** 0.5
    assert all(abs(counts[number] - expected) < 5 * deviation for number in range(40))


@pytest.mark.parametrize("week", ["2026-W48", "2026-W60", "x", "", "2026-W00"])
def test_a_week_that_is_not_over_or_none_is_refused(database, clock, week):
    clock.forward(days=1)  # the 23rd is a Monday: week 48 has begun
    with pytest.raises(SettingError), database.write() as session:
        draw(session, week, at=clock())


def test_a_missed_message_opens_a_flag_about_its_man_and_others_do_not(man, says, drawn, database, clock, audited):
    men = {says(person_id): person_id for person_id in (man(), man(), man())}
    rows = drawn()
    flags = {}
    for (message_id, sample_id), rating in zip(rows.items(), (MISSED, FINE, UNSURE), strict=True):
        with database.write() as session:
            flags[rating] = rate(session, sample_id, rating, staff_id="rosa", at=clock()), men[message_id]
    assert flags[FINE][0] is flags[UNSURE][0] is None
    with database.read() as session:
        flag = session.query(Flag).one()
        assert (flag.id, flag.person_id, flag.level, flag.kind) == (*flags[MISSED], ORANGE, "staff")
        found = estimate(session, [last_week(clock())])
    assert (found.rated, found.missed, found.unsure) == (2, 1, 1)
    assert [action for actor, action, _ in audited() if actor == "rosa"].count("sample.rate") == 3


def test_a_message_is_rated_once_and_with_a_known_rating(man, says, drawn, database, clock):
    says(man())
    (sample_id,) = drawn().values()
    for rating in ("bad", ""):
        with pytest.raises(SettingError), database.write() as session:
            rate(session, sample_id, rating, staff_id="rosa", at=clock())
    with database.write() as session:
        rate(session, sample_id, FINE, staff_id="rosa", at=clock())
    with pytest.raises(SettingError), database.write() as session:
        rate(session, sample_id, MISSED, staff_id="tom", at=clock())


def test_words_of_an_erased_man_are_gone_from_the_sample_too(man, says, drawn, database, clock):
    person_id = man()
    says(person_id, "words that must go")
    drawn()
    with database.write() as session:
        assert words_of(session, next_unrated(session, last_week(clock()))) == "words that must go"
        erase_person(session, person_id)
        assert next_unrated(session, last_week(clock())) is None


@pytest.mark.parametrize(
    ("hits", "tries", "low", "high"),
    [  # computed from Wilson's formula by hand and rounded
        (0, 30, 0.0, 0.1135),
        (1, 30, 0.0059, 0.1667),
        (15, 30, 0.3315, 0.6685),
        (30, 30, 0.8865, 1.0),
        (0, 0, 0.0, 1.0),
    ],
)
def test_the_interval_is_wilsons(hits, tries, low, high):
    assert wilson(hits, tries) == pytest.approx((low, high), abs=5e-4)
