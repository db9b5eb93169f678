from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml

from bot import directory
from bot.config import REGIONS
from bot.directory import command, entries, find, line, short_line
from bot.directory.entries import KINDS, Entry, _entry
from bot.errors import DirectoryError

ROWS = yaml.safe_load((Path(directory.__file__).parent / "entries.yml").read_text(encoding="utf-8"))
NEEDED = ("id", "kinds", "regions", "name", "what")
UNCHECKED = "(details not checked yet, look them up first)"
each_entry = pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.id)
each_region = pytest.mark.parametrize("region", REGIONS)


@each_entry
def test_an_entry_is_well_formed(entry):
    assert all(getattr(entry, name) for name in NEEDED)
    assert set(entry.kinds) <= KINDS
    assert set(entry.regions) <= set(REGIONS)
    texts = (entry.id, entry.name, entry.what, entry.phone, entry.text, entry.web, entry.hours, entry.cost)
    assert all(isinstance(text, str) and text == text.strip() and "\n" not in text for text in texts)
    assert all(len(code) == 2 and code.islower() for code in entry.languages)
    assert entry.checked_on is None or type(entry.checked_on) is date
    assert entry.web == "" or entry.web.startswith("https://")
    assert len(entry.what.split()) <= 20


@each_entry
def test_no_number_stands_without_its_source_and_day(entry):
    if entry.phone or entry.text or entry.hours:
        assert entry.source.startswith("https://")
        assert entry.checked_on is not None
    assert entry.checked_on is None or entry.source


@each_entry
def test_what_he_reads_holds_every_way_and_no_empty_part(entry):
    for said in (line(entry), short_line(entry)):
        assert said.startswith(entry.name)
        assert "  " not in said
        assert ", ," not in said
        assert not said.rstrip().endswith((":", ","))
        assert all(way in said for way in (entry.phone, entry.text) if way)
        assert (UNCHECKED in said) == (entry.checked_on is None)
    if not entry.phone and not entry.text:
        assert entry.web.removeprefix("https://") in line(entry)


@each_region
def test_each_region_has_an_emergency_number_to_call(region):
    first, *_ = find("emergency", region)
    assert first.phone or region == "elsewhere"  # there it is called by its name only
    assert first.checked_on is not None


@each_region
def test_each_region_has_somebody_who_answers_in_a_crisis(region):
    found = find("crisis", region)
    assert found
    assert all(entry.phone or entry.text or entry.web for entry in found)
    assert found[0].checked_on is not None


@each_region
def test_each_region_has_a_way_for_him_who_will_not_call(region):
    assert any(entry.text or entry.web for entry in find("crisis", region))


@each_region
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_at_most_three_are_offered_and_the_files_order_is_the_order_of_preference(region, kind):
    found = find(kind, region, most=99)
    assert all(kind in entry.kinds and region in entry.regions for entry in found)
    assert find(kind, region) == found[:3]
    checked = [entry for entry in found if entry.checked_on or kind not in ("emergency", "crisis")]
    assert checked == sorted(checked, key=entries().index)


@each_region
@pytest.mark.parametrize("kind", ["emergency", "crisis"])
def test_in_a_crisis_the_unchecked_come_last(region, kind):
    unchecked = [entry.checked_on is None for entry in find(kind, region, most=99)]
    assert unchecked == sorted(unchecked)


def test_miami_psychology_group_is_found_in_miami_and_marked():
    (entry,) = (entry for entry in find("therapy", "us-miami") if "Miami Psychology Group" in entry.name)
    assert UNCHECKED in line(entry)


def test_every_row_of_the_file_is_an_entry():
    assert [row["id"] for row in ROWS] == [entry.id for entry in entries()]
    assert len({row["id"] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize(
    "change",
    [{"kinds": ["psychic"]}, {"regions": ["mars"]}, {"telephone": "1"}, {"name": None}, {"what": None}],
    ids=["kind", "region", "unknown field", "no name", "no words"],
)
def test_a_malformed_entry_is_refused_by_its_id(change):
    row = {**ROWS[0], **change}
    _entry(ROWS[0])
    with pytest.raises(DirectoryError, match=ROWS[0]["id"]):
        _entry({name: value for name, value in row.items() if value is not None})


TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(("days", "stale"), [(0, False), (90, False), (91, True), (None, True)])
def test_an_entry_is_stale_after_ninety_days_or_when_never_checked(days, stale):
    checked_on = None if days is None else TODAY - timedelta(days=days)
    entry = Entry("x", ("crisis",), ("uk",), "X", "somebody", checked_on=checked_on)
    assert entry.is_stale(TODAY) is stale


def test_who_runs_it_is_told_what_is_old_and_what_is_missing(capsys, monkeypatch, clock):
    monkeypatch.setattr(command, "utc_now", clock)
    assert command.main(["check"]) == 1
    told = capsys.readouterr().out
    assert "miami-psychology-group: checked never; missing: languages, hours, cost, checked_on, phone, text" in told
    assert "miami-nami: checked 2026-11-22; missing: hours\n" in told
    assert "miami-211" not in told  # it lacks nothing and is fresh
    assert "us-911" not in told
    clock.forward(days=91)
    command.main([])
    assert "miami-211: checked 2026-11-22, more than 90 days ago\n" in capsys.readouterr().out


def test_a_wrong_word_after_directory_is_refused(capsys):
    assert command.main(["chek"]) == 2
    assert "check" in capsys.readouterr().err


def test_a_complete_and_fresh_directory_is_praised_by_silence_and_zero(capsys, monkeypatch):
    whole = tuple(entry for entry in entries() if not entry.missing() and entry.checked_on)
    monkeypatch.setattr(command, "entries", lambda: whole)
    monkeypatch.setattr(command, "utc_now", lambda: datetime(2026, 11, 23, tzinfo=timezone.utc))
    assert command.main(["check"]) == 0
    assert capsys.readouterr().out == f"0 of {len(whole)} entries need a look.\n"
