"""Read codings back out of a ``.qdpx`` project, ours or one that came from MAXQDA, NVivo, ATLAS.ti or QualCoder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError, XMLParser
from zipfile import BadZipFile, ZipFile

from bot.errors import BallastError

LARGEST_BYTES = 1 << 30  # of one file inside the project, unpacked
_CHUNK_BYTES = 1 << 16
_INSIDE = "internal://"


class CodingsError(BallastError):
    """A project cannot be read: no zip, no project file, not XML, or it points to what it does not hold."""


@dataclass(frozen=True)
class Coding:
    """One code on one stretch of text.

    Attributes:
        source: The source's name; in our projects the dialogue.
        start: First Unicode code point.
        end: One past the last.
        text: What stands there.
        code: The code's name; in our projects its id.
        coder: The coder's name, or None where the project names none.
    """

    source: str
    start: int
    end: int
    text: str
    code: str
    coder: str | None


def read_codings(path: Path) -> Iterator[Coding]:
    """Yield the codings of all text sources, source by source; a code that stands for a case is left out.

    Raises:
        CodingsError: The project cannot be read.
    """
    try:
        with ZipFile(path) as project:
            found: list[Coding] = []
            parser = XMLParser(target=_Reader(project, found))  # noqa: S314 - the target refuses every DOCTYPE
            with project.open(_project_file(project)) as file:
                while chunk := file.read(_CHUNK_BYTES):
                    parser.feed(chunk)
                    yield from found
                    found.clear()
            parser.close()
            yield from found
    except (BadZipFile, ParseError, UnicodeDecodeError, KeyError, ValueError) as error:
        raise CodingsError(f"{path.name} cannot be read as a REFI-QDA project ({type(error).__name__}).") from error


def _project_file(project: ZipFile) -> Any:
    files = [info for info in project.infolist() if info.filename.endswith(".qde")]
    if len(files) != 1:
        raise CodingsError("A REFI-QDA project holds one .qde file.")
    return _bounded(files[0])


def _bounded(info: Any) -> Any:
    if info.file_size > LARGEST_BYTES:
        raise CodingsError(f"{info.filename} would unpack to more than {LARGEST_BYTES >> 30} GiB.")
    return info


class _Reader:
    """What the parser tells, element by element: users and codes come before the sources that point to them."""

    def __init__(self, project: ZipFile, found: list[Coding]) -> None:
        self._project, self._found = project, found
        self._users: dict[str, str | None] = {}
        self._codes: dict[str, str] = {}
        self._cases: set[str] = set()
        self._source: dict[str, str] | None = None
        self._content: list[str] | None = None
        self._place: tuple[int, int] | None = None
        self._coder: str | None = None
        self._is_coding = False
        self._spans: list[tuple[tuple[int, int] | None, str, str | None]] = []

    def doctype(self, *_: str) -> None:
        raise CodingsError("A REFI-QDA project has no DOCTYPE; this one is refused.")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        if name == "User":
            self._users[_guid(attributes["guid"])] = attributes.get("name")
        elif name == "Code":
            self._codes[_guid(attributes["guid"])] = attributes["name"]
        elif name == "Case":
            self._cases.add(_guid(attributes["guid"]))
        elif name == "TextSource":
            self._source, self._content = attributes, None
        elif self._source is not None:
            self._inside(name, attributes)

    def _inside(self, name: str, attributes: dict[str, str]) -> None:
        if name == "PlainTextContent":
            self._content = []
        elif name == "PlainTextSelection":
            self._place = int(attributes["startPosition"]), int(attributes["endPosition"])
        elif name == "Coding":
            self._is_coding, user = True, attributes.get("creatingUser")
            self._coder = None if user is None else self._users.get(_guid(user))
        elif name == "CodeRef" and self._is_coding:
            code = _guid(attributes["targetGUID"])
            if code not in self._cases:
                self._spans.append((self._place, self._codes[code], self._coder))

    def data(self, text: str) -> None:
        if self._content is not None:
            self._content.append(text)

    def end(self, tag: str) -> None:
        name = tag.rpartition("}")[2]
        if name == "Coding":
            self._is_coding = False
        elif name == "PlainTextSelection":
            self._place = None
        elif name == "PlainTextContent" and self._content is not None and self._source is not None:
            self._source, self._content = {**self._source, "content": "".join(self._content)}, None
        elif name == "TextSource" and self._source is not None:
            self._settle(self._source)
            self._source, self._spans = None, []

    def close(self) -> None:
        """Nothing is kept to the end."""

    def _settle(self, source: dict[str, str]) -> None:
        if not self._spans:
            return
        text = source["content"] if "content" in source else self._text(source["plainTextPath"])
        name = source.get("name", source["guid"])
        for place, code, coder in self._spans:
            start, end = place or (0, len(text))
            if not 0 <= start <= end <= len(text):
                raise CodingsError(f"A coding in {name} lies outside its text ({start} to {end} of {len(text)}).")
            self._found.append(Coding(name, start, end, text[start:end], code, coder))

    def _text(self, path: str) -> str:
        if not path.startswith(_INSIDE):
            raise CodingsError("A text lies outside the project. Export it anew with its sources inside.")
        wanted = f"sources/{path.removeprefix(_INSIDE)}".lower()  # NVivo writes Sources/
        for info in self._project.infolist():
            if info.filename.lower() == wanted:
                return self._project.read(_bounded(info)).decode("utf-8-sig")
        raise CodingsError("A text that the project points to is not in it.")


def _guid(value: str) -> str:
    return value.strip("{}").lower()
