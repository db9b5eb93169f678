from __future__ import annotations

import itertools

import pytest

from bot.consent import STORAGE, record_answer
from bot.escalation import open_flag
from bot.storage.columns import new_id
from bot.storage.ledger import ErasureLedger
from bot.storage.models import ButtonToken, InboxMessage, OutboxMessage, Record, TrackerEvent, Turn

CANARY = "canary: nothing left in the tank"


@pytest.fixture
def ledger(tmp_path, keyring):
    return ErasureLedger(tmp_path / "apart" / "erasures.ledger", keyring)


@pytest.fixture
def lived(database, clock, person):
    """Make a man who left something in every table; return his id."""
    numbers = itertools.count(1)

    def make(flag=None):
        person_id, message, answer = person(), new_id(), new_id()
        his = {"person_id": person_id}
        with database.write() as session:
            inbox = InboxMessage(id=message, door="telegram", update_id=next(numbers), kind="text", **his)
            inbox.state, inbox.received_at = "done", clock()
            outbox = OutboxMessage(id=answer, state="sent", created_at=clock(), due_at=clock(), **his)
            turn = Turn(id=message, at=clock(), model="m", **his)
            event = TrackerEvent(id=new_id(), session=1, at=clock(), **his)
            button = ButtonToken(id=new_id(), outbox_id=answer, **his)
            record = Record(id=new_id(), kind="mood", at=clock(), **his)
            session.add_all([inbox, outbox, turn, event, button, record])
            inbox.body, inbox.screening = {"text": CANARY}, {"level": "none", "reasons": []}
            outbox.body, turn.reading, event.event = {"text": CANARY}, {"intent": CANARY}, {"text": CANARY}
            button.choice, record.body = {"label": CANARY}, {"mood": 3, "note": CANARY}
            record_answer(session, kind=STORAGE, given=True, at=clock(), **his)
            if flag:
                reasons = {"reasons": ["says so"], "at": clock(), "message_id": message}
                open_flag(session, level=flag, kind="screening", **reasons, **his)
        return person_id

    return make
