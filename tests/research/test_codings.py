"""Projects that came from elsewhere: other GUID forms, texts inside, codings of a whole source, and broken ones."""

from __future__ import annotations

import zipfile

import pytest

from bot.research import Coding, CodingsError, read_codings

USER, CODE, OTHER, CASE, SOURCE = (f"{n}0000000-0000-4000-8000-00000000000{n}" for n in range(1, 6))
HEAD = '<?xml version="1.0" encoding="utf-8"?>'
TEXT = "flat \U0001f614 since müde\nmay"
SELECTION = (
    '<PlainTextSelection guid="{}" startPosition="5" endPosition="6"><Coding guid="{}" creatingUser="{{{}}}">'
    '<CodeRef targetGUID="{}"/></Coding></PlainTextSelection>'
)


def tree(inside, *, attributes=f'plainTextPath="internal://{SOURCE}.txt"', before=""):
    return (
        f'{HEAD}{before}<Project xmlns="urn:QDA-XML:project:1.0" name="p" origin="NVivo">'
        f'<Users><User guid="{USER.upper()}" name="Coder A"/></Users><CodeBook><Codes>'
        f'<Code guid="{{{CODE}}}" name="hiding_it" isCodable="true">'
        f'<Code guid="{OTHER}" name="work_stigma" isCodable="true"/></Code>'
        f'<Code guid="{CASE}" name="Case 1" isCodable="true"/></Codes></CodeBook>'
        f'<Cases><Case guid="{CASE}" name="Case 1"/></Cases>'
        f'<Sources><TextSource guid="{SOURCE}" name="d1" {attributes}>{inside}</TextSource></Sources></Project>'
    )


@pytest.fixture
def packed(tmp_path):
    def pack(project, *, name="project.qde", text=TEXT, folder="Sources"):
        path = tmp_path / "theirs.qdpx"
        with zipfile.ZipFile(path, "w") as file:
            file.writestr(name, project)
            file.writestr(f"{folder}/{SOURCE}.txt", text)
        return path

    return pack


def selection(code, start=5, end=6):
    made = SELECTION.format("60000000-0000-4000-8000-000000000006", "70000000-0000-4000-8000-000000000007", USER, code)
    return made.replace('"5"', f'"{start}"').replace('"6"', f'"{end}"')


@pytest.mark.parametrize("folder", ["sources", "Sources"])
@pytest.mark.parametrize("name", ["project.qde", "study.qde"])
def test_guids_with_braces_and_in_capitals_are_the_same_guids(packed, folder, name):
    path = packed(tree(selection(CODE)), name=name, folder=folder)
    assert list(read_codings(path)) == [Coding("d1", 5, 6, "\U0001f614", "hiding_it", "Coder A")]


def test_a_nested_code_a_text_inside_and_a_coding_of_the_whole_source(packed):
    whole = f'<Coding guid="80000000-0000-4000-8000-000000000008"><CodeRef targetGUID="{CODE}"/></Coding>'
    content = f"<PlainTextContent>{TEXT}</PlainTextContent>"
    found = list(read_codings(packed(tree(content + selection(OTHER, 13, 17) + whole, attributes=""))))
    assert found == [
        Coding("d1", 13, 17, "müde", "work_stigma", "Coder A"),
        Coding("d1", 0, len(TEXT), TEXT, "hiding_it", None),
    ]


def test_codes_that_stand_for_a_case_are_left_out(packed):
    assert list(read_codings(packed(tree(selection(CASE) + selection(CODE))))) == [
        Coding("d1", 5, 6, "\U0001f614", "hiding_it", "Coder A")
    ]


@pytest.mark.parametrize(
    "project",
    [
        tree(selection(CODE, 5, 600)),
        tree(selection(CODE, 9, 6)),
        tree(selection("90000000-0000-4000-8000-000000000009")),
        tree(selection(CODE), attributes='plainTextPath="internal://missing.txt"'),
        tree(selection(CODE), attributes='plainTextPath="absolute:///etc/passwd"'),
        tree(selection(CODE), attributes='plainTextPath="internal://../../etc/passwd"'),
        tree(selection(CODE), before='<!DOCTYPE a [<!ENTITY b "c">]>'),
        tree(selection(CODE))[:-20],
        "not xml",
    ],
    ids=["beyond", "backwards", "code", "missing", "outside", "climbing", "doctype", "cut", "text"],
)
def test_a_broken_project_is_refused_with_its_cause(packed, project):
    with pytest.raises(CodingsError):
        list(read_codings(packed(project)))


def test_what_is_no_project_is_refused(tmp_path, packed):
    (tmp_path / "a.qdpx").write_bytes(b"PK but no zip")
    for path in (tmp_path / "a.qdpx", packed("x", name="readme.txt")):
        with pytest.raises(CodingsError):
            list(read_codings(path))
