"""From codings made elsewhere to figures: which turns count, whose codes, and what the table says."""

from __future__ import annotations

import csv
import io
import json

import pytest

from bot.config import Settings
from bot.research.coded import ALL, COLUMNS, CodedUnit, agreement_of, units_of_export, write_agreement
from bot.research.codings import CodingsError
from bot.research.command import main

ONLY = "sqlite"


def line(turn_id, *codes, speaker="man", model="m"):
    listed = [{"id": code, "score": 0.5} for code in codes]
    return {"id": turn_id, "dialogue": turn_id.split(".")[0], "speaker": speaker, "codes": listed, "model": model}


@pytest.fixture
def export(tmp_path):
    rows = [
        line("d1.1", "hiding_it"), line("d1.2", speaker="ballast", model=None), line("d1.3"),
        line("d2.1", "work_stigma"), line("d2.2", model=None),
    ]  # fmt: skip
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "turns.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture
def table(tmp_path):
    def write(name, *rows):
        path = tmp_path / f"{name}.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([("turn_id", "code", "coder"), *rows])
        return path

    return write


def test_a_coder_counts_for_all_turns_of_the_dialogues_that_he_coded_in(export, table):
    tables = [
        table("ann", ("d1.1", "hiding_it", "Ann")),
        table("ben", ("d1.3", "intimacy", ""), ("d2.1", "intimacy", "")),
    ]
    units = {unit.id: unit for unit in units_of_export(export, tables)}
    assert set(units) == {"d1.1", "d1.3", "d2.1", "d2.2"}
    assert dict(units["d1.1"].people) == {"Ann": {"hiding_it"}, "ben": frozenset()}
    assert dict(units["d1.3"].people) == {"Ann": frozenset(), "ben": {"intimacy"}}
    assert dict(units["d2.1"].people) == {"ben": {"intimacy"}}
    assert (units["d1.1"].model, units["d1.3"].model, units["d2.2"].model) == ({"hiding_it"}, frozenset(), None)


def test_the_models_own_codings_are_no_persons(export, table):
    path = table("both", ("d1.1", "hiding_it", "Ballast's model"), ("d1.1", "intimacy", "Ann"))
    assert {name for unit in units_of_export(export, [path]) for name in unit.people} == {"Ann"}


@pytest.mark.parametrize("content", ["turn_id,code,coder\nd1.1,nonsense,Ann\n", "a,b\n1,2\n"])
def test_a_table_that_is_none_is_refused(export, tmp_path, content):
    (tmp_path / "x.csv").write_text(content)
    with pytest.raises(CodingsError):
        units_of_export(export, [tmp_path / "x.csv"])
    with pytest.raises(CodingsError):
        units_of_export(export, [tmp_path / "missing.csv"])


def test_the_model_is_measured_where_people_agree():
    has, not_it = frozenset({"hiding_it"}), frozenset()
    units = [
        CodedUnit("1", {"a": has, "b": has}, has),
        CodedUnit("2", {"a": has, "b": has}, not_it),
        CodedUnit("3", {"a": not_it, "b": not_it}, has),
        CodedUnit("4", {"a": has, "b": not_it}, has),  # disputed
        CodedUnit("5", {"a": has, "b": has}, None),  # not read by the model
    ]
    row = {row.code: row for row in agreement_of(units)}["hiding_it"]
    assert (row.precision.hits, row.precision.count) == (1, 2)
    assert (row.recall.hits, row.recall.count) == (1, 2)
    assert (row.disputed, row.given, row.turns) == (1, 7, 5)


def test_the_table_has_a_row_for_each_code_and_leaves_undefined_figures_empty():
    file = io.StringIO()
    write_agreement(agreement_of([CodedUnit("1", {"a": frozenset({"intimacy"}), "b": frozenset()}, None)]), file)
    head, whole, *rows = csv.reader(io.StringIO(file.getvalue()))
    assert tuple(head) == COLUMNS
    assert whole[0] == ALL
    assert len(rows) == 25
    assert dict(zip(head, rows[0], strict=True))["kappa"] == ""


def test_the_command_prints_and_writes_without_a_database(export, table, tmp_path, capsys):
    tables = [table("ann", ("d1.1", "hiding_it", "Ann")), table("ben", ("d1.1", "hiding_it", "Ben"))]
    arguments = ["agreement", "--export", str(export), "--codings", *map(str, tables), "--out", str(tmp_path / "a.csv")]

    def no_database():
        pytest.fail("nobody needs one")

    assert main(arguments, Settings.from_environment({}), no_database) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("2 turns, 2 people, 2 turns coded twice")
    assert any(row.startswith("hiding_it\t2\t1.00 (1.00 to 1.00)\t1.00") for row in said)
    assert (tmp_path / "a.csv").read_text().startswith("code,turns")
    assert main(arguments, Settings.from_environment({}), no_database) == 1  # it is there already
    assert "File exists" in capsys.readouterr().err


def test_the_command_says_what_is_missing(export, database, capsys):
    settings = Settings.from_environment({})
    for arguments in (["agreement"], ["agreement", "--export", str(export)], ["agreement", "--round", "0" * 32]):
        assert main(arguments, settings, lambda: database) == 1
        assert capsys.readouterr().err.count("\n") == 1
