"""A keyed tally of every row that matters, kept in the transaction that changes it: no row goes or comes unseen.

A seal shows that a value was changed or moved, not that a row was deleted, emptied or put back as it once was. So each
man has a sum over his rows of ``HMAC(row)`` modulo 2**256, with a count, a serial number and a MAC over all three; the
scope ``all`` holds the same over everybody. Rows are added and taken away in any order in constant time. Who has the
database but not the keys can only put back an earlier state of the whole database at once, and that is what the
anchored head is for (docs/privacy_and_keys.md).

Source: Clarke et al. 2003, "Incremental multiset hash functions", MSet-Add-Hash.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import event, insert, inspect, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.base import PASSIVE_NO_INITIALIZE

from bot.crypto import KeyRing
from bot.logs import log_event
from bot.storage.columns import Base
from bot.storage.models import Person, Tally
from bot.storage.sealed import SealedBlob

ALL = "all"
MODULUS = 1 << 256
_CHANGES = "tally_changes"
_PK_CHUNK = 500
_log = logging.getLogger("ballast.tally")


class TalliedSession(Session):
    """A session that keeps the tally; ``Database`` makes no other."""


def bound_columns(model: type) -> tuple[str, ...]:
    """Return the columns that the tally covers: the sealed ones, and those that a model names in ``tallied``."""
    sealed = [column.key for column in inspect(model).columns if isinstance(column.type, SealedBlob)]
    return tuple(sorted({*sealed, *getattr(model, "tallied", ())}))


def tallied_models() -> list[type]:
    """Return the models whose rows are counted."""
    return [mapper.class_ for mapper in Base.registry.mappers if bound_columns(mapper.class_)]


def scope_of(model: type, values: Mapping[str, Any]) -> str:
    """Return whose tally a row counts in."""
    return str(values["id"] if model is Person else values["person_id"])


def element(keyring: KeyRing, model: type, values: Mapping[str, Any]) -> int:
    """Return a row's number in the sum, from its table, id, person and bound columns."""
    fields: list[Any] = [model.__tablename__, values.get("id"), scope_of(model, values)]  # type: ignore[attr-defined]
    fields += [values[name] for name in bound_columns(model)]
    return int.from_bytes(keyring.mark("tally", b"".join(_encode(field) for field in fields)), "big")


def _encode(value: Any) -> bytes:
    if value is None:
        return b"-"
    if isinstance(value, datetime):
        value = value.astimezone(timezone.utc).isoformat()
    raw = bytes(value) if isinstance(value, (bytes, memoryview)) else str(value).encode()
    return b"+" + len(raw).to_bytes(4, "big") + raw


def seal_of(keyring: KeyRing, scope: str, rows: int, serial: int, total: bytes) -> bytes:
    """Return the MAC of one line of the tally."""
    return keyring.mark("tally line", f"{scope}\x00{rows}\x00{serial}\x00".encode() + total)


def is_genuine(keyring: KeyRing, line: Any) -> bool:
    """Return whether a line of the tally was written by us."""
    return hmac.compare_digest(bytes(line.mac), seal_of(keyring, line.scope, line.rows, line.serial, bytes(line.total)))


def _note(session: Any, model: type, values: Mapping[str, Any], sign: int) -> None:
    changes = session.info.setdefault(_CHANGES, {})
    number = sign * element(session.info["vault"].keyring, model, values)
    for scope in (scope_of(model, values), ALL):
        rows, total = changes.get(scope, (0, 0))
        changes[scope] = rows + sign, (total + number) % MODULUS


def _before_flush(session: Any, _context: Any, _instances: Any) -> None:
    for row in session.new:
        if bound_columns(type(row)):
            _note(session, type(row), _present(row), +1)
    for row in session.dirty:
        if _is_changed(row):
            _note(session, type(row), _stored(session, row), -1)
            _note(session, type(row), _present(row), +1)
    for row in session.deleted:
        if bound_columns(type(row)):
            _note(session, type(row), _stored(session, row), -1)


def _is_changed(row: Any) -> bool:
    state = inspect(row)
    return any(state.get_history(name, PASSIVE_NO_INITIALIZE).has_changes() for name in bound_columns(type(row)))


def _present(row: Any) -> dict[str, Any]:
    names = [*bound_columns(type(row)), *(name for name in ("id", "person_id") if hasattr(type(row), name))]
    return {name: getattr(row, name) for name in names}


def _stored(session: Any, row: Any) -> Mapping[str, Any]:
    mapper = inspect(type(row))
    where = [column == value for column, value in zip(mapper.primary_key, inspect(row).identity, strict=True)]
    found: Mapping[str, Any] = session.connection().execute(select(mapper.local_table).where(*where)).mappings().one()
    return found


def _on_statement(state: Any) -> Any:
    """Count what a statement over many rows changes or deletes, as if each had been touched by itself."""
    if not (state.is_update or state.is_delete) or state.bind_mapper is None:
        return None
    model, statement, session = state.bind_mapper.class_, state.statement, state.session
    bound = set(bound_columns(model))
    if not bound or (state.is_update and not bound & {column.key for column in statement._values}):  # noqa: SLF001
        return None
    session.flush()
    table = state.bind_mapper.local_table
    before = session.connection().execute(select(table).where(*statement._where_criteria)).mappings().all()  # noqa: SLF001
    result = state.invoke_statement()
    for values in before:
        _note(session, model, values, -1)
    if state.is_update:
        (key,) = table.primary_key.columns
        keys = [values[key.name] for values in before]
        for start in range(0, len(keys), _PK_CHUNK):
            chunk = select(table).where(key.in_(keys[start : start + _PK_CHUNK]))
            for values in session.connection().execute(chunk).mappings():
                _note(session, model, values, +1)
    return result


def _before_commit(session: Any) -> None:
    session.flush()
    changes = session.info.pop(_CHANGES, {})
    if not changes:
        return
    keyring, connection = session.info["vault"].keyring, session.connection()
    found = {line.scope: line for line in connection.execute(select(Tally.__table__).where(Tally.scope.in_(changes)))}
    for scope, (rows, number) in sorted(changes.items()):
        line = found.get(scope)
        total = (number + (int.from_bytes(bytes(line.total), "big") if line else 0)) % MODULUS
        rows, serial = rows + (line.rows if line else 0), (line.serial if line else 0) + 1
        write_line(connection, keyring, line, scope, rows, serial, total)


def write_line(connection: Any, keyring: KeyRing, line: Any, scope: str, rows: int, serial: int, total: int) -> None:
    """Write one line of the tally, signed; a line that was not ours before stays unsigned for ever."""
    raw = total.to_bytes(32, "big")
    mac = seal_of(keyring, scope, rows, serial, raw)
    if line is not None and not is_genuine(keyring, line):
        log_event(_log, "tally.broken", level=logging.ERROR, scope=scope)
        mac = bytes(32)
    values = {"rows": rows, "serial": serial, "total": raw, "mac": mac}
    if line is None:
        connection.execute(insert(Tally.__table__).values(scope=scope, **values))
    else:
        connection.execute(update(Tally.__table__).where(Tally.__table__.c.scope == scope).values(**values))


def _after_rollback(session: Any, *_: Any) -> None:
    session.info.pop(_CHANGES, None)


event.listen(TalliedSession, "before_flush", _before_flush)
event.listen(TalliedSession, "do_orm_execute", _on_statement)
event.listen(TalliedSession, "before_commit", _before_commit)
event.listen(TalliedSession, "after_soft_rollback", _after_rollback)
