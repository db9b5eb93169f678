"""Out into a project, coded there by somebody else, and back to the turns."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from bot.config import Settings
from bot.research import Coding, CodingsError, read_codings
from bot.research.command import main
from bot.research.refi import code_guid
from bot.research.returned import Turns, coded_turns, write_coded_turns

ONLY = "sqlite"  # what is asked here is the files
READING = {"intent": "hiding_it", "codes": [{"id": "hiding_it", "score": 0.8}]}
TEXTS = ("müde \U0001f614 since may", "nobody knows", "\U0001f468‍\U0001f469‍\U0001f467 are fine")


@pytest.fixture
def export(house, run, tmp_path):
    for man in (house.man(), house.man()):
        for number, text in enumerate(TEXTS):
            house.says(man, text, reading=READING, after=timedelta(minutes=number))
            house.hears(man, "Go on.", after=timedelta(minutes=number, seconds=9))
    _, lines = run(formats=("jsonl", "qdpx"))
    return tmp_path / "out", lines


def coded_by_somebody(folder, line, start, end, *, edit=lambda text: text):
    """Return a project as another program would save it: our codings gone, one of its own, perhaps another text."""
    path = folder.parent / "theirs.qdpx"
    source = (
        f'<TextSource guid="40000000-0000-4000-8000-000000000004" name="{line["dialogue"]}" plainTextPath="internal://t.txt">'
        f'<PlainTextSelection guid="50000000-0000-4000-8000-000000000005" startPosition="{start}" endPosition="{end}">'
        '<Coding guid="60000000-0000-4000-8000-000000000006" creatingUser="10000000-0000-4000-8000-000000000001">'
        f'<CodeRef targetGUID="{code_guid("work_stigma").upper()}"/></Coding></PlainTextSelection></TextSource>'
    )
    with zipfile.ZipFile(folder / "project.qdpx") as ours, zipfile.ZipFile(path, "w") as theirs:
        tree = ours.read("project.qde").decode()
        guid = tree.split(f'name="{line["dialogue"]}" plainTextPath="internal://')[1].split(".txt")[0]
        theirs.writestr("sources/t.txt", edit(ours.read(f"sources/{guid}.txt").decode()))
        head = tree[: tree.index("<Sources>")]
        user = '<User guid="10000000-0000-4000-8000-000000000001" name="=Coder A"/></Users>'
        theirs.writestr("project.qde", head.replace("</Users>", user) + f"<Sources>{source}</Sources></Project>")
    return path


def test_our_own_codings_come_back_to_the_turns_that_had_them(export):
    folder, lines = export
    back = {(row.turn_id, row.code) for row in coded_turns(read_codings(folder / "project.qdpx"), Turns(folder))}
    assert back == {(line["id"], code["id"]) for line in lines for code in line["codes"]}
    assert len(back) == 2 * len(TEXTS)


@pytest.mark.parametrize(
    ("first", "last", "shift", "turns"),
    [(0, 0, (0, 0), [0]), (0, 0, (5, -10), [0]), (0, 4, (3, -2), [0, 1, 2, 3, 4]), (2, 3, (0, 0), [2, 3])],
    ids=["a turn", "one emoji", "across turns", "his and ours"],
)
def test_a_stretch_that_somebody_coded_gives_every_turn_it_touches(export, first, last, shift, turns):
    folder, lines = export
    his = [line for line in lines if line["dialogue"] == lines[-1]["dialogue"]]
    path = coded_by_somebody(folder, his[0], his[first]["start"] + shift[0], his[last]["end"] + shift[1])
    rows = list(coded_turns(read_codings(path), Turns(folder)))
    assert [(row.turn_id, row.code) for row in rows] == [(his[n]["id"], "work_stigma") for n in turns]


def test_a_coding_on_a_heading_alone_touches_no_turn(export):
    folder, lines = export
    path = coded_by_somebody(folder, lines[0], 0, lines[0]["start"])
    assert list(coded_turns(read_codings(path), Turns(folder))) == []


@pytest.mark.parametrize("edit", [lambda text: "x" + text, lambda text: text.replace("\n", "\r\n")])
def test_a_text_that_was_changed_is_refused_and_not_coded_beside_the_mark(export, edit):
    folder, lines = export
    path = coded_by_somebody(folder, lines[0], lines[0]["start"], lines[0]["end"], edit=edit)
    with pytest.raises(CodingsError, match="no longer as it was exported"):
        list(coded_turns(read_codings(path), Turns(folder)))


def test_a_source_of_another_export_is_refused(export, tmp_path):
    folder, _ = export
    with pytest.raises(CodingsError, match="no dialogue of this export"):
        list(coded_turns([Coding("somebody", 0, 1, "a", "hiding_it", None)], Turns(folder)))
    with pytest.raises(CodingsError, match=r"no turns\.jsonl"):
        Turns(tmp_path)


def test_the_same_code_twice_on_a_turn_is_one_row(export):
    folder, lines = export
    line = lines[0]
    twice = [
        Coding(line["dialogue"], line["start"] + n, line["start"] + n + 1, line["text"][n], "hiding_it", "A")
        for n in (0, 1)
    ]
    file = io.StringIO()
    assert write_coded_turns(coded_turns(twice, Turns(folder)), file) == 1


def test_the_command_needs_no_database_and_writes_csv(export, capsys):
    folder, lines = export
    path = coded_by_somebody(folder, lines[0], lines[0]["start"], lines[0]["end"])
    settings = Settings.from_environment({})
    capsys.readouterr()
    assert main(["codings", str(path), "--export", str(folder)], settings, pytest.fail) == 0
    said = capsys.readouterr()
    assert list(csv.reader(io.StringIO(said.out))) == [
        ["turn_id", "code", "coder"],
        [lines[0]["id"], "work_stigma", "'=Coder A"],
    ]
    assert said.err == "1 codes on turns\n"
    assert main(["codings", str(folder / "none.qdpx"), "--export", str(folder)], settings, pytest.fail) == 1
    assert capsys.readouterr().err.endswith("none.qdpx cannot be read (No such file or directory).\n")


def test_a_project_that_another_program_opened_coded_and_saved_comes_back_without_loss():
    saved = Path(__file__).with_name("refi") / "saved_elsewhere"
    lines = [json.loads(line) for line in (saved / "turns.jsonl").read_text(encoding="utf-8").splitlines()]
    codings = list(read_codings(saved / "project.qdpx"))
    rows = list(coded_turns(codings, Turns(saved)))
    ours = [(row.turn_id, row.code) for row in rows if row.coder == "Ballast's model"]
    assert ours == [(line["id"], code["id"]) for line in lines for code in line["codes"]]
    theirs = [(row.turn_id, row.code) for row in rows if row.coder == "Coder B"]
    assert theirs == [(lines[0]["id"], "salutogenic")] + [(line["id"], "work_stigma") for line in lines[1:4]]
    assert [coding.text for coding in codings if coding.code == "salutogenic"] == ["\U0001f614"]
