from __future__ import annotations

import hashlib
import json
import logging
import stat
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from bot.consent import RESEARCH
from bot.errors import StorageError
from bot.escalation import verify_audit
from bot.research import ExportError, export, export_dialogues
from bot.storage.models import AuditEntry, Consent, InboxMessage, PersonKey, Turn

CODE = {"id": "hiding_it", "score": 0.8}
READING = {"intent": "hiding_it", "confidence": 0.8, "codes": [CODE | {"near": "a phrase"}]}
PLANTED = (
    "Karen", "karen", "dave", "leeds", "Hialeah", "Brightwater", "lidl", "patel", "07700 900123",
    "gaz@example.com", "example.org/gaz", "gymrat.lee", "LS6 3HN", "33130", "14 maple drive", "485 777 3456",
    "078-05-1120", "GB29NWBK60161331926819", "AB12 CDE", "12/03/1987", "3rd of march",
)  # fmt: skip


@pytest.fixture
def run(database, clock, tmp_path):
    def export_now(name: str = "out.jsonl"):
        out = tmp_path / name
        reasons = {"staff": "r.lang", "purpose": "theme paper", "protocol": "IRB-12"}
        report = export_dialogues(database, out, **reasons, clock=clock)
        return report, [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]

    return export_now


def test_each_turn_is_one_line_in_the_order_it_happened(house, run):
    man = house.man()
    house.says(man, "i smile all day then sit in the car", reading=READING)
    house.hears(man, "Sitting in the car sounds long.", after=timedelta(seconds=2))
    house.says(man, None, caption="this is me smiling", after=timedelta(hours=3), kind="photo")
    house.says(man, None, button="Tell me more", after=timedelta(days=4), kind="button")
    report, lines = run()
    assert [(line["turn"], line["speaker"], line["day"]) for line in lines] == [
        (1, "man", 0), (2, "ballast", 0), (3, "man", 1), (4, "man", 4),
    ]  # fmt: skip
    assert [line["text"] for line in lines[2:]] == ["this is me smiling", "[button: Tell me more]"]
    assert report.counts.dialogues == 1
    assert report.counts.turns == 4


def test_codes_intent_and_model_are_attached_to_his_turn_only(house, run):
    man = house.man()
    house.says(man, "nobody at work knows", reading=READING)
    house.hears(man, "Nobody at all?")
    _, (his, ours) = run()
    assert his["codes"] == [CODE]
    assert (his["intent"], his["model"]) == ("hiding_it", "model-a1b2")
    assert (ours["codes"], ours["intent"], ours["model"]) == ([], None, None)


def test_a_line_has_these_fields_and_no_others(house, run):
    house.says(house.man(), "hello")
    _, (line,) = run()
    assert list(line) == ["dialogue", "turn", "day", "speaker", "text", "intent", "codes", "model"]


@pytest.mark.parametrize(
    ("answers", "present"),
    [([], False), ([True], True), ([False], False), ([True, False], False), ([True, False, True], True)],
    ids=["never asked", "given", "refused", "withdrawn", "given again"],
)
def test_only_a_current_consent_lets_a_man_in(house, run, answers, present):
    man = house.man(consents=False)
    for given in answers:
        house.answers(man, given=given)
    house.says(man, "i feel flat")
    _, lines = run()
    assert bool(lines) is present


def test_consent_to_an_older_wording_counts_no_more(house, run):
    man = house.man(consents=False)
    with house.database.write() as session:
        session.add(Consent(person_id=man, kind=RESEARCH, version="2019-01", given=True, at=house.start))
    house.says(man, "i feel flat")
    _, lines = run()
    assert lines == []


def test_withdrawn_man_is_absent_from_the_next_export(house, run):
    stays, goes = house.man(), house.man()
    house.says(stays, "one thing")
    house.says(goes, "another thing")
    assert {line["text"] for line in run()[1]} == {"one thing", "another thing"}
    house.answers(goes, given=False)
    assert {line["text"] for line in run()[1]} == {"one thing"}


def test_nothing_is_written_when_consent_is_withdrawn_while_the_export_runs(house, run, monkeypatch, tmp_path):
    man = house.man()
    house.says(man, "i feel flat")

    def withdraw_after(session, person_id, counts, read=export.dialogue_of):
        yield from read(session, person_id, counts)
        session.rollback()
        house.answers(man, given=False)

    monkeypatch.setattr(export, "dialogue_of", withdraw_after)
    with pytest.raises(ExportError, match="withdrawn"):
        run()
    assert not list(tmp_path.glob("*.jsonl"))
    assert not list(tmp_path.glob(".export-*"))


def test_rows_that_are_not_finished_or_not_sent_stay_out(house, run):
    man = house.man()
    house.says(man, "done")
    house.says(man, "still waiting", state="pending")
    house.hears(man, "never arrived", state="undeliverable")
    assert [line["text"] for line in run()[1]] == ["done"]


@pytest.mark.parametrize("identifier", PLANTED)
def test_planted_identifiers_are_absent_from_the_file(house, run, identifier):
    man = house.man(chat="99887766")
    house.says(man, "My wife Karen left. my brother dave lives in leeds, I live in Hialeah")
    house.says(man, "I work at Brightwater, before that i worked at lidl. dr patel gave me pills. karen knows")
    house.says(man, "ring 07700 900123 or gaz@example.com or https://example.org/gaz insta: gymrat.lee")
    house.says(man, "14 maple drive, LS6 3HN, zip 33130, nhs number 485 777 3456, ssn 078-05-1120")
    house.says(man, "GB29NWBK60161331926819, reg AB12 CDE, born 12/03/1987, birthday the 3rd of march")
    house.hears(man, "You said Karen knows.")
    _, lines = run()
    assert len(lines) == 6
    assert identifier not in json.dumps(lines, ensure_ascii=False)


