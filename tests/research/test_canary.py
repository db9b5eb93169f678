"""No identifier crosses: every file of an export, unpacked to the last, is searched for what must not be in it."""

from __future__ import annotations

import io
import os
import zipfile
from datetime import timedelta

import pyarrow.parquet
import pytest

from bot.research.export import FORMATS
from bot.storage.models import Consent, InboxMessage, OutboxMessage, Person, ResearchProtocol, Turn

ONLY = "sqlite"  # what is asked here is the files; that both databases give the same is asked of the export
CHAT, STAFF = "9981726354", "quentin.ostrowski"
PLANTED = (
    "Karen", "karen", "dave", "leeds", "Hialeah", "Brightwater", "lidl", "patel", "07700 900123", "gaz@example.com",
    "example.org/gaz", "gymrat.lee", "LS6 3HN", "33130", "14 maple drive", "485 777 3456", "078-05-1120",
    "GB29NWBK60161331926819", "AB12 CDE", "12/03/1987", "3rd of march",
)  # fmt: skip
SAID = (
    "My wife Karen left. my brother dave lives in leeds, I live in Hialeah",
    "I work at Brightwater, before that i worked at lidl. dr patel gave me pills. karen knows",
    "ring 07700 900123 or gaz@example.com or https://example.org/gaz insta: gymrat.lee",
    "14 maple drive, LS6 3HN, zip 33130, nhs number 485 777 3456, ssn 078-05-1120",
    "GB29NWBK60161331926819, reg AB12 CDE, born 12/03/1987, birthday the 3rd of march",
)
READING = {"intent": "hiding_it", "codes": [{"id": "hiding_it", "score": 0.8, "near": "my wife Karen"}]}


def unpacked(name: str, raw: bytes):
    """Yield every layer of a file: its name, its bytes, what is inside where it is a zip or a table."""
    yield name, raw
    if raw[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            for entry in packed.infolist():
                yield f"{name}/{entry.filename}", entry.filename.encode() + entry.comment + entry.extra
                yield from unpacked(f"{name}/{entry.filename}", packed.read(entry))
    if raw[:4] == b"PAR1":
        file = pyarrow.parquet.ParquetFile(io.BytesIO(raw))
        yield f"{name}/rows", repr(file.read().to_pylist()).encode()
        yield f"{name}/metadata", repr((file.metadata.to_dict(), file.schema_arrow.metadata)).encode()


def found_in(folder, forbidden):
    """Return where each forbidden word stands, in any letter case, in UTF-8 or UTF-16."""
    layers = [
        layer for path in folder.iterdir() for layer in unpacked(path.name, path.name.encode() + path.read_bytes())
    ]
    layers += [layer for path in folder.iterdir() for layer in unpacked(path.name, path.read_bytes())]
    return {
        (name, word)
        for name, raw in layers
        for word in forbidden
        for form in (word.encode(), word.lower().encode(), word.encode("utf-16-le"), word.encode("utf-16-be"))
        if form in raw or form in raw.lower()
    }


def everything_open_in(session) -> set[str]:
    """Return ids, times and names that the store holds in clear and that an export has no business with."""
    ids = {row.id for model in (Person, InboxMessage, OutboxMessage) for row in session.query(model)}
    ids |= {row.chat_index.hex() for row in session.query(Person)}
    moments = [row.received_at for row in session.query(InboxMessage)]
    moments += [row.sent_at for row in session.query(OutboxMessage)] + [row.at for row in session.query(Turn)]
    moments += [row.at for row in session.query(Consent)]
    moments += [moment for row in session.query(ResearchProtocol) for moment in (row.registered_at, row.expires_at)]
    times = {moment.strftime(form) for moment in moments for form in ("%Y-%m-%d", "%d/%m/%Y", "%H:%M", "%Y%m%d")}
    times |= {str(int(moment.timestamp())) for moment in moments}
    return ids | times | {str(row.update_id) for row in session.query(InboxMessage)}


@pytest.fixture
def out(house, run, tmp_path):
    house.allows("IRB-77")
    for number in range(3):
        man = house.man(chat=CHAT)
        for day, text in enumerate(SAID):
            house.says(man, text, reading=READING, after=timedelta(days=7 * day + number, hours=2))
        house.says(man, None, caption="karen and dave in leeds", kind="photo", after=timedelta(days=40))
        house.says(man, None, button="Karen", kind="button", after=timedelta(days=41))
        house.hears(man, "You said Karen knows.", after=timedelta(days=41, minutes=1))
    _, lines = run(formats=tuple(FORMATS), staff=STAFF, protocol="IRB-77")
    assert len(lines) == 24
    return tmp_path / "out"


def test_planted_identifiers_are_in_no_file(out):
    assert found_in(out, PLANTED) == set()


def test_no_chat_id_and_nobody_who_works_here_is_in_any_file(out):
    assert found_in(out, (CHAT, *STAFF.split("."), STAFF, "r.lang")) == set()


def test_no_id_and_no_time_of_the_store_is_in_any_file(house, out):
    with house.database.read() as session:
        forbidden = everything_open_in(session)
    assert len(forbidden) > 60
    assert found_in(out, forbidden) == set()


def test_neither_this_machine_nor_its_user_is_in_any_file(out, tmp_path):
    assert found_in(out, (str(tmp_path), os.uname().nodename + ".", "ballast.db")) == set()


@pytest.mark.parametrize("word", ["hiding_it", "[PARTNER]", "IRB-77"])
def test_the_search_finds_what_is_there(out, word):
    names = {name.split("/")[0] for name, _ in found_in(out, (word,))}
    wanted = {
        "hiding_it": {"turns.jsonl", "turns.csv", "turns.parquet", "turns.xlsx", "project.qdpx", "codebook.qdc"},
        "[PARTNER]": {"turns.jsonl", "turns.csv", "turns.parquet", "turns.xlsx", "project.qdpx"},
        "IRB-77": {"README.md", "TERMS.txt", "provenance.json"},
    }
    assert names >= wanted[word]
