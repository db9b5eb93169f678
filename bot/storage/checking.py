"""Go through all rows: does each sealed value open where it stands, and does the tally agree with what is there?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, func, inspect, select

from bot.crypto import Context, open_sealed
from bot.errors import KeyFileError, KeyMissingError, SealBrokenError
from bot.storage.models import Person, PersonKey, Tally
from bot.storage.sealed import sealed_columns
from bot.storage.tally import (
    ALL,
    MODULUS,
    element,
    is_genuine,
    scope_of,
    tallied_models,
    write_line,
)

UNOPENABLE = (SealBrokenError, KeyMissingError, KeyFileError)
_AT_ONCE = 1_000


@dataclass
class Findings:
    """What a look through all rows found.

    Attributes:
        rows: How many rows were looked at.
        values: How many sealed values were opened.
        unopenable: Table and id of rows with a sealed value that does not open.
        miscounted: Persons (or ``all``) whose rows are not those that the tally knows.
    """

    rows: int = 0
    values: int = 0
    unopenable: list[tuple[str, str]] = field(default_factory=list)
    miscounted: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found amiss."""
        return not self.unopenable and not self.miscounted


def check_rows(session: Any) -> Findings:
    """Open every sealed value and add up every row."""
    findings, sums = Findings(), _Sums()
    for model, values in _all_rows(session):
        findings.rows += 1
        sums.add(session, model, values)
        opened = open_row(session, model, values)
        if opened is None:
            findings.unopenable.append((model.__tablename__, str(values["id"])))
        findings.values += opened or 0
    findings.miscounted = sums.differing_from(session)
    return findings


def open_row(session: Any, model: Any, values: Mapping[str, Any]) -> int | None:
    """Return how many sealed values of a row open, or None when one of them does not."""
    person_id, count = scope_of(model, values), 0
    for sealed in sealed_columns(model):
        blob = values[sealed.blob_attribute]
        if blob is None:
            continue
        context = Context(model.__tablename__, sealed.name, values["id"], person_id, values["revision"])
        try:
            open_sealed(blob, context=context, keys=session.info["vault"].keys_of(session, person_id))
        except UNOPENABLE:
            return None
        count += 1
    return count


def open_some(session: Any, count: int, *, with_key_only: bool = False) -> tuple[int, int]:
    """Open sealed rows picked at random, over all tables by their size.

    Args:
        session: Where.
        count: How many, about.
        with_key_only: Pass over rows of men whose key is not there, e.g. because they were erased since.

    Returns:
        How many were tried, and how many of them opened.
    """
    models = [model for model in tallied_models() if sealed_columns(model)]
    sizes = {model: session.execute(select(func.count()).select_from(model)).scalar() for model in models}
    tried = opened = 0
    for model, size in sizes.items():
        share = -(-count * size // max(1, sum(sizes.values())))
        table = inspect(model).local_table
        query = select(table)
        if with_key_only:
            owner = table.c.id if model is Person else table.c.person_id
            query = query.where(owner.in_(select(PersonKey.person_id)))
        for values in session.execute(query.order_by(func.random()).limit(share)).mappings():
            tried += 1
            opened += open_row(session, model, values) is not None
    return tried, opened


def found_tally(session: Any) -> None:
    """Count all rows that are there and believe them. For a database that has no tally yet, or after an inquiry."""
    sums = _Sums()
    for model, values in _all_rows(session):
        sums.add(session, model, values)
    serials = dict(tuple(row) for row in session.execute(select(Tally.scope, Tally.serial)))
    session.execute(delete(Tally))
    for scope, (rows, total) in sums.found.items():
        serial = serials.get(scope, 0) + 1
        write_line(session.connection(), session.info["vault"].keyring, None, scope, rows, serial, total)


class _Sums:
    """What the tally should say."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))

    def add(self, session: Any, model: type, values: Mapping[str, Any]) -> None:
        number = element(session.info["vault"].keyring, model, values)
        for scope in (scope_of(model, values), ALL):
            rows, total = self.found[scope]
            self.found[scope] = rows + 1, (total + number) % MODULUS

    def differing_from(self, session: Any) -> list[str]:
        keyring, seen, wrong = session.info["vault"].keyring, set(), []
        for line in session.execute(select(Tally.__table__)):
            seen.add(line.scope)
            rows, total = self.found.get(line.scope, (0, 0))
            if not is_genuine(keyring, line) or (line.rows, bytes(line.total)) != (rows, total.to_bytes(32, "big")):
                wrong.append(line.scope)
        return sorted([*wrong, *(set(self.found) - seen)])


def _all_rows(session: Any) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    for model in tallied_models():
        table = inspect(model).local_table
        order = [table.c[name] for name in ("person_id", "id", "seq") if name in table.c]
        streamed = session.execute(select(table).order_by(*order).execution_options(yield_per=_AT_ONCE))
        for values in streamed.mappings():
            yield model, values
