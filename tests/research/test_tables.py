"""The flat formats, each read back by another hand than the one that wrote it, hold the same turns."""

from __future__ import annotations

import csv
import json
import zipfile
from datetime import timedelta

import openpyxl
import pyarrow.parquet
import pytest
from openpyxl.utils.escape import unescape

from bot.codebook import codes
from bot.research import tables
from bot.research.companions import FILES, detector_sha256, dictionary
from bot.research.dialogues import legible
from bot.research.export import FORMATS

ONLY = "sqlite"  # what is asked here is the files; that both databases give the same is asked of the export
READING = {"intent": "hiding_it", "codes": [{"id": "hiding_it", "score": 0.75}, {"id": "work_stigma", "score": 0.25}]}
TEXTS = [
    "müde \U0001f614, \"quoted\", 'so'; tab\tend",
    "two\nlines\r\nand more",
    "=1+1",
    "-no-",
    "@everyone",
    "007",
    "  spaces  ",
    "<b>&amp;</b> _x0041_",
    "NULL",
    "\x00\x08 bell\x07 and \ufeff mark",
]


@pytest.fixture
def out(house, run, tmp_path):
    man = house.man()
    for number, text in enumerate(TEXTS):
        house.says(man, text, reading=READING if number % 2 else None, after=timedelta(minutes=number))
    house.hears(man, "Rough.", after=timedelta(days=2))
    _, lines = run(formats=tuple(FORMATS))
    assert len(lines) == len(TEXTS) + 1
    return tmp_path / "out", lines


def plain(line):
    return [None if line[name] is None else str(line[name]) for name in tables.COLUMNS]


def as_excel(value):
    """Return what Excel shows; openpyxl leaves ``_x005F_`` in inline texts as it stands in the file."""
    return None if value is None else unescape(str(value))


