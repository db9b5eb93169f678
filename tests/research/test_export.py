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
from bot.research import ExportError, ProtocolError, export, folder
from bot.storage.models import Consent, InboxMessage, PersonKey, ResearchExport, Turn

CODE = {"id": "hiding_it", "score": 0.8}
READING = {"intent": "hiding_it", "confidence": 0.8, "codes": [CODE | {"near": "a phrase"}]}
PLANTED = (
    "Karen", "karen", "dave", "leeds", "Hialeah", "Brightwater", "lidl", "patel", "07700 900123",
    "gaz@example.com", "example.org/gaz", "gymrat.lee", "LS6 3HN", "33130", "14 maple drive", "485 777 3456",
    "078-05-1120", "GB29NWBK60161331926819", "AB12 CDE", "12/03/1987", "3rd of march",
)  # fmt: skip


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
    fields = ["id", "dialogue", "turn", "day", "speaker", "text", "start", "end", "intent", "codes", "model"]
    assert list(line) == fields


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
    assert {line["text"] for line in run("before")[1]} == {"one thing", "another thing"}
    house.answers(goes, given=False)
    assert {line["text"] for line in run("after")[1]} == {"one thing"}


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
    assert {path.name for path in tmp_path.iterdir()} <= {"ballast.keys", "house"}
    with house.database.read() as session:
        (job,) = session.execute(select(ResearchExport)).scalars()
        assert (job.state, job.sha256) == ("failed", None)


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
    written = (tmp_path / "out" / "turns.jsonl").read_text()
    for forbidden in (man, row, "99887766", "2026", "21:30", "r.lang"):
        assert forbidden not in written


def test_the_same_name_is_the_same_surrogate_and_pseudonyms_are_new_each_time(house, run):
    man = house.man()
    house.says(man, "my mate stevo moved away")
    house.says(man, "STEVO rang. and Stevo cried")
    first, second = run("a")[1], run("b")[1]
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


def test_the_folder_is_private_and_its_list_of_hashes_holds(house, run, tmp_path):
    house.says(house.man(), "i feel flat", reading=READING)
    report, _ = run(formats=tuple(export.FORMATS))
    out = tmp_path / "out"
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()} == {0o600}
    listed = dict(line.split("  ")[::-1] for line in (out / "SHA256SUMS").read_text().splitlines())
    assert listed == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.iterdir() if path.name != "SHA256SUMS"
    }
    assert hashlib.sha256((out / "SHA256SUMS").read_bytes()).hexdigest() == report.sha256
    assert sorted(listed) == [
        "CITATION.cff", "DISCLOSURE.md", "README.md", "TERMS.txt", "codebook.csv", "codebook.qdc", "codes.csv",
        "counts.csv", "dictionary.csv", "disclosure.json", "men.csv", "men.jsonl", "men.parquet", "project.qdpx",
        "provenance.json", "turns.csv", "turns.jsonl", "turns.parquet", "turns.xlsx",
    ]  # fmt: skip


def test_a_folder_that_is_there_stays_as_it_was(house, run, tmp_path):
    house.says(house.man(), "i feel flat")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("an earlier export")
    with pytest.raises(ExportError, match="there already"):
        run()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_nothing_is_left_behind_when_writing_fails(house, run, monkeypatch, tmp_path):
    house.says(house.man(), "i feel flat")

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder.os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        run()
    assert {path.name for path in tmp_path.iterdir()} <= {"ballast.keys", "house"}
    with house.database.read() as session:
        assert [job.state for job in session.execute(select(ResearchExport)).scalars()] == ["failed"]


def test_an_interrupt_leaves_nothing_behind_and_marks_the_job_as_stopped(house, run, monkeypatch, tmp_path):
    house.says(house.man(), "i feel flat")

    def interrupted(session, person_id, counts, read=export.dialogue_of):
        yield from read(session, person_id, counts)
        raise KeyboardInterrupt

    monkeypatch.setattr(export, "dialogue_of", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(formats=tuple(export.FORMATS))
    assert {path.name for path in tmp_path.iterdir()} <= {"ballast.keys", "house"}
    with house.database.read() as session:
        assert [job.state for job in session.execute(select(ResearchExport)).scalars()] == ["stopped"]


def test_nothing_appears_when_the_job_cannot_be_finished(house, run, monkeypatch, tmp_path):
    house.says(house.man(), "i feel flat")

    def locked(*_args: object, **_kwargs: object) -> None:
        raise StorageError("The database cannot be used now (OperationalError).")

    monkeypatch.setattr(export, "finish_job", locked)
    with pytest.raises(StorageError):
        run()
    assert {path.name for path in tmp_path.iterdir()} <= {"ballast.keys", "house"}


@pytest.mark.parametrize("field", ["staff", "purpose", "protocol"])
@pytest.mark.parametrize("value", ["", "  ", "x" * 65])
def test_an_export_needs_its_reasons(house, run, tmp_path, field, value):
    with pytest.raises(ProtocolError, match=field):
        run(**{field: value})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("formats", [(), ("docx",), ("jsonl", "jsonl")])
def test_an_export_takes_known_formats_once(house, run, formats):
    with pytest.raises(ExportError, match="jsonl, csv, parquet, xlsx, qdpx"):
        run(formats=formats)


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
