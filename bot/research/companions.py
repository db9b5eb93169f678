"""What lies beside the data: README, terms, citation, dictionary, codebook, provenance and the list of hashes."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template
from typing import Any

import yaml

from bot.codebook import codes, themes
from bot.research.dialogues import Counts
from bot.research.refi import write_codebook

_ROOM = Path(__file__).parent
_BESIDE = _ROOM / "beside"
_TEMPLATES = {"README.md": "README.txt", "CITATION.cff": "CITATION.txt"}
TERMS = {"controlled": "TERMS.txt", "open": "TERMS_open.txt"}
WORDS = {
    "controlled": """Names, places, workplaces, addresses, numbers, handles, links and dates were replaced by surrogates
such as `[PERSON 1]`. The same name is the same surrogate throughout a dialogue, and only there. Recognition is by
program and misses some: if you come upon somebody you can tell, do not write it down; report the turn's id to who gave
you this export. $reviewed_turns turns, drawn by lot, were read by people for what the present program leaves in, and
$corrections corrections by people are heeded here (`DISCLOSURE.md`).

His work, kinds of places and what happened to him stand as he told them, unless fewer than 5 men of this export told of
the same together: then `[JOB: transport]` or `[JOB]` stands there, `[PLACE]`, `[EVENT]`.""",
    "open": """This is an open release: no words of the dialogues are in it, only `[words withheld]` in their place.""",
}
_CODEBOOK = _ROOM.parent / "codebook" / "codebook.yml"
FILES = {
    "jsonl": "- `turns.jsonl`, `men.jsonl`: one JSON object a turn, and one a man with his fields",
    "csv": "- `turns.csv`, `codes.csv`, `men.csv`: the same as tables, UTF-8",
    "parquet": "- `turns.parquet`, `men.parquet`: the same for R, Python and Arrow",
    "xlsx": "- `turns.xlsx`: the same for Excel and LibreOffice",
    "qdpx": "- `project.qdpx`: REFI-QDA project for MAXQDA, NVivo, ATLAS.ti and QualCoder",
}


@dataclass(frozen=True)
class Facts:
    """What is told about an export; no name of anybody who works here and no time."""

    export: str
    protocol: str
    purpose: str
    formats: tuple[str, ...]
    release: str
    counts: Counts
    models: tuple[str, ...]
    reviewed_turns: int
    corrections: int


def write_companions(folder: Path, facts: Facts) -> None:
    """Write everything but the data and the hashes."""
    values = {**asdict(facts), **asdict(facts.counts), "files": "\n".join(FILES[name] for name in facts.formats)}
    values["words"] = Template(WORDS[facts.release]).substitute(values)
    for name, template in {**_TEMPLATES, "TERMS.txt": TERMS[facts.release]}.items():
        text = Template((_BESIDE / template).read_text(encoding="utf-8")).substitute(values)
        (folder / name).write_text(text, encoding="utf-8")
    _write_table(folder / "dictionary.csv", dictionary(), ["field", "files", "type", "means"])
    _write_table(folder / "codebook.csv", _codebook(), ["code", "theme", "theme_title", "quotations", "definition"])
    write_codebook(folder / "codebook.qdc")
    told = json.dumps(_provenance(facts), indent=2, ensure_ascii=False)
    (folder / "provenance.json").write_text(told + "\n", encoding="utf-8")


def dictionary() -> list[dict[str, Any]]:
    """Return the data dictionary, field by field."""
    rows: list[dict[str, Any]] = yaml.safe_load((_BESIDE / "dictionary.yml").read_text(encoding="utf-8"))
    return rows


def write_hashes(folder: Path) -> str:
    """Write ``SHA256SUMS`` over all files of the folder, and return the SHA-256 of that list."""
    lines = "".join(f"{_sha256(path)}  {path.name}\n" for path in sorted(folder.iterdir()))
    (folder / "SHA256SUMS").write_text(lines, encoding="ascii")
    return hashlib.sha256(lines.encode("ascii")).hexdigest()


def detector_sha256() -> str:
    """Return the hash of the program, the word lists and the tagger's weights that take out what tells who he is."""
    digest = hashlib.sha256()
    names = (
        *("contacts", "deidentify", "details", "learnt", "lexicon", "message", "names", "papers", "places", "rare"),
        "surrogates",
    )
    paths = [*(_ROOM / f"{name}.py" for name in names), *_ROOM.glob("*.yml"), *(_ROOM / "model").glob("*.npz")]
    for path in sorted(paths):
        digest.update(f"{path.name} {_sha256(path)}\n".encode())
    return digest.hexdigest()


def _provenance(facts: Facts) -> dict[str, Any]:
    made_by = {"detector_sha256": detector_sha256(), "codebook_sha256": _sha256(_CODEBOOK)}
    return {**asdict(facts), **made_by}


def _codebook() -> list[dict[str, Any]]:
    titles = themes()
    return [
        {
            "code": code.id,
            "theme": code.theme,
            "theme_title": titles[code.theme],
            "quotations": code.quotations,
            "definition": code.definition,
        }
        for code in codes()
    ]


def _write_table(path: Path, rows: list[dict[str, Any]], heads: list[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, heads)
        writer.writeheader()
        writer.writerows(rows)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