def test_csv_holds_the_same_turns_and_no_formula(out):
    folder, lines = out
    with (folder / "turns.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    assert tuple(head) == tables.COLUMNS
    text = head.index("text")
    assert not [row[text] for row in rows if row[text].startswith(("=", "+", "-", "@"))]
    for row in rows:
        row[text] = row[text].removeprefix("'") if row[text][1:2] in ("=", "-", "@") else row[text]
    assert rows == [[value or "" for value in plain(line)] for line in lines]
    with (folder / "codes.csv").open(encoding="utf-8", newline="") as file:
        coded = list(csv.DictReader(file))
    wanted = [(line["id"], code["id"], code["score"]) for line in lines for code in line["codes"]]
    assert [(row["turn_id"], row["code"], float(row["score"])) for row in coded] == wanted


def test_parquet_holds_the_same_turns(out):
    folder, lines = out
    assert pyarrow.parquet.read_table(folder / "turns.parquet").to_pylist() == lines


def test_parquet_writes_group_by_group(house, run, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "ROWS_IN_A_GROUP", 3)
    man = house.man()
    for number in range(7):
        house.says(man, f"line {number}", after=timedelta(minutes=number))
    _, lines = run(formats=("jsonl", "parquet"))
    file = pyarrow.parquet.ParquetFile(tmp_path / "out" / "turns.parquet")
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [3, 3, 1]
    assert file.read().to_pylist() == lines


def test_excel_holds_the_same_turns_as_text_and_numbers_and_no_formula(out):
    folder, lines = out
    book = openpyxl.load_workbook(folder / "turns.xlsx")
    assert book.sheetnames == ["turns", "codes", "men"]
    head, *rows = book["turns"].iter_rows()
    assert tuple(cell.value for cell in head) == tables.COLUMNS
    assert {cell.data_type for row in rows for cell in row} <= {"s", "n", "inlineStr"}
    assert [[as_excel(cell.value) for cell in row] for row in rows] == [plain(line) for line in lines]
    wanted = [(line["id"], code["id"], code["score"]) for line in lines for code in line["codes"]]
    assert [tuple(cell.value for cell in row) for row in list(book["codes"].iter_rows())[1:]] == wanted


def test_a_full_sheet_goes_on_with_the_next(house, run, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "ROWS_ON_A_SHEET", 4)
    man = house.man()
    for number in range(9):
        house.says(man, f"line {number}", after=timedelta(minutes=number))
    _, lines = run(formats=("jsonl", "xlsx"))
    book = openpyxl.load_workbook(tmp_path / "out" / "turns.xlsx")
    assert book.sheetnames == ["turns", "codes", "turns 2", "turns 3", "men"]
    texts = [row[5] for name in book.sheetnames if name.startswith("turns") for row in list(book[name].values)[1:]]
    assert texts == [line["text"] for line in lines]


def test_a_text_too_long_for_a_cell_is_cut_there_and_says_so(house, run, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "LONGEST_CELL", 10)
    house.says(house.man(), "flat as a pancake")
    run(formats=("jsonl", "xlsx"))
    sheet = openpyxl.load_workbook(tmp_path / "out" / "turns.xlsx")["turns"]
    assert sheet["F2"].value == "flat as a " + tables.CUT


def test_no_file_but_the_listed_ones_is_left_in_the_folder(out):
    folder, _ = out
    listed = {line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    assert {path.name for path in folder.iterdir()} == {*listed, "SHA256SUMS"}
    assert listed == {
        *("turns.jsonl", "turns.csv", "codes.csv", "turns.parquet", "turns.xlsx", "project.qdpx", "codebook.qdc"),
        *("men.jsonl", "men.csv", "men.parquet", "DISCLOSURE.md", "disclosure.json", "counts.csv"),
        *("codebook.csv", "dictionary.csv", "provenance.json", "README.md", "TERMS.txt", "CITATION.cff"),
    }


def test_the_dictionary_explains_every_field_and_no_other(out):
    folder, lines = out
    with (folder / "dictionary.csv").open(encoding="utf-8", newline="") as file:
        written = [row["field"] for row in csv.DictReader(file)]
    assert written == [row["field"] for row in dictionary()]
    assert len(written) == len(set(written))
    assert set(written) == {
        *lines[0],
        *tables.COLUMNS,
        *tables.CODE_COLUMNS,
        *tables.MEN_COLUMNS,
        "field",
        "value",
        "men",
    }


def test_the_codebook_table_holds_all_codes(out):
    folder, _ = out
    with (folder / "codebook.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["code"] for row in rows] == [code.id for code in codes()]
    assert {row["code"]: row["quotations"] for row in rows}["partner_support"] == "21"


def test_readme_terms_and_provenance_name_export_protocol_and_purpose(house, run, tmp_path):
    house.says(house.man(), "i feel flat", reading=READING)
    report, _ = run(formats=("jsonl", "csv"))
    out = tmp_path / "out"
    readme, told = (out / "README.md").read_text(), json.loads((out / "provenance.json").read_text())
    assert f"Export {report.id} under protocol IRB-12, a controlled release." in readme
    assert "1 dialogues, 1 turns; 0 turns could not" in readme
    assert FILES["csv"] in readme
    assert FILES["qdpx"] not in readme
    assert "theme paper" in (out / "TERMS.txt").read_text()
    assert report.id in (out / "CITATION.cff").read_text()
    assert told["models"] == ["model-a1b2"]
    assert told["detector_sha256"] == detector_sha256()
    assert told["counts"] == {"dialogues": 1, "turns": 1, "withheld": 0}


def test_zip_entries_and_documents_carry_no_time(out):
    folder, _ = out
    for name in ("project.qdpx", "turns.xlsx"):
        with zipfile.ZipFile(folder / name) as packed:
            assert {entry.date_time[0] for entry in packed.infolist()} == {1980}
    properties = openpyxl.load_workbook(folder / "turns.xlsx").properties
    assert (properties.created.year, properties.creator) == (2000, None)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a\r\nb\rc\u2028d\u2029e\x0bf\x85g", "a\nb\nc\nd\ne\nf\ng"),
        ("a\x00b\x1bc\x9fd\ud83de\ufffff\ufeffg", "a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf\ufffdg"),
        ("\U0001f468‍\U0001f469 e\u0301 \ufe0f \tok\n", "\U0001f468‍\U0001f469 e\u0301 \ufe0f \tok\n"),
    ],
)
def test_what_tools_would_count_differently_is_written_alike(text, written):
    assert legible(text) == written
