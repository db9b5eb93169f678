"""Fill a database with the invented men, their flags, and staff of each role; nothing in it is about anybody real."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select, update

from bot.consent import RESEARCH, STORAGE, record_answer
from bot.consent.consents import ADULT
from bot.escalation import claim_flag, open_flag, resolve_flag
from bot.records.phq9 import from_answers
from bot.records.scores import keep_score
from bot.research import register_protocol
from bot.staff import accounts
from bot.staff.demo_men import DemoMan, Line, men
from bot.staff.roles import ADMIN, LEAD, RESEARCHER, REVIEWER
from bot.storage import Database
from bot.storage.columns import new_id
from bot.storage.models import AuditEntry, Flag, InboxMessage, OutboxMessage, Person, StaffAccount, Turn

DOOR = "demo"  # the door that only invented men come through; the mark of a demo's database
STAFF = {"rosa": LEAD, "omar": REVIEWER, "lin": RESEARCHER, "ada": ADMIN}
PROTOCOL, PURPOSE = "DEMO-1", "a look around"
MODEL = "written by hand"  # stands where the model's hash would
_BETWEEN = timedelta(seconds=2)
_TAKEN_AFTER, _CLOSED_AFTER = timedelta(minutes=7), timedelta(minutes=35)
Event = tuple[datetime, Callable[[Any], None]]


def is_demo(session: Any) -> bool:
    """Return whether invented men live in this database."""
    return session.execute(select(Person.id).filter_by(door=DOOR).limit(1)).first() is not None


def has_other_rows(session: Any) -> bool:
    """Return whether the database holds men, staff or history that no demo made."""
    others = (
        select(Person.id).where(Person.door != DOOR),
        select(StaffAccount.id).where(StaffAccount.name.notin_(STAFF)),
        *([] if is_demo(session) else [select(AuditEntry.seq), select(StaffAccount.id)]),
    )
    return any(session.execute(query.limit(1)).first() is not None for query in others)


def fill(database: Database, now: datetime) -> None:
    """Write everything, in the order in which it happened, in one transaction: there is all of it or none."""
    with database.write() as session:
        staff_id = _staff(session, now - timedelta(days=90))
        events = [event for number, man in enumerate(men()) for event in _life(database, number, man, staff_id, now)]
        for _, happens in sorted(events, key=lambda event: event[0]):
            happens(session)
        expires_at = now + timedelta(days=365)
        register_protocol(session, PROTOCOL, purpose=PURPOSE, expires_at=expires_at, by="lin", at=now)


def renew_accounts(database: Database, password: str) -> dict[str, str]:
    """Give all demo staff this password and new authenticators, and return each one's number for the secret."""
    nonces = {name: secrets.token_hex(16) for name in STAFF}
    with database.write() as session:
        for name, nonce in nonces.items():
            staff_id = accounts.id_of(session, name) or ""
            accounts.set_password(session, staff_id, password, actor="ballast", at=_last_moment(session))
            session.execute(update(StaffAccount).filter_by(id=staff_id).values(totp_nonce=nonce, totp_step=0))
    return nonces


def _last_moment(session: Any) -> datetime:
    found: datetime = session.execute(select(AuditEntry.at).order_by(AuditEntry.seq.desc()).limit(1)).scalar()
    return found


def _staff(session: Any, at: datetime) -> str:
    made = {
        name: accounts.create_account(session, name=name, role=role, password=None, at=at)
        for name, role in STAFF.items()
    }
    return made["omar"]


def _life(database: Database, number: int, man: DemoMan, staff_id: str, now: datetime) -> Iterator[Event]:
    """Yield what happens to one man, with its moments; the first makes him."""
    person_id, began = new_id(), man.began_at(now)
    lines = list(man.lines(now))
    began = min(began, lines[0].at - _BETWEEN)
    yield began, partial(_arrives, database=database, number=number, person_id=person_id, man=man, at=began)
    ids = [new_id() for _ in lines]
    for place, (row_id, line) in enumerate(zip(ids, lines, strict=True)):
        update_id = number * 1_000 + place
        yield line.at, partial(_says, person_id=person_id, update_id=update_id, row_id=row_id, line=line)
    yield from _scores(person_id, man, began, now)
    if man.flag is not None:
        yield from _flagged(man, person_id, ids[man.flag.line], staff_id, now)


