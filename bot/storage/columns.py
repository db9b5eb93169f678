"""Column types and the declarative base that all models share."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer
from sqlalchemy.orm import declarative_base
from sqlalchemy.types import TypeDecorator

Base = declarative_base()

# SQLite numbers rows by itself only in an INTEGER primary key; PostgreSQL gets 64 bits.
Sequence = BigInteger().with_variant(Integer(), "sqlite")


def new_id() -> str:
    """Return a random id, 32 hexadecimal digits, made before the row so that it can be bound into seals."""
    return uuid.uuid4().hex


class UtcDateTime(TypeDecorator):
    """Aware UTC datetimes on every database, also on SQLite, which keeps no zone."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Store UTC without a zone; refuse naive values."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("Times are stored in UTC and must be aware.")
        return value.astimezone(timezone.utc).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Return an aware UTC datetime."""
        return None if value is None else value.replace(tzinfo=timezone.utc)
