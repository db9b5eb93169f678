"""Rounds of coding: who is in the sample, who sees what and when, and what agreement is made of."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.config import Settings
from bot.escalation import verify_audit
from bot.research import ProtocolError, rounds, told
from bot.research.coded import ALL, agreement_of
from bot.research.codings import CodingsError
from bot.research.command import main
from bot.research.joined import joined_units
from bot.research.rounds import RoundError
from bot.storage.coding_models import Coding, CodingTurn
from bot.storage.expiry import Retention, expire
from bot.storage.models import AuditEntry, InboxMessage, StaffAccount
from bot.storage.retention import erase_person

READING = {"intent": "hiding_it", "codes": [{"id": "hiding_it", "score": 0.8}]}
ANN, BEN = "a" * 32, "b" * 32


@pytest.fixture
def at(clock):
    return clock()


@pytest.fixture
def coders(house):
    with house.database.write() as session:
        for staff_id, name in ((ANN, "ann"), (BEN, "ben")):
            session.add(
                StaffAccount(id=staff_id, name=name, role="researcher", password_hash="x", created_at=house.start)
            )


@pytest.fixture
def talk(house):
    """A man who said three things with words, and some without."""
    man = house.man()
    house.says(man, "/phq9", reading=READING)
    house.says(man, "...", reading=READING, after=timedelta(minutes=1))
    for minute, text in enumerate(("my wife karen is tired of it", "i hide it at work", "karen knows"), 2):
        house.says(man, text, reading=READING, after=timedelta(minutes=minute))
    return man


@pytest.fixture
def opened(house, coders, talk, at):
    with house.database.write() as session:
        return rounds.open_round(session, "IRB-12", 100, staff_id=ANN, at=at)


def code(house, round_id, staff_id, at, *given):
    """Give codes to the turns of a round in order, and be done."""
    for number, codes in enumerate(given, 1):
        with house.database.write() as session:
            rounds.keep_codes(session, round_id, number, codes, staff_id=staff_id, at=at)
    with house.database.write() as session:
        rounds.finish(session, round_id, staff_id=staff_id, at=at)


def look(house, round_id, number, staff_id, at):
    with house.database.read() as session:
        return rounds.shown(session, round_id, number, staff_id=staff_id, at=at)


def test_a_round_draws_turns_with_words_of_men_whom_the_protocol_reaches(house, opened, talk, at):
    stranger = house.man(consents=False)
    house.says(stranger, "not mine to read", reading=READING)
    with house.database.read() as session:
        drawn = {session.query(InboxMessage).filter_by(id=row.message_id).one() for row in session.query(CodingTurn)}
        assert {row.person_id for row in drawn} == {talk}
        assert len({row.body.reveal()["text"] for row in drawn}) == 3


def test_a_round_is_no_larger_than_was_asked_for(house, coders, talk, at):
    with house.database.write() as session:
        round_id = rounds.open_round(session, "IRB-12", 2, staff_id=ANN, at=at)
        assert rounds.size_of(session, round_id) == 2


@pytest.mark.parametrize("size", [0, -1, 1001])
def test_a_round_of_no_size_is_refused(house, coders, talk, at, size):
    with pytest.raises(RoundError, match="1 to 1000"), house.database.write() as session:
        rounds.open_round(session, "IRB-12", size, staff_id=ANN, at=at)


def test_a_round_needs_a_valid_protocol_and_somebody_it_reaches(house, coders, at):
    with pytest.raises(RoundError, match="said anything"), house.database.write() as session:
        rounds.open_round(session, "IRB-12", 5, staff_id=ANN, at=at)
    with pytest.raises(ProtocolError), house.database.write() as session:
        rounds.open_round(session, "none", 5, staff_id=ANN, at=at)


def test_a_turn_is_shown_without_names_after_those_before_it(house, opened, at):
    shown = [look(house, opened, number, ANN, at) for number in (1, 2, 3)]
    by_text = {one.turn.text: one for one in shown}
    assert set(by_text) == {"my wife [PARTNER] is tired of it", "i hide it at work", "[PARTNER] knows"}
    last = by_text["[PARTNER] knows"]
    assert [turn.text for turn in last.before] == ["my wife [PARTNER] is tired of it", "i hide it at work"]


def test_a_coder_sees_nothing_of_others_before_he_is_done(house, opened, at):
    code(house, opened, ANN, at, ["hiding_it"], [], ["work_stigma"])
    assert look(house, opened, 1, BEN, at).others == {}
    code(house, opened, BEN, at, ["hiding_it"], ["hiding_it"], [])
    assert look(house, opened, 1, BEN, at).others == {ANN: {"hiding_it"}}
    assert look(house, opened, 2, BEN, at).mine == {"hiding_it"}


def test_codes_can_be_changed_until_he_is_done_and_not_after(house, opened, at):
    with house.database.write() as session:
        rounds.keep_codes(session, opened, 1, ["intimacy"], staff_id=ANN, at=at)
    code(house, opened, ANN, at, ["hiding_it"], [], [])
    assert look(house, opened, 1, ANN, at).mine == {"hiding_it"}
    with pytest.raises(RoundError, match="done"), house.database.write() as session:
        rounds.keep_codes(session, opened, 1, ["intimacy"], staff_id=ANN, at=at)


@pytest.mark.parametrize(("number", "codes"), [(9, []), (0, []), (1, ["nonsense"])])
def test_a_turn_or_code_that_is_none_is_refused(house, opened, at, number, codes):
    with pytest.raises(RoundError, match="no such"), house.database.write() as session:
        rounds.keep_codes(session, opened, number, codes, staff_id=ANN, at=at)


def test_nobody_is_done_with_turns_left(house, opened, at):
    with house.database.write() as session:
        rounds.keep_codes(session, opened, 2, [], staff_id=ANN, at=at)
        assert rounds.next_number(session, opened, ANN, at=at) == 1
    with pytest.raises(RoundError, match="no code of yours"), house.database.write() as session:
        rounds.finish(session, opened, staff_id=ANN, at=at)


def test_agreement_counts_who_is_done_alone(house, opened, at):
    code(house, opened, ANN, at, ["hiding_it"], [], ["work_stigma"])
    with house.database.write() as session:
        rounds.keep_codes(session, opened, 1, ["intimacy"], staff_id=BEN, at=at)
    with house.database.read() as session:
        (first, *_) = rounds.units_of_round(session, opened, at=at)
    assert (dict(first.people), first.model) == ({ANN: {"hiding_it"}}, {"hiding_it"})
    code(house, opened, BEN, at, ["hiding_it"], ["hiding_it"], ["work_stigma"])
    with house.database.read() as session:
        rows = {row.code: row for row in agreement_of(rounds.units_of_round(session, opened, at=at))}
    assert (rows[ALL].turns, rows[ALL].disputed) == (3, 1)
    assert rows[ALL].agreement.value == pytest.approx(2 / 3)
    hiding = rows["hiding_it"]
    assert (hiding.given, hiding.disputed, hiding.precision.hits, hiding.precision.count) == (3, 1, 1, 2)
    assert (hiding.recall.hits, hiding.recall.count) == (1, 1)
    assert rows["work_stigma"].kappa.value == 1


def test_who_takes_his_consent_back_is_neither_shown_nor_counted(house, opened, talk, at):
    code(house, opened, ANN, at, ["hiding_it"], [], [])
    house.answers(talk, given=False, after=timedelta(days=1))
    assert look(house, opened, 1, ANN, at) is None
    with house.database.read() as session:
        assert rounds.units_of_round(session, opened, at=at) == []
        assert rounds.next_number(session, opened, BEN, at=at) is None


def test_erasing_a_man_erases_what_was_coded_of_him(house, opened, talk, at):
    code(house, opened, ANN, at, ["hiding_it"], [], [])
    with house.database.write() as session:
        erase_person(session, talk)
    with house.database.read() as session:
        assert session.query(Coding).count() == session.query(CodingTurn).count() == 0


def test_codes_are_sealed_and_opening_coding_and_finishing_stand_in_the_audit(house, opened, at, execute):
    code(house, opened, ANN, at, ["hiding_it"], [], [])
    with house.database.write() as session:
        rounds.note_look(session, opened, [1], staff_id=ANN, at=at)
    assert not any(b"hiding_it" in bytes(blob) for (blob,) in execute("SELECT codes_sealed FROM codings"))
    with house.database.read() as session:
        verify_audit(session)
        found = [(row.action, row.subject) for row in session.query(AuditEntry).filter_by(actor=ANN)]
    assert found == [("coding.open", opened), ("coding.done", opened), ("coding.look", f"{opened}:1")]


def test_a_damaged_row_of_codes_is_left_out(house, opened, at, execute):
    code(house, opened, ANN, at, ["hiding_it"], [], [])
    execute("UPDATE codings SET codes_sealed = zeroblob(200) WHERE number = 1")
    with house.database.read() as session:
        assert [unit.id for unit in rounds.units_of_round(session, opened, at=at)] == ["2", "3"]


def test_a_coder_of_another_program_joins_those_of_the_app(house, opened, at, run, tmp_path):
    code(house, opened, ANN, at, ["hiding_it"], ["hiding_it"], ["hiding_it"])
    _, lines = run()
    by_text = {line["text"]: line["id"] for line in lines}
    table = tmp_path / "carl.csv"
    table.write_text(f"turn_id,code,coder\n{by_text['i hide it at work']},hiding_it,Carl\n")
    with house.database.read() as session:
        units = joined_units(session, opened, tmp_path / "out", [table], at=at)
    carls = [unit.people["Carl"] for unit in units]
    assert sorted(carls, key=len) == [frozenset(), frozenset(), {"hiding_it"}]
    whole, *_ = agreement_of(units)
    assert (whole.turns, whole.disputed) == (3, 2)


def test_an_export_whose_texts_have_changed_since_is_refused(house, opened, at, run, tmp_path):
    code(house, opened, ANN, at, ["hiding_it"], [], [])
    run()
    turns = tmp_path / "out" / "turns.jsonl"
    turns.write_text(turns.read_text().replace("i hide it at work", "i hid it at work"))
    with pytest.raises(CodingsError, match="no longer as it was"), house.database.read() as session:
        joined_units(session, opened, tmp_path / "out", [], at=at)
    with pytest.raises(CodingsError, match="provenance"), house.database.read() as session:
        joined_units(session, opened, tmp_path, [], at=at)


def test_the_command_prints_a_rounds_agreement_by_the_coders_names(house, database, opened, at, capsys, monkeypatch):
    monkeypatch.setattr(told, "utc_now", lambda: at)
    code(house, opened, ANN, at, ["hiding_it"], [], [])
    code(house, opened, BEN, at, ["hiding_it"], [], [])
    assert main(["agreement", "--round", opened], Settings.from_environment({}), lambda: database) == 0
    said = capsys.readouterr().out
    assert said.startswith("3 turns, 2 people, 3 turns coded twice")
    assert "hiding_it\t2\t1.00 (1.00 to 1.00)" in said


def test_old_codes_go_with_the_rest_of_the_log(house, opened, at):
    code(house, opened, ANN, at, ["hiding_it"], [], [])
    with house.database.write() as session:
        counts = expire(session, Retention(30, 3650, 730), now=at + timedelta(days=31))
    assert counts["codings"] == 3
