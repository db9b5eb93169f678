"""The scorecard: real counts, a page with intervals and history, and not a word of the test sets."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest
import yaml

from bot.config import PROJECT
from bot.console import scorecard, scored
from bot.console.scorecard import AREAS, main, page, write

DAYS = (datetime(2026, 11, 22, 9, tzinfo=timezone.utc), datetime(2026, 12, 24, 9, tzinfo=timezone.utc))
LIGHT = [area for area in AREAS if area.name in ("De-identification", "Language")]


def run(date, hits):
    figures = [{"figure": "sums", "hits": hits, "count": 100}]
    return {"date": date, "areas": [{"area": "PHQ-9", "figures": figures}]}


@pytest.fixture
def light(monkeypatch):
    """Measure what takes no time."""
    monkeypatch.setattr(scorecard, "AREAS", LIGHT)


def test_it_measures_writes_a_dated_page_and_keeps_its_history(light, tmp_path, capsys, monkeypatch):
    for day in DAYS:
        monkeypatch.setattr(scorecard, "utc_now", lambda day=day: day)
        assert main(["--out", str(tmp_path)]) == 0
    told = (tmp_path / "scorecard.md").read_text(encoding="utf-8")
    assert capsys.readouterr().out.endswith(told)
    assert "Measured on 2026-12-24" in told
    assert "2026-11-22: " in told
    assert "% (" in told
    history = json.loads((tmp_path / "scorecard.json").read_text())
    assert [each["date"] for each in history] == ["2026-11-22", "2026-12-24"]
    assert {path.name for path in tmp_path.iterdir()} == {"scorecard.md", "scorecard.json"}


def test_the_figures_are_those_that_the_tests_hold_to():
    figures = {name: (hits, count) for name, hits, count in scored.deidentification()}
    lines = yaml.safe_load((PROJECT / "tests" / "research" / "lines.yml").read_text(encoding="utf-8"))
    hits, count = figures["gone, later lines"]
    assert count == sum(len(line["hide"]) for line in lines["later"])
    assert 0.93 * count <= hits <= count
    words = {name: hits / count for name, hits, count in scored.language()}
    assert words["nothing banned"] == words["of 60 words or fewer"] == 1
    assert words["reading grade 7 or lower"] > 0.99


def test_every_questionnaire_is_counted():
    figures = {name: (hits, count) for name, hits, count in scored.phq9()}
    assert figures == {"sums": (4**9, 4**9), "bands": (4**9, 4**9)}


def test_a_missing_model_is_said_plainly(monkeypatch):
    monkeypatch.setattr("bot.rasa.model.is_current", lambda: False)
    (area,) = (area for area in AREAS if area.name == "Codes")
    told = scorecard.measured(area)
    assert "make train" in told["not_measured"]
    assert "**Not measured this time:**" in page([{"date": "2026-11-22", "areas": [told]}])


def test_a_second_run_of_a_day_takes_the_place_of_the_first(tmp_path):
    write(tmp_path, run("2026-11-21", 90))
    write(tmp_path, run("2026-11-22", 91))
    history = write(tmp_path, run("2026-11-22", 95))
    assert [(each["date"], each["areas"][0]["figures"][0]["hits"]) for each in history] == [
        ("2026-11-21", 90),
        ("2026-11-22", 95),
    ]
    assert "| sums | 95 of 100 | 95.0 % (88.8 to 97.8) | 2026-11-21: 90.0 % |" in page(history)


def test_the_page_in_the_repository_is_the_one_that_its_history_makes_and_holds_no_test_phrase():
    docs = PROJECT / "docs"
    history = json.loads((docs / "scorecard.json").read_text(encoding="utf-8"))
    told = (docs / "scorecard.md").read_text(encoding="utf-8")
    assert told == page(history)
    phrases = [
        row["text"]
        for name in ("codes", "crisis", "intents", "no_code")
        for row in yaml.safe_load((PROJECT / "tests" / "heldout" / f"{name}.yml").read_text(encoding="utf-8"))
    ]
    kept = told.lower() + json.dumps(history).lower()
    assert not any(phrase.lower() in kept for phrase in phrases if len(phrase) > 12)


def test_a_folder_that_cannot_be_written_is_said(light, tmp_path):
    with pytest.raises(scorecard.ScorecardError, match="cannot be written"):
        main(["--out", str(tmp_path / "none")])
