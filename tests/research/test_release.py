"""The structured fields on their way out: where they come from, whom they hide, and what an open release leaves out."""

from __future__ import annotations

import csv
import json
import zipfile
from collections import Counter
from datetime import timedelta
from xml.etree import ElementTree

import openpyxl
import pyarrow.parquet
import pytest

from bot.content import say
from bot.records.about_him import keep_answer
from bot.research import ExportError, fields
from bot.research.fields import FIELDS, fields_of
from bot.storage.models import Person, Record

ONLY = "sqlite"  # what is asked here is the files; that both databases give the same is asked of the export
ALL = ("jsonl", "csv", "parquet", "xlsx", "qdpx")
QDE = "{urn:QDA-XML:project:1.0}"


@pytest.fixture
def crowd(house):
    """Make men who told the same about themselves, each with a message; return their ids."""

    def make(count, *, region="uk", months=0, **told):
        men = [house.man() for _ in range(count)]
        for man in men:
            house.says(man, "my wife karen left", after=timedelta(days=31 * months))
            with house.database.write() as session:
                session.get(Person, man).settings = {"region": region, "language": "en"}
                for question, value in told.items():
                    keep_answer(session, person_id=man, question=question, value=value, at=house.start)
        return men

    return make


def read_men(folder):
    return [json.loads(line) for line in (folder / "men.jsonl").read_text(encoding="utf-8").splitlines()]


def test_what_he_told_and_set_and_when_he_began_become_fields(house, crowd, database):
    (man,) = crowd(1, region="de", months=1, age="25-34", work="off-sick")
    with database.read() as session:
        assert fields_of(session, man) == ("25-34", "de", "off-sick", fields.NOT_GIVEN, "2026-04")


def test_what_cannot_be_opened_counts_as_not_given(house, crowd, database, execute):
    (man,) = crowd(1, age="25-34")
    execute("UPDATE records SET body_sealed = zeroblob(200)")
    execute("UPDATE persons SET settings_sealed = zeroblob(200)")
    with database.read() as session:
        assert fields_of(session, man)[:2] == (fields.NOT_GIVEN, fields.NOT_GIVEN)


@pytest.mark.parametrize(("release", "k"), [("open", 10), ("controlled", 5)])
def test_a_combination_is_shared_by_k_men_in_every_format(house, crowd, run, tmp_path, release, k):
    crowd(k, age="25-34", work="employed", home="partner")
    crowd(k, region="us", age="65+", work="retired", home="alone")
    crowd(k - 1, region="de", age="45-54", home="children")
    _, lines = run(formats=ALL, release=release)
    men = read_men(tmp_path / "out")
    classes = Counter(tuple(list(man.values())[1:]) for man in men)
    assert min(classes.values()) >= k
    assert {man["dialogue"] for man in men} == {line["dialogue"] for line in lines}
    with (tmp_path / "out" / "men.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == men
    assert pyarrow.parquet.read_table(tmp_path / "out" / "men.parquet").to_pylist() == men
    head, *rows = openpyxl.load_workbook(tmp_path / "out" / "turns.xlsx")["men"].values
    assert [dict(zip(head, row, strict=True)) for row in rows] == men
    told = json.loads((tmp_path / "out" / "disclosure.json").read_text())
    assert (told["k"], told["release"], told["after"]["smallest"]) == (k, release, min(classes.values()))
    assert json.loads((tmp_path / "out" / "provenance.json").read_text())["release"] == release


def test_the_fields_are_attributes_of_the_refi_case(house, crowd, run, tmp_path):
    crowd(5, age="25-34", work="employed", home="partner")
    crowd(5, region="us", age="65+", work="retired", home="alone")
    run(formats=("jsonl", "qdpx"))
    with zipfile.ZipFile(tmp_path / "out" / "project.qdpx") as packed:
        root = ElementTree.fromstring(packed.read("project.qde"))
    names = {variable.get("guid"): variable.get("name") for variable in root.iter(f"{QDE}Variable")}
    found = []
    for case in root.iter(f"{QDE}Case"):
        texts = {
            names[value.find(f"{QDE}VariableRef").get("targetGUID")]: value.find(f"{QDE}TextValue").text
            for value in case.iter(f"{QDE}VariableValue")
            if value.find(f"{QDE}TextValue") is not None
        }
        found.append({"dialogue": case.get("name"), **texts})
    assert found == read_men(tmp_path / "out")
    assert {man["age_band"] for man in found} == {"25-34", "65+"}


def test_a_man_without_a_turn_is_no_crowd_for_others(house, crowd, run, tmp_path):
    crowd(4, age="25-34")
    silent = house.man()
    with house.database.write() as session:
        session.get(Person, silent).settings = {"region": "uk", "language": "en"}
        keep_answer(session, person_id=silent, question="age", value="25-34", at=house.start)
    run()
    assert {value for man in read_men(tmp_path / "out") for value in list(man.values())[1:]} == {"*"}


def test_an_open_release_holds_no_words(house, crowd, run, tmp_path):
    crowd(10, age="25-34")
    _, lines = run(formats=ALL, release="open")
    assert {line["text"] for line in lines} == {"[words withheld]"}
    for path in (tmp_path / "out").iterdir():
        assert b"my wife" not in path.read_bytes()
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                assert not any(b"my wife" in packed.read(name) for name in packed.namelist())
    rows = pyarrow.parquet.read_table(tmp_path / "out" / "turns.parquet").to_pylist()
    assert {row["text"] for row in rows} == {"[words withheld]"}
    assert "may be passed on" in (tmp_path / "out" / "TERMS.txt").read_text()


def test_a_release_of_another_name_is_refused(run):
    with pytest.raises(ExportError, match="controlled, open"):
        run(release="public")


def test_his_answers_and_his_region_are_in_no_turn(house, run):
    man = house.man()
    house.says(man, "hello")
    for label, payload in (("25 to 34", "gate:about_age_25-34"), ("Miami", "gate:us-miami")):
        house.says(man, None, button=label, payload=payload, kind="button", after=timedelta(minutes=1))
    house.says(man, None, button="Tell me more", payload="/affirm", kind="button", after=timedelta(minutes=2))
    house.hears(
        man, f"{say('me', 'us')[0]}\nFirst time here: 2026-03-02\nWhere you are: Miami", after=timedelta(hours=1)
    )
    texts = [line["text"] for line in run()[1]]
    assert texts == ["hello", "[button: Tell me more]", say("me", "us")[0]]


def test_the_report_tells_what_was_withheld_and_prints_no_small_count(house, crowd, run, tmp_path):
    crowd(31, age="25-34", work="employed", home="partner")
    crowd(1, region="de", age="65+", work="retired", home="alone")
    run()
    words = (tmp_path / "out" / "DISCLOSURE.md").read_text()
    assert "The fields of 5 of 32 men are withheld" in words
    with (tmp_path / "out" / "counts.csv").open(encoding="utf-8", newline="") as file:
        rows = {(row["field"], row["value"]): row["men"] for row in csv.DictReader(file)}
    assert rows["age_band", "25-34"] == "hidden"  # from 32 men and 27 of them, the withheld would follow
    assert rows["age_band", "*"] == "<10"
    assert {field for field, _ in rows} == set(FIELDS)


def test_an_erased_man_leaves_no_answer(house, crowd, database):
    from bot.storage.retention import erase_person

    (man,) = crowd(1, age="25-34")
    with database.write() as session:
        erase_person(session, man)
    with database.read() as session:
        assert session.query(Record).count() == 0
