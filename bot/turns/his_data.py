"""What is stored about one man: counted in plain words for ``/me``, and whole, as two files, for ``/export``."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from bot.consent import RESEARCH, STORAGE, has_given
from bot.content import label, say
from bot.errors import KeyMissingError, SealBrokenError
from bot.records.about_him import answers_of
from bot.records.safety_plan import plan_of
from bot.storage.models import Consent, Flag, FollowUp, InboxMessage, OutboxMessage, Person, Record, Turn
from bot.turns.outbox import is_by_staff
from bot.turns.people import settings_of
from bot.turns.reminders import KINDS

JSON, PAGE = "ballast.json", "ballast.html"
FILES = (JSON, PAGE)
DAMAGED = "(stored damaged, cannot be opened)"
_STYLE = "body{font:16px/1.5 sans-serif;max-width:40em;margin:2em auto;padding:0 1em}small{color:#555}"


def told_plainly(session: Any, person: Person, *, retention_days: int) -> list[str]:
    """Return the bubbles of ``/me``: a lead-in with a line for each thing that is kept, and what he can do about it."""
    region = settings_of(person)["region"]

    def count(model: Any, *conditions: Any) -> int:
        query = select(func.count()).select_from(model).where(model.person_id == person.id, *conditions)
        return int(session.execute(query).scalar())

    facts = {
        "me_since": f"{person.created_at:%Y-%m-%d}",
        "me_messages": count(InboxMessage, InboxMessage.body_sealed.isnot(None), InboxMessage.kind != "follow_up"),
        "me_answers": count(OutboxMessage, OutboxMessage.body_sealed.isnot(None)),
        "me_scores": count(Record, Record.kind.in_(("mood", "phq9", "signs"))),
        "me_notes": count(Record, Record.kind.in_(("note", "strength", "activity"))),
        "me_plan": len(plan_of(session, person.id)),
        "me_check_ins": count(FollowUp, FollowUp.kind.in_(KINDS), FollowUp.state == "pending"),
        "me_flags": count(Flag),
        "me_days": retention_days,
        "me_keeps": _yes(has_given(session, person.id, STORAGE)),
        "me_research": _yes(has_given(session, person.id, RESEARCH)),
        "me_about": len(answers_of(session, person.id)),
        "me_region": label(region),
    }
    lines = [f"{say(name, region)[0]}: {value}" for name, value in facts.items()]
    return ["\n".join([say("me", region)[0], *lines]), *say("me_more", region)]


def file_of(session: Any, person: Person, name: str, *, at: datetime) -> bytes:
    """Return one of ``FILES`` with all that is stored about him; made in memory and never written to disk."""
    found = everything_of(session, person, at=at)
    if name == JSON:
        return json.dumps(found, ensure_ascii=False, indent=1).encode(errors="replace")
    return _page(found).encode(errors="replace")


def everything_of(session: Any, person: Person, *, at: datetime) -> dict[str, Any]:
    """Return all that is stored about him, oldest first. What staff wrote about him is not in it, nor are keys."""
    his = {"person_id": person.id}

    def rows(model: Any, order: Any) -> list[Any]:
        return list(session.execute(select(model).filter_by(**his).order_by(order)).scalars())

    return {
        "made_at": at.isoformat(),
        "known_since": person.created_at.isoformat(),
        "settings": settings_of(person),
        "consents": [
            {"at": row.at.isoformat(), "question": row.kind, "wording": row.version, "yes": row.given}
            for row in rows(Consent, Consent.seq)
        ],
        "messages": sorted(
            _messages(rows(InboxMessage, InboxMessage.seq), rows(OutboxMessage, OutboxMessage.seq)),
            key=lambda message: str(message["at"]),
        ),
        "readings": [{"at": row.at.isoformat(), "reading": _opened(row, "reading")} for row in rows(Turn, Turn.at)],
        "records": [
            {"at": row.at.isoformat(), "kind": row.kind, "content": _opened(row, "body")}
            for row in rows(Record, Record.at)
        ],
        "flags": [
            {"at": row.opened_at.isoformat(), "kind": row.kind, "level": row.level, "state": row.state}
            for row in rows(Flag, Flag.opened_at)
        ],
        "check_backs": [
            {"due_at": row.due_at.isoformat(), "kind": row.kind, "state": row.state}
            for row in rows(FollowUp, FollowUp.due_at)
            if row.kind not in KINDS
        ],
        "reminders": [
            {"due_at": row.due_at.isoformat(), "kind": row.kind, "state": row.state}
            for row in rows(FollowUp, FollowUp.due_at)
            if row.kind in KINDS
        ],
    }


def _messages(received: list[InboxMessage], sent: list[OutboxMessage]) -> Iterator[dict[str, Any]]:
    for row in received:
        body = _opened(row, "body")
        text = body if isinstance(body, str) or body is None else body.get("text") or body.get("button")
        yield {
            "at": row.received_at.isoformat(),
            "from": "you",
            "kind": row.kind,
            "text": text,
            "screening": _opened(row, "screening"),
        }
    for answer in sent:
        body = _opened(answer, "body")
        text = body if isinstance(body, str) or body is None else body["text"]
        who = "clinic staff" if is_by_staff(answer) else "Ballast"
        yield {"at": answer.created_at.isoformat(), "from": who, "state": answer.state, "text": text}


def _opened(row: Any, name: str) -> Any:
    """Return what is sealed; None where it was let go, words that say so where it cannot be opened."""
    secret = getattr(row, name)
    try:
        return None if secret is None else secret.reveal()
    except (SealBrokenError, KeyMissingError):
        return DAMAGED


def _page(found: dict[str, Any]) -> str:
    def line(at: str, who: str, what: object) -> str:
        text = what if isinstance(what, str) else json.dumps(what, ensure_ascii=False)
        shown = html.escape(text).replace("\n", "<br>")
        return (
            f"<p><small>{html.escape(at[:16].replace('T', ' '))} UTC</small> <b>{html.escape(who)}</b><br>{shown}</p>"
        )

    parts = [line(row["at"], row["from"], row["text"]) for row in found["messages"] if row["text"]]
    parts += ["<h2>Scores, plan, notes</h2>"]
    parts += [line(row["at"], row["kind"], row["content"]) for row in found["records"]]
    parts += ["<h2>Safety flags</h2>"]
    parts += [line(row["at"], row["kind"], f"{row['level']}, {row['state']}") for row in found["flags"]]
    parts += ["<h2>What you agreed to</h2>"]
    parts += [line(row["at"], row["question"], _yes(row["yes"])) for row in found["consents"]]
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Ballast</title><style>{_STYLE}</style>'
    return f"{head}<h1>What Ballast keeps</h1>{''.join(parts)}</html>\n"


def _yes(answer: bool) -> str:  # noqa: FBT001 - the word for it
    return "yes" if answer else "no"
