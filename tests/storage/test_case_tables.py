"""What staff wrote about a man goes when he has everything wiped and when his flags' words go, and not before."""

import pytest

from bot.escalation import open_flag
from bot.storage.checking import check_rows
from bot.storage.clinic_models import CaseNote, Conversation, IdentityLook, IdentitySheet, SecondLook, TestCandidate
from bot.storage.columns import new_id
from bot.storage.expiry import Retention, expire
from bot.storage.models import InboxMessage, StaffAccount
from bot.storage.retention import erase_person, let_go

RULES = Retention(log_days=365, flag_days=3650, silent_days=730)
WORDS = {"text": "canary: what staff wrote"}
GONE = (CaseNote, Conversation, IdentitySheet, TestCandidate)
EMPTIED = (SecondLook, IdentityLook)


@pytest.fixture
def rosa(database, clock):
    with database.write() as session:
        session.add(StaffAccount(id=new_id(), name="rosa", role="lead", password_hash="x", created_at=clock()))
    with database.read() as session:
        return session.query(StaffAccount.id).scalar()


@pytest.fixture
def case(database, clock, person, rosa):
    """Make a man with a closed flag and a row in every table of his case; return his id."""

    def make():
        person_id, at = person(), clock()
        with database.write() as session:
            flag = open_flag(session, person_id=person_id, level="red", kind="screening", reasons=["x"], at=at)
            flag.state, flag.closed_at = "resolved", at
            his = {"person_id": person_id, "flag_id": flag.id}
            note = CaseNote(id=new_id(), staff_id=rosa, kind="note", at=at, **his)
            look = SecondLook(id=new_id(), kind="opinion", asked_by=rosa, asked_at=at, **his)
            sheet = IdentitySheet(id=new_id(), person_id=person_id, updated_by=rosa, updated_at=at)
            opened = IdentityLook(id=new_id(), staff_id=rosa, at=at, until=at, **his)
            candidate = TestCandidate(id=new_id(), message_id=new_id(), verdict="missed", **his)
            candidate.marked_by, candidate.marked_at = rosa, at
            talk = Conversation(id=new_id(), staff_id=rosa, opened_at=at, wrote_at=at, closed_at=at, **his)
            session.add_all([note, look, sheet, opened, candidate, talk])
            note.body = sheet.body = candidate.body = WORDS
            look.words = opened.words = WORDS
        return person_id

    return make


def counts(database, models):
    with database.read() as session:
        assert check_rows(session).is_sound
        return [session.query(model).count() for model in models]


def test_erasing_him_leaves_who_looked_and_no_word(database, case):
    gone, stays = case(), case()
    with database.write() as session:
        erase_person(session, gone)
    assert counts(database, GONE) == [1] * 4
    assert counts(database, EMPTIED) == [2] * 2
    with database.read() as session:
        for model in EMPTIED:
            assert session.query(model).filter_by(person_id=gone).one().words is None
            assert session.query(model).filter_by(person_id=stays).one().words.reveal() == WORDS


def test_it_goes_with_the_words_of_his_flags_and_not_a_day_before(database, case, clock):
    case()
    clock.forward(days=3650)
    with database.write() as session:
        assert expire(session, RULES, now=clock())["case"] == 0
    clock.forward(seconds=1)
    with database.write() as session:
        assert expire(session, RULES, now=clock())["case"] == 6
    assert counts(database, (*GONE, *EMPTIED)) == [0] * 6


def test_it_stays_while_a_flag_of_his_is_open(database, case, clock):
    person_id = case()
    with database.write() as session:
        open_flag(session, person_id=person_id, level="yellow", kind="person", reasons=["x"], at=clock())
    clock.forward(days=9999)
    with database.write() as session:
        assert expire(session, RULES, now=clock())["case"] == 0


def test_what_a_man_without_a_log_writes_to_staff_stays_until_they_have_signed_off(
    database, case, clock, he_writes, inbox_body
):
    person_id = case()
    message = he_writes(person_id)
    with database.write() as session:
        session.query(Conversation).one().closed_at = None
    clock.forward(hours=1)
    with database.write() as session:
        let_go(session, [person_id], before=clock())
    assert inbox_body(message)
    with database.write() as session:
        session.query(Conversation).one().closed_at = clock()
    with database.write() as session:
        let_go(session, [person_id], before=clock())
    with database.read() as session:
        assert session.query(InboxMessage).filter_by(id=message).one().body is None
