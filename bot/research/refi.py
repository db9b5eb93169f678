"""REFI-QDA: the export as a project (``.qdpx``) and the codes as a codebook (``.qdc``).

Each dialogue is a case with its attributes and a text source; each of a man's turns that the model coded is a selection
with its codings. Positions are Unicode code points, the end is one past. Nothing carries a time.

Source: REFI-QDA standard 1.5, https://www.qdasoftware.org.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any
from uuid import NAMESPACE_URL, UUID, uuid5
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from bot.codebook import codes, themes
from bot.research.dialogues import MAN
from bot.research.fields import FIELDS
from bot.research.lines import AFTER, Line, Man

MODEL = "Ballast's model"  # the coder's name in the project
ATTRIBUTES = {
    "turns": "turns in the dialogue",
    "turns_of_the_man": "turns that he said",
    "coded_turns": "turns of his in which the model found a code",
    "days": "days from the first turn to the last",
}
_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'
_BEFORE_DATES = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say: it tells nothing


def code_guid(name: str) -> str:
    """Return a code's or theme's GUID: the same in every export, so that projects can be merged."""
    return str(uuid5(NAMESPACE_URL, f"urn:ballast:code:{name}"))


def write_codebook(path: Path) -> None:
    """Write the codebook as a ``.qdc`` file."""
    tree = "".join(_codes())
    head = '<CodeBook xmlns="urn:QDA-XML:codebook:1.0" origin="Ballast"><Codes>'
    path.write_text(f"{_DECLARATION}{head}{tree}</Codes></CodeBook>\n", encoding="utf-8")


def _codes() -> Iterator[str]:
    for theme, title in themes().items():
        yield f'<Code guid={quoteattr(code_guid(theme))} name={quoteattr(title)} isCodable="false">'
        for code in codes():
            if code.theme == theme:
                seen = "" if code.quotations is None else f" (the study's Table 3: {code.quotations} quotations)"
                yield f'<Code guid={quoteattr(code_guid(code.id))} name={quoteattr(code.id)} isCodable="true">'
                yield f"<Description>{escape(code.definition + seen)}</Description></Code>"
        yield "</Code>"


class Project:
    """``project.qdpx``: transcripts go into the zip as they come, the rest into side files until the end."""

    def __init__(self, folder: Path, export_id: str) -> None:
        self._folder, self._export = folder, UUID(export_id)
        self._zip = ZipFile(folder / "project.qdpx", "w", ZIP_DEFLATED)
        self._side = {name: _side_file(folder) for name in ("codes", "cases", "sources")}
        self._source: IO[bytes] | None = None
        self._tally = dict.fromkeys(ATTRIBUTES, 0)

    def write(self, line: Line) -> None:
        """Take the next line."""
        if self._source is None:
            self._begin(line)
        assert self._source is not None  # noqa: S101 - opened above
        self._source.write(f"{line.heading}{line.text}{AFTER}".encode())
        self._tally["turns"] += 1
        self._tally["turns_of_the_man"] += line.speaker == MAN
        self._tally["days"] = line.day
        if line.codes:
            self._tally["coded_turns"] += 1
            self._side["sources"].write(self._selection(line))

    def end_dialogue(self, last: Line) -> None:
        """Close the transcript and write its case."""
        assert self._source is not None  # noqa: S101 - a dialogue ends after its first line
        self._source.close()
        self._source = None
        name, case = last.dialogue, self._guid("case", last.dialogue)
        # QualCoder links a case to its text only by a code of the same GUID that covers all of it.
        whole = self._coding(f"whole {name}", case)
        place = f'startPosition="0" endPosition="{last.end + len(AFTER)}"'
        guid = self._guid("all", name)
        self._side["sources"].write(
            f'<PlainTextSelection guid="{guid}" {place}>{whole}</PlainTextSelection></TextSource>'
        )
        self._side["codes"].write(f'<Code guid="{case}" name="{name}" isCodable="true"/>')
        self._side["cases"].write(f'<Case guid="{case}" name="{name}">{"".join(self._values())}')
        self._side["cases"].write(f'\t<SourceRef targetGUID="{self._guid("source", name)}"/></Case>\n')
        self._tally = dict.fromkeys(ATTRIBUTES, 0)

    def add_men(self, men: Sequence[Man]) -> None:
        """Put the fields of each man into his case, which waits for them on a line of its own."""
        cases, complete = self._side["cases"], _side_file(self._folder)
        cases.seek(0)
        for line, man in zip(cases, men, strict=True):
            before, after = line.rstrip("\n").split("\t")
            complete.write(before + "".join(self._fields(man)) + after)
        cases.close()
        self._side["cases"] = complete

    def close(self) -> None:
        """Put the project file together and pack it."""
        try:
            if self._source is None:  # else an error broke off a dialogue, and the whole export with it
                info = _entry("project.qde")
                info.file_size = 2 * sum(file.tell() for file in self._side.values())  # lets zip choose its 64-bit form
                with self._zip.open(info, "w") as entry:
                    self._put_together(entry)
            else:
                self._source.close()
        finally:
            for file in self._side.values():
                file.close()
            self._zip.close()

    def _begin(self, line: Line) -> None:
        guid = self._guid("source", line.dialogue)
        self._source = self._zip.open(_entry(f"sources/{guid}.txt"), "w")
        self._side["sources"].write(
            f'<TextSource guid="{guid}" name="{line.dialogue}" plainTextPath="internal://{guid}.txt"'
            f' creatingUser="{self._model()}">'
        )

    def _selection(self, line: Line) -> str:
        codings = "".join(self._coding(f"{line.id} {code['id']}", code_guid(code["id"])) for code in line.codes)
        scores = "; ".join(f"{code['id']} {code['score']:.3f}" for code in line.codes)
        place = f'startPosition="{line.start}" endPosition="{line.end}" creatingUser="{self._model()}"'
        said = escape(f"turn {line.id}: {scores}; model {line.model}")
        guid = self._guid("selection", line.id)
        return (
            f'<PlainTextSelection guid="{guid}" {place}><Description>{said}</Description>{codings}</PlainTextSelection>'
        )

    def _coding(self, name: str, code: str) -> str:
        coding = f'<Coding guid="{self._guid("coding", name)}" creatingUser="{self._model()}">'
        return f'{coding}<CodeRef targetGUID="{code}"/></Coding>'

    def _values(self) -> Iterator[str]:
        for name, value in self._tally.items():
            reference = f'<VariableRef targetGUID="{self._guid("variable", name)}"/>'
            yield f"<VariableValue>{reference}<IntegerValue>{value}</IntegerValue></VariableValue>"

    def _fields(self, man: Man) -> Iterator[str]:
        for name, value in zip(FIELDS, man.values, strict=True):
            reference = f'<VariableRef targetGUID="{self._guid("variable", name)}"/>'
            yield f"<VariableValue>{reference}<TextValue>{escape(value)}</TextValue></VariableValue>"

    def _put_together(self, entry: Any) -> None:
        def put(text: str) -> None:
            entry.write(text.encode())

        names = f'xmlns="urn:QDA-XML:project:1.0" name="Ballast {self._export.hex}" origin="Ballast"'
        put(f"{_DECLARATION}<Project {names}>")
        put(f'<Users><User guid="{self._model()}" name={quoteattr(MODEL)}/></Users>')
        put(f"<CodeBook><Codes>{''.join(_codes())}")
        self._pour("codes", entry)
        put("</Codes></CodeBook><Variables>")
        kinds = [("Integer", name, meaning) for name, meaning in ATTRIBUTES.items()]
        for kind, name, meaning in [*kinds, *(("Text", name, meaning) for name, meaning in FIELDS.items())]:
            guid = self._guid("variable", name)
            put(f'<Variable guid="{guid}" name="{name}" typeOfVariable="{kind}">')
            put(f"<Description>{escape(meaning)}</Description></Variable>")
        put("</Variables>")
        for side, element in (("cases", "Cases"), ("sources", "Sources")):
            if self._side[side].tell():  # the schema has no empty lists
                put(f"<{element}>")
                self._pour(side, entry)
                put(f"</{element}>")
        put("</Project>\n")

    def _pour(self, side: str, entry: Any) -> None:
        file = self._side[side]
        file.flush()
        file.seek(0)
        shutil.copyfileobj(file.buffer, entry)
        file.seek(0, 2)

    def _guid(self, kind: str, name: str) -> str:
        return str(uuid5(self._export, f"{kind} {name}"))

    def _model(self) -> str:
        return self._guid("user", "model")


def _side_file(folder: Path) -> Any:
    """Return a file without a name, gone with the process."""
    return tempfile.TemporaryFile("w+", encoding="utf-8", dir=folder)


def _entry(name: str) -> ZipInfo:
    info = ZipInfo(name, _BEFORE_DATES)
    info.compress_type, info.external_attr = ZIP_DEFLATED, 0o600 << 16
    return info
