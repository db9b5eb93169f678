"""The doctor: each part in one line, a part that fails is named and hides no other."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from bot.config import Settings
from bot.directory import entries
from bot.directory.entries import URGENT
from bot.storage import open_database
from bot.storage.migrate import downgrade
from bot.upkeep import doctor
from bot.upkeep.keys import make

ONLY = "sqlite"
PARTS = ["token", "keys", "migrations", "database", "model", "encoder", "screening", "disk", "directory"]


@pytest.fixture
def settings(tmp_path):
    return Settings.from_environment({"BALLAST_HOME": str(tmp_path / "home")})


@pytest.fixture
def set_up(settings):
    settings.home.mkdir(mode=0o700)
    make(settings)
    open_database(settings).close()
    return settings


def no_telegram(settings):
    return [("token", True, "none is set.")]


def examine(settings, *, model=True, clock=None):
    more = {"clock": clock} if clock else {}
    found = list(doctor.examine(settings, no_telegram, lambda: model, **more))
    assert all("\n" not in finding.sentence for finding in found)
    return {finding.part: finding for finding in found}


def unwell(found):
    return [part for part, finding in found.items() if not finding.is_well and part != "directory"]


def test_what_was_set_up_is_well(set_up):
    found = examine(set_up)
    assert list(found) == PARTS
    assert unwell(found) == []


def test_nothing_is_made_by_looking(settings):
    found = examine(settings)
    assert unwell(found) == ["keys", "database"]
    assert not settings.home.exists()


def test_missing_database_is_not_made(set_up):
    (set_up.home / "ballast.db").rename(set_up.home / "aside.db")
    found = examine(set_up)
    assert unwell(found) == ["database"]
    assert "ballast setup" in found["database"].sentence
    assert not (set_up.home / "ballast.db").exists()


def test_older_tables_are_told_and_left(set_up):
    database = open_database(set_up)
    downgrade(database.engine, "-1")
    database.close()
    assert unwell(examine(set_up)) == ["migrations"]
    assert unwell(examine(set_up)) == ["migrations"]


def test_open_key_file_is_told(set_up):
    set_up.key_file.chmod(0o644)
    assert unwell(examine(set_up)) == ["keys", "database"]


def test_model_that_does_not_fit_is_told(set_up):
    assert unwell(examine(set_up, model=False)) == ["model"]


def test_rules_that_go_on_alone_are_told(set_up, monkeypatch):
    monkeypatch.setattr(doctor, "load_screening", lambda: "the file is damaged")
    found = examine(set_up)
    assert unwell(found) == ["screening"]
    assert "the file is damaged" in found["screening"].sentence


def test_full_disk_is_told(set_up, monkeypatch):
    monkeypatch.setattr(doctor, "LEAST_FREE_BYTES", 1 << 60)
    assert unwell(examine(set_up)) == ["disk"]


def test_helplines_that_nobody_checked_lately_are_named(set_up):
    late = datetime(2030, 1, 1, tzinfo=timezone.utc)
    found = examine(set_up, clock=lambda: late)["directory"]
    assert not found.is_well
    assert all(entry.id in found.sentence for entry in entries() if URGENT & set(entry.kinds))


def test_exit_status_says_whether_all_is_well(set_up, capsys, monkeypatch):
    monkeypatch.setattr(doctor, "_directory", lambda clock: doctor.Finding("directory", True, "checked."))
    assert doctor.main(set_up, no_telegram, lambda: True) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1].rstrip(":") for line in lines] == PARTS
    assert all(line.startswith("ok ") for line in lines)
    assert doctor.main(set_up, no_telegram, lambda: False) == 1
    assert "LOOK model:" in capsys.readouterr().out