def test_no_id_of_the_store_and_no_time_is_in_the_file(house, run, tmp_path):
    man = house.man(chat="99887766")
    row = house.says(man, "i feel flat", reading=READING)
    run()
    written = (tmp_path / "out.jsonl").read_text()
    for forbidden in (man, row, "99887766", "2026", "21:30", "r.lang"):
        assert forbidden not in written


def test_the_same_name_is_the_same_surrogate_and_pseudonyms_are_new_each_time(house, run):
    man = house.man()
    house.says(man, "my mate stevo moved away")
    house.says(man, "STEVO rang. and Stevo cried")
    first, second = run("a.jsonl")[1], run("b.jsonl")[1]
    assert [line["text"].count("[PERSON 1]") for line in first] == [1, 2]
    assert first[0]["dialogue"] == first[1]["dialogue"] != second[0]["dialogue"]


def test_a_damaged_row_is_withheld_and_counted(house, run):
    man = house.man()
    house.says(man, "before")
    broken = house.says(man, "broken", after=timedelta(minutes=1))
    house.says(man, "after", after=timedelta(minutes=2))
    with house.database.write() as session:
        session.execute(update(InboxMessage).where(InboxMessage.id == broken).values(revision=7))
    report, lines = run()
    assert [(line["turn"], line["text"]) for line in lines] == [(1, "before"), (3, "after")]
    assert report.counts.withheld == 1


def test_a_turn_whose_reading_is_damaged_is_withheld_whole(house, run):
    man = house.man()
    row = house.says(man, "i feel flat", reading=READING)
    with house.database.write() as session:
        session.execute(update(Turn).where(Turn.id == row).values(revision=7))
    report, lines = run()
    assert lines == []
    assert (report.counts.withheld, report.counts.dialogues) == (1, 0)


def test_a_man_whose_key_was_destroyed_is_withheld(house, run):
    man = house.man()
    house.says(man, "i feel flat")
    with house.database.write() as session:
        session.execute(delete(PersonKey).where(PersonKey.person_id == man))
    report, lines = run()
    assert (lines, report.counts.withheld, report.counts.dialogues) == ([], 1, 0)


def test_the_file_is_private_and_its_hash_is_in_the_audit(house, run, tmp_path):
    house.says(house.man(), "i feel flat")
    report, _ = run()
    out = tmp_path / "out.jsonl"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert hashlib.sha256(out.read_bytes()).hexdigest() == report.sha256
    with house.database.read() as session:
        entries = session.execute(select(AuditEntry).order_by(AuditEntry.seq)).scalars().all()
        assert verify_audit(session) == len(entries) == 4
        actors = {entry.actor for entry in entries}
        subjects = {entry.action: entry.subject for entry in entries}
    assert actors == {"r.lang"}
    assert subjects == {
        "research.export": report.sha256,
        "research.export.purpose": "theme paper",
        "research.export.protocol": "IRB-12",
        "research.export.counts": "1/1/0",
    }


def test_nothing_is_left_behind_when_writing_fails(house, run, monkeypatch, tmp_path):
    house.says(house.man(), "i feel flat")
    before = tmp_path / "out.jsonl"
    before.write_text("an earlier export")

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export.os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        run()
    assert before.read_text() == "an earlier export"
    assert not list(tmp_path.glob(".export-*"))
    with house.database.read() as session:
        assert session.execute(select(AuditEntry)).first() is None


def test_nothing_appears_when_the_audit_cannot_be_written(house, run, monkeypatch, tmp_path):
    house.says(house.man(), "i feel flat")

    def locked(*_args: object, **_kwargs: object) -> None:
        raise StorageError("The database cannot be used now (OperationalError).")

    monkeypatch.setattr(export, "audit", locked)
    with pytest.raises(StorageError):
        run()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ballast.keys", "house"]


@pytest.mark.parametrize("field", ["staff", "purpose", "protocol"])
@pytest.mark.parametrize("value", ["", "  ", "x" * 65])
def test_an_export_needs_its_reasons(database, clock, tmp_path, field, value):
    reasons = {"staff": "r.lang", "purpose": "theme paper", "protocol": "IRB-12"} | {field: value}
    with pytest.raises(ExportError, match=field):
        export_dialogues(database, tmp_path / "out.jsonl", **reasons, clock=clock)
    assert not (tmp_path / "out.jsonl").exists()


def test_the_gate_can_commit_while_an_export_reads(house, run, monkeypatch):
    man = house.man()
    house.says(man, "i feel flat")

    def speak_meanwhile(session, person_id, counts, read=export.dialogue_of):
        for turn in read(session, person_id, counts):
            house.says(man, "still here")
            yield turn

    monkeypatch.setattr(export, "dialogue_of", speak_meanwhile)
    assert [line["text"] for line in run()[1]] == ["i feel flat"]


def test_the_log_holds_counts_and_no_words(house, run, caplog):
    house.says(house.man(), "canaryword for my wife karen")
    with caplog.at_level(logging.DEBUG):
        run()
    assert any(record.msg == "research.export" for record in caplog.records)
    assert "canaryword" not in caplog.text
