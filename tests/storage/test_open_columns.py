"""Whoever adds a column decides in docs/columns.md, in sight of the reviewer, whether a thief may read it."""

from bot.config import PROJECT
from bot.storage import models
from bot.storage.sealed import SealedBlob

PAGE = PROJECT / "docs" / "columns.md"


def written():
    """Return what the page says: (table, column) -> "sealed" or "open"; each must be there once, with its reason."""
    found = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("| ") or line.startswith("| table"):
            continue
        table, columns, kind, why = (cell.strip() for cell in line.strip("|").split("|"))
        for column in columns.split(", "):
            assert (table, column) not in found, (table, column)
            assert len(why) > 5, (table, column)
            found[table, column] = kind
    return found


def made():
    return {
        (table.name, column.name): "sealed" if isinstance(column.type, SealedBlob) else "open"
        for table in models.Base.metadata.tables.values()
        for column in table.columns
    }


def test_the_page_names_every_column_as_it_is():
    assert written() == made()


def test_every_sealed_row_counts_its_revisions_and_belongs_to_a_man():
    for name in {table for (table, _), kind in made().items() if kind == "sealed"}:
        table = models.Base.metadata.tables[name]
        assert not table.c.revision.nullable
        assert name == "persons" or not table.c.person_id.nullable
