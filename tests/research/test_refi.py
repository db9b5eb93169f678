"""REFI-QDA files, held to the standard's own schema and read back by other eyes than those that wrote them."""

from __future__ import annotations

import zipfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
import xmlschema

from bot.codebook import code_ids, codes, themes
from bot.research import read_codings

SCHEMAS = Path(__file__).with_name("refi")
ONLY = "sqlite"  # what is asked here is the files; that both databases give the same is asked of the export
QDE = "{urn:QDA-XML:project:1.0}"
TEXTS = (
    "plain words",
    "müde & <leer> \"ganz\" — 'so'",
    "\U0001f614 \U0001f468‍\U0001f469‍\U0001f467 flat \U0001f1e9\U0001f1ea",  # astral, joined, flags
    "e\u0301 and \u00e9, two ways",
    "one line\r\nanother\rand\u2028a third",
    "\U00020000\U0001d54f end",
)


def reading(*ids):
    return {
        "intent": ids[0],
        "confidence": 0.8,
        "codes": [{"id": code, "score": 0.8 - 0.1 * n} for n, code in enumerate(ids)],
    }


@pytest.fixture
def project(house, run, tmp_path):
    for man in (house.man(), house.man()):
        for number, text in enumerate(TEXTS):
            after = timedelta(days=number, minutes=1)
            house.says(man, text, reading=reading("hiding_it", "work_stigma"), after=after)
            house.hears(man, "Sounds long. \U0001f44d", after=after + timedelta(seconds=5))
        house.says(man, "nothing coded here", after=timedelta(days=9))
    _, lines = run(formats=("jsonl", "qdpx"))
    return tmp_path / "out", lines


def test_project_and_codebook_are_valid_against_the_schema(project):
    folder, _ = project
    with zipfile.ZipFile(folder / "project.qdpx") as packed:
        assert packed.testzip() is None
        xmlschema.XMLSchema(SCHEMAS / "Project.xsd").validate(ElementTree.fromstring(packed.read("project.qde")))
    xmlschema.XMLSchema(SCHEMAS / "Codebook.xsd").validate(str(folder / "codebook.qdc"))


def test_an_export_without_a_dialogue_is_valid_as_well(house, run, tmp_path):
    run(formats=("jsonl", "qdpx"))
    with zipfile.ZipFile(tmp_path / "out" / "project.qdpx") as packed:
        assert packed.namelist() == ["project.qde"]
        xmlschema.XMLSchema(SCHEMAS / "Project.xsd").validate(ElementTree.fromstring(packed.read("project.qde")))


def test_the_schema_refuses_what_is_not_refi(project):
    folder, _ = project
    with zipfile.ZipFile(folder / "project.qdpx") as packed:
        wrong = packed.read("project.qde").replace(b'startPosition="', b'beginPosition="', 1)
    assert not xmlschema.XMLSchema(SCHEMAS / "Project.xsd").is_valid(ElementTree.fromstring(wrong))


def test_each_selection_covers_exactly_the_turns_text_in_code_points(project):
    folder, lines = project
    by_place = {(line["dialogue"], line["start"], line["end"]): line for line in lines}
    with zipfile.ZipFile(folder / "project.qdpx") as packed:
        root = ElementTree.fromstring(packed.read("project.qde"))
        seen = 0
        for source in root.iter(f"{QDE}TextSource"):
            name = source.get("plainTextPath").removeprefix("internal://")
            text = packed.read(f"sources/{name}").decode("utf-8")
            assert "\r" not in text
            *selections, whole = source.iter(f"{QDE}PlainTextSelection")
            assert (whole.get("startPosition"), whole.get("endPosition")) == ("0", str(len(text)))
            for selection in selections:
                start, end = int(selection.get("startPosition")), int(selection.get("endPosition"))
                line = by_place[source.get("name"), start, end]
                assert text[start:end] == line["text"]
                seen += 1
    assert seen == 2 * len(TEXTS)


def test_all_turns_have_their_place_in_the_transcript_also_those_without_a_code(project):
    folder, lines = project
    with zipfile.ZipFile(folder / "project.qdpx") as packed:
        root = ElementTree.fromstring(packed.read("project.qde"))
        texts = {
            source.get("name"): packed.read(f"sources/{source.get('guid')}.txt").decode()
            for source in root.iter(f"{QDE}TextSource")
        }
    assert len(lines) == 26
    for line in lines:
        assert texts[line["dialogue"]][line["start"] : line["end"]] == line["text"]


