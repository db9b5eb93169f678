from __future__ import annotations

import json

import pytest

from bot.config import Settings
from bot.research.command import main, shown

REASONS = ["--purpose", "theme paper", "--protocol", "IRB-12", "--as", "r.lang"]


@pytest.fixture
def ballast_research(database):
    settings = Settings.from_environment({})
    return lambda *arguments: main([*arguments], settings, lambda: database)


def test_export_writes_the_file_and_says_what_it_holds(house, ballast_research, tmp_path, capsys):
    house.says(house.man(), "my brother dave wont ring")
    out = tmp_path / "out.jsonl"
    assert ballast_research("export", "--out", str(out), *REASONS) == 0
    assert json.loads(out.read_text())["text"] == "my brother [PERSON 1] wont ring"
    assert "1 dialogues, 1 turns, 0 withheld" in capsys.readouterr().out


def test_export_into_a_missing_folder_fails_in_one_line(house, ballast_research, tmp_path, capsys):
    house.says(house.man(), "i feel flat")
    assert ballast_research("export", "--out", str(tmp_path / "none" / "out.jsonl"), *REASONS) == 1
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert "cannot be written" in said.err


def test_export_without_a_protocol_is_refused(ballast_research, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        ballast_research("export", "--out", str(tmp_path / "out.jsonl"), "--purpose", "p", "--as", "r.lang")
    assert "--protocol" in capsys.readouterr().err


def test_preview_shows_small_numbers_only_as_small(house, ballast_research, capsys):
    man = house.man()
    house.man(consents=False)
    for _ in range(12):
        house.says(man, "i feel flat")
    assert ballast_research("preview") == 0
    assert capsys.readouterr().out == "men with research consent: <10\nmessages: 12\n"


@pytest.mark.parametrize(("count", "text"), [(0, "<10"), (9, "<10"), (10, "10"), (431, "431")])
def test_counts_under_ten_are_not_shown(count, text):
    assert shown(count) == text