def _arrives(session: Any, *, database: Database, number: int, person_id: str, man: DemoMan, at: datetime) -> None:
    index = database.vault.keyring.chat_index(DOOR, str(number))
    row = Person(id=person_id, door=DOOR, chat_index=index, created_at=at, introduced_at=at)
    session.add(row)
    session.flush()
    database.vault.make_key(session, person_id)
    row.settings = {"region": man.region, "language": "en"}
    for kind, given in ((ADULT, True), (STORAGE, True), (RESEARCH, man.research)):
        record_answer(session, person_id=person_id, kind=kind, given=given, at=at)


def _says(session: Any, *, person_id: str, update_id: int, row_id: str, line: Line) -> None:
    row = InboxMessage(id=row_id, door=DOOR, update_id=update_id, person_id=person_id, kind="text", state="done")
    row.received_at = line.at
    session.add(row)
    row.body = {"text": line.text, "caption": None, "button": None, "command": None}
    turn = Turn(id=row_id, person_id=person_id, at=line.at, model=MODEL)
    session.add(turn)
    codes = [{"id": line.code, "score": 1.0}] if line.code else []
    turn.reading = {"intent": line.code or "other", "confidence": 1.0, "codes": codes}
    for number, text in enumerate(line.answers, start=1):
        at = line.at + _BETWEEN * number
        answer = OutboxMessage(id=new_id(), person_id=person_id, turn_id=row_id, state="sent", created_at=at, due_at=at)
        answer.sent_at = at
        session.add(answer)
        answer.body = {"text": text, "buttons": []}


def _scores(person_id: str, man: DemoMan, began: datetime, now: datetime) -> Iterator[Event]:
    """Yield moods and questionnaires, spread evenly over his days."""
    kept: list[tuple[str, dict[str, Any], int, int]] = []
    kept += [("mood", {"mood": mood}, place, len(man.moods)) for place, mood in enumerate(man.moods)]
    for place, digits in enumerate(man.phq9):
        result = from_answers([int(digit) for digit in digits])
        kept.append(("phq9", {"answers": list(result.answers), "total": result.total}, place, len(man.phq9)))
    for kind, body, place, count in kept:
        at = began + (now - began) * ((place + 0.5) / count)
        yield at, partial(keep_score, person_id=person_id, kind=kind, body=body, message_id=None, at=at)


def _flagged(man: DemoMan, person_id: str, message_id: str, staff_id: str, now: datetime) -> Iterator[Event]:
    flag, at, made = man.flag, man.flagged_at(now), {}
    if flag is None:
        return

    def opens(session: Any) -> None:
        more = {"person_id": person_id, "level": flag.level, "kind": flag.kind, "message_id": message_id}
        made["id"] = open_flag(session, **more, reasons=[flag.why], at=at).id
        session.flush()

    yield at, opens
    if not flag.end:
        return
    # Who holds a flag took it a moment ago, however long it is open: his ten minutes run.
    taken_at = now - timedelta(minutes=2) if flag.end == "claimed" else at + _TAKEN_AFTER
    yield taken_at, lambda session: claim_flag(session, made["id"], version=1, staff_id=staff_id, at=taken_at)
    if flag.end != "claimed":
        closed_at = min(at + _CLOSED_AFTER, now)
        yield closed_at, lambda session: _closes(session, made["id"], flag, staff_id, closed_at)


def _closes(session: Any, flag_id: str, flag: Any, staff_id: str, at: datetime) -> None:
    version = session.execute(select(Flag.version).filter_by(id=flag_id)).scalar()
    more = {"staff_id": staff_id, "outcome": flag.end, "note": flag.note, "at": at}
    resolve_flag(session, flag_id, version=version, **more)
