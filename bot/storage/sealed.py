"""Columns that hold only sealed values.

A model names the blob column and a descriptor beside it::

    body_sealed = Column(SealedBlob)
    body = Sealed("body_sealed")

Setting ``row.body`` seals any JSON value; reading it yields a :class:`Secret`, which shows nothing until ``reveal()``.
The row must have its ``id`` and ``person_id`` and be in a session that carries a vault (``Database`` sees to that).
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from sqlalchemy import LargeBinary
from sqlalchemy.orm import object_session
from sqlalchemy.types import TypeDecorator

from bot.crypto import Context, PersonKeys, open_sealed, seal
from bot.crypto.padding import pad, unpad
from bot.errors import KeyMissingError, PlaintextRefusedError


class SealedBytes(bytes):
    """A blob that came from :func:`bot.crypto.seal`; the only thing that a sealed column takes."""


class SealedBlob(TypeDecorator):
    """Binary column that refuses plaintext and every comparison but with NULL."""

    impl = LargeBinary
    cache_ok = True

    class comparator_factory(TypeDecorator.Comparator):  # noqa: N801 - SQLAlchemy's name for it
        """Refuse to compare: equal plaintexts never give equal blobs, so a comparison is always a mistake."""

        def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
            """Allow ``IS NULL`` and ``IS NOT NULL`` only."""
            if len(other) == 1 and other[0] is None:
                return super().operate(op, *other, **kwargs)
            raise PlaintextRefusedError("Sealed columns cannot be compared. Look a person up by chat index.")

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        """Let sealed blobs through to the database and nothing else."""
        if value is not None and not isinstance(value, SealedBytes):
            raise PlaintextRefusedError("A sealed column takes only sealed blobs. Set it through its descriptor.")
        return value

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        """Mark what comes from the database as sealed."""
        return None if value is None else SealedBytes(value)


class Secret:
    """A sealed value that has not been opened."""

    def __init__(self, blob: bytes, context: Context, keys: PersonKeys) -> None:
        self._blob = blob
        self._context = context
        self._keys = keys

    def reveal(self) -> Any:
        """Open the value and return the JSON object that was sealed.

        Raises:
            KeyMissingError: The person's key is gone.
            SealBrokenError: The blob was changed or moved.
        """
        return json.loads(unpad(open_sealed(self._blob, context=self._context, keys=self._keys)))

    def __repr__(self) -> str:
        return "<Secret>"

    def __bool__(self) -> NoReturn:
        raise TypeError("A Secret has no truth value. Compare with None, or reveal() it.")

    def __reduce__(self) -> str:
        raise TypeError("A Secret is never pickled.")


class Sealed:
    """Descriptor that seals on assignment and yields a :class:`Secret`, or None for NULL."""

    def __init__(self, blob_attribute: str) -> None:
        self.blob_attribute = blob_attribute
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, row: Any, owner: type) -> Any:
        if row is None:
            return self
        blob = getattr(row, self.blob_attribute)
        return None if blob is None else Secret(blob, self._context(row), _keys_of(row))

    def __set__(self, row: Any, value: Any) -> None:
        row.revision = row.revision or 1
        if getattr(row, self.blob_attribute) is not None:
            _bump_revision(row)
        self.store(row, value)

    def store(self, row: Any, value: Any) -> None:
        """Seal a value under the row's present revision."""
        plaintext = pad(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
        blob = seal(plaintext, context=self._context(row), keys=_keys_of(row))
        setattr(row, self.blob_attribute, SealedBytes(blob))

    def _context(self, row: Any) -> Context:
        return Context(row.__tablename__, self.name, row.id, _person_of(row), row.revision)


def sealed_columns(model: type) -> list[Sealed]:
    """Return the sealed descriptors of a model."""
    found = {name: value for base in model.__mro__ for name, value in vars(base).items()}
    return [value for value in found.values() if isinstance(value, Sealed)]


def _bump_revision(row: Any) -> None:
    """Seal every filled column of the row anew under the next revision, so that an old blob fits no more."""
    filled = [column for column in sealed_columns(type(row)) if getattr(row, column.blob_attribute) is not None]
    opened = [(column, column.__get__(row, type(row)).reveal()) for column in filled]
    row.revision += 1
    for column, value in opened:
        column.store(row, value)


def _person_of(row: Any) -> str:
    return row.id if row.__tablename__ == "persons" else row.person_id


def _keys_of(row: Any) -> PersonKeys:
    session = object_session(row)
    if session is None:
        raise KeyMissingError("A sealed value can be set or read only while its row is in a session.")
    return session.info["vault"].keys_of(session, _person_of(row))
