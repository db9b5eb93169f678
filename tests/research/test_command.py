from __future__ import annotations

import json
import os
import signal
from datetime import datetime, timedelta, timezone

import pytest

from bot.config import Settings
from bot.research import command
from bot.research.command import main, shown
from bot.storage.models import ResearchExport

START = datetime(2026, 3, 2, 21, 30, tzinfo=timezone.utc)
REASONS = ["--purpose", "theme paper", "--protocol", "IRB-12", "--as", "r.lang"]


@pytest.fixture
def ballast_research(database, monkeypatch):
    monkeypatch.setattr(command, "utc_now", lambda: START + timedelta(days=40))
    settings = Settings.from_environment({})
    return lambda *arguments: main([*arguments], settings, lambda: database)


def test_export_writes_the_file_and_says_what_it_holds(house, ballast_research, tmp_path, capsys):
    house.says(house.man(), "my brother dave wont ring")
    out = tmp_path / "out"
    assert ballast_research("export", "--out", str(out), "--format", "jsonl", *REASONS) == 0
    assert json.loads((out / "turns.jsonl").read_text())["text"] == "my brother [PERSON 1] wont ring"
    said = capsys.readouterr()
    assert "1 dialogues, 1 turns, 0 withheld" in said.out
    assert said.err == "1 of 1 dialogues, 1 turns\n"


def test_an_export_writes_all_formats_unless_told(house, ballast_research, tmp_path):
    house.says(house.man(), "i feel flat")
    assert ballast_research("export", "--out", str(tmp_path / "out"), *REASONS) == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names >= {"turns.jsonl", "turns.csv", "turns.parquet", "turns.xlsx", "project.qdpx", "codebook.qdc"}


def test_export_into_a_missing_folder_fails_in_one_line(house, ballast_research, tmp_path, capsys):
    house.says(house.man(), "i feel flat")
    assert ballast_research("export", "--out", str(tmp_path / "none" / "out"), *REASONS) == 1
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert "cannot be written" in said.err


def test_export_without_a_protocol_is_refused(ballast_research, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        ballast_research("export", "--out", str(tmp_path / "out"), "--purpose", "p", "--as", "r.lang")
    assert "--protocol" in capsys.readouterr().err


@pytest.mark.parametrize("which", [[], ["--protocol", "IRB-12"]])
def test_preview_shows_small_numbers_only_as_small(house, ballast_research, capsys, which):
    man = house.man()
    house.man(consents=False)
    for _ in range(12):
        house.says(man, "i feel flat")
    assert ballast_research("preview", *which) == 0
    assert capsys.readouterr().out == "men with research consent: <10\nmessages: 12\n"


def test_preview_of_a_protocol_counts_only_whom_it_reaches(house, ballast_research, capsys):
    house.allows("IRB-14", consent_days=30)  # the consent is forty days old
    man = house.man()
    for _ in range(12):
        house.says(man, "i feel flat")
    assert ballast_research("preview", "--protocol", "IRB-14") == 0
    assert capsys.readouterr().out.endswith("messages: <10\n")
    assert ballast_research("preview", "--protocol", "none") == 1
    assert "No protocol is called none" in capsys.readouterr().err


@pytest.mark.parametrize(("count", "text"), [(0, "<10"), (9, "<10"), (10, "10"), (431, "431")])
def test_counts_under_ten_are_not_shown(count, text):
    assert shown(count) == text


def test_a_protocol_is_registered_listed_used_and_closed(house, ballast_research, tmp_path, capsys):
    house.says(house.man(), "i feel flat")
    add = ["protocol", "add", "IRB-13", "--purpose", "second paper", "--expires", "2026-12-31", "--as", "r.lang"]
    assert ballast_research(*add) == 0
    assert ballast_research(*add) == 1
    assert ballast_research("protocol", "list") == 0
    said = capsys.readouterr()
    assert "registered already" in said.err
    assert "IRB-13\tuntil 2026-12-31\twording 2026-11.3\tconsent 730 days\tsecond paper\n" in said.out
    reasons = ["--purpose", "second paper", "--protocol", "IRB-13", "--as", "r.lang", "--format", "jsonl"]
    assert ballast_research("export", "--out", str(tmp_path / "a"), *reasons) == 0
    assert ballast_research("protocol", "close", "IRB-13", "--as", "r.lang") == 0
    assert ballast_research("export", "--out", str(tmp_path / "b"), *reasons) == 1
    assert "IRB-13 is closed" in capsys.readouterr().err
    assert not (tmp_path / "b").exists()


def test_a_day_that_is_none_is_refused(ballast_research, capsys):
    with pytest.raises(SystemExit, match="2"):
        ballast_research("protocol", "add", "P", "--purpose", "p", "--expires", "soon", "--as", "r.lang")
    assert "'soon' is no day" in capsys.readouterr().err


def test_withdrawn_lists_pseudonyms_by_export_and_nothing_of_the_store(house, ballast_research, tmp_path, capsys):
    stays, goes = house.man(), house.man()
    house.says(stays, "one")
    house.says(goes, "two")
    assert ballast_research("export", "--out", str(tmp_path / "out"), "--format", "jsonl", *REASONS) == 0
    assert ballast_research("withdrawn") == 0
    house.answers(goes, given=False)
    with house.database.read() as session:
        (export_id,) = session.query(ResearchExport.id).one()
    capsys.readouterr()
    assert ballast_research("withdrawn", "--export", export_id) == 0
    lines = [json.loads(line) for line in (tmp_path / "out" / "turns.jsonl").read_text().splitlines()]
    (pseudonym,) = (line["dialogue"] for line in lines if line["text"] == "two")
    assert capsys.readouterr().out == f"{export_id}\t{pseudonym}\n"
    assert ballast_research("withdrawn", "--export", "0" * 32) == 1


def test_exports_lists_each_job_and_marks_a_changed_one(house, ballast_research, tmp_path, capsys):
    house.says(house.man(), "i feel flat")
    assert ballast_research("export", "--out", str(tmp_path / "out"), "--format", "jsonl", *REASONS) == 0
    capsys.readouterr()
    assert ballast_research("exports") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.split("\t")[1:6] == ["done", "r.lang", "IRB-12", "theme paper", "1 dialogues, 1 turns, 0 withheld"]
    with house.database.write() as session:
        session.query(ResearchExport).one().staff = "somebody else"
    assert ballast_research("exports") == 0
    assert capsys.readouterr().out.endswith("NOT AS AUDITED\n")


def test_a_polite_kill_stops_cleanly(house, ballast_research, tmp_path, capsys, monkeypatch):
    house.says(house.man(), "i feel flat")
    monkeypatch.setattr(command, "_tell", lambda _: os.kill(os.getpid(), signal.SIGTERM))
    before = signal.getsignal(signal.SIGTERM)
    assert ballast_research("export", "--out", str(tmp_path / "out"), *REASONS) == 130
    assert capsys.readouterr().err == "Stopped. Nothing was left behind.\n"
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".export-*"))
    assert signal.getsignal(signal.SIGTERM) == before
