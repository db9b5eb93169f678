from __future__ import annotations

import pytest

from bot.storage.columns import new_id
from bot.storage.models import InboxMessage, OutboxMessage


@pytest.fixture
def he_writes(database, clock):
    """Put a message of a man into the inbox and return its id."""
    counter = iter(range(1, 10_000))

    def write(person_id, text="nothing left in the tank", *, state="done", **columns):
        row_id = new_id()
        with database.write() as session:
            row = InboxMessage(id=row_id, door="telegram", update_id=next(counter), person_id=person_id)
            row.kind, row.state, row.received_at = "text", state, clock()
            for name, value in columns.items():
                setattr(row, name, value)
            session.add(row)
            row.body = {"text": text}
            row.screening = {"level": "none", "reasons": []}
        return row_id

    return write


@pytest.fixture
def we_write(database, clock):
    """Put an answer into the outbox and return its id."""

    def write(person_id, text="Rough night.", *, state="sent", lane="turn", row_id=None):
        row = OutboxMessage(id=row_id or new_id(), person_id=person_id, lane=lane, state=state)
        row.created_at = row.due_at = clock()
        with database.write() as session:
            session.add(row)
            row.body = {"text": text, "buttons": []}
        return row.id

    return write


@pytest.fixture
def inbox_body(database):
    """Read what a message says, through the models."""

    def read(row_id):
        with database.read() as session:
            return session.query(InboxMessage).filter_by(id=row_id).one().body.reveal()

    return read