def test_codings_come_back_as_they_went_out(project):
    folder, lines = project
    went = Counter(
        (line["dialogue"], line["start"], line["end"], line["text"], code["id"])
        for line in lines
        for code in line["codes"]
    )
    codings = list(read_codings(folder / "project.qdpx"))
    assert Counter((c.source, c.start, c.end, c.text, c.code) for c in codings) == went
    assert {coding.coder for coding in codings} == {"Ballast's model"}
    assert sum(went.values()) == 4 * len(TEXTS)


def test_each_dialogue_is_a_case_with_its_attributes_and_linked_as_qualcoder_wants_it(project):
    folder, lines = project
    with zipfile.ZipFile(folder / "project.qdpx") as packed:
        root = ElementTree.fromstring(packed.read("project.qde"))
    names = {v.get("guid"): v.get("name") for v in root.iter(f"{QDE}Variable")}
    sources = {source.get("guid"): source for source in root.iter(f"{QDE}TextSource")}
    codes_there = {code.get("guid") for code in root.iter(f"{QDE}Code")}
    cases = list(root.iter(f"{QDE}Case"))
    assert {case.get("name") for case in cases} == {line["dialogue"] for line in lines}
    for case in cases:
        values = {
            names[value.find(f"{QDE}VariableRef").get("targetGUID")]: int(value.find(f"{QDE}IntegerValue").text)
            for value in case.iter(f"{QDE}VariableValue")
            if value.find(f"{QDE}IntegerValue") is not None
        }
        assert values == {"turns": 13, "turns_of_the_man": 7, "coded_turns": 6, "days": 9}
        told = [value.text for value in case.iter(f"{QDE}TextValue")]
        assert told == ["*"] * 5  # two men are no crowd
        source = sources[case.find(f"{QDE}SourceRef").get("targetGUID")]
        assert source.get("name") == case.get("name")
        assert case.get("guid") in codes_there
        last = list(source.iter(f"{QDE}PlainTextSelection"))[-1]
        assert last.find(f"{QDE}Coding/{QDE}CodeRef").get("targetGUID") == case.get("guid")


def test_every_guid_is_used_once_and_every_reference_leads_somewhere(project):
    folder, _ = project
    with zipfile.ZipFile(folder / "project.qdpx") as packed:
        root = ElementTree.fromstring(packed.read("project.qde"))
    guids = Counter(element.get("guid") for element in root.iter() if element.get("guid"))
    cases = {case.get("guid") for case in root.iter(f"{QDE}Case")}
    assert {guid for guid, count in guids.items() if count > 1} == cases  # QualCoder's link, and nothing else
    wanted = {element.get("targetGUID") for element in root.iter() if element.get("targetGUID")}
    assert wanted <= set(guids)


def test_the_codebook_holds_the_themes_and_under_them_the_codes(project):
    folder, _ = project
    qdc = "{urn:QDA-XML:codebook:1.0}"
    root = ElementTree.parse(folder / "codebook.qdc").getroot()
    tree = {
        theme.get("name"): [code.get("name") for code in theme.findall(f"{qdc}Code")]
        for theme in root.findall(f"{qdc}Codes/{qdc}Code")
    }
    assert list(tree) == list(themes().values())
    assert {name for names in tree.values() for name in names} == set(code_ids())
    assert {
        code.get("name"): code.find(f"{qdc}Description").text
        for code in root.iter(f"{qdc}Code")
        if code.get("name") in code_ids()
    }["partner_support"].endswith("(the study's Table 3: 21 quotations)")
    assert len(codes()) == 25


def test_code_guids_are_the_same_in_every_export_and_all_others_are_not(house, run, tmp_path):
    house.says(house.man(), "i feel flat", reading=reading("hiding_it"))
    guids = []
    for name in ("a", "b"):
        run(name, formats=("jsonl", "qdpx"))
        with zipfile.ZipFile(tmp_path / name / "project.qdpx") as packed:
            root = ElementTree.fromstring(packed.read("project.qde"))
        fixed = {code.get("guid") for code in root.iter(f"{QDE}Code") if code.get("name") in code_ids()}
        sources = {source.get("guid") for source in root.iter(f"{QDE}TextSource")}
        guids.append((fixed, sources))
    assert guids[0][0] == guids[1][0]
    assert not guids[0][1] & guids[1][1]
