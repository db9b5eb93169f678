"""Put one flag's page together, in the transaction that writes down that it was opened."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import groupby
from typing import Any

from flask import abort, render_template, request

from bot.escalation import audit
from bot.escalation.flags import RED
from bot.escalation.lookup import find_flag, flags_of, history_of
from bot.staff import accounts, case, phrases, words
from bot.staff.browser import staff_here
from bot.staff.cards import cards_of
from bot.staff.marks import marked_on
from bot.staff.office import now, office
from bot.staff.roles import LEAD, REVIEWER
from bot.staff.talks import mark_of, talk_of
from bot.storage.models import Flag

HISTORY_SHOWN = 100
EARLIER_SHOWN = 10
LONGEST_NOTE = 4_000  # characters

VIEW, REVEAL = "flag.view", "flag.reveal"
CHANGED = (
    "Nothing was saved: this flag changed after you opened it, or somebody else holds it. This is how it stands now."
)
SEALED_OFF = "Nothing was saved: this man's key is gone or damaged, so no note can be kept for this flag."
_ROW_ID = re.compile("[0-9a-f]{32}")
_QUIET = frozenset({"flag.trend"})  # written down, but not told in the history: each page has its pictures


def flag_page(flag_id: str, action: str = VIEW, *, error: str = "", problems: Mapping[str, str] | None = None) -> str:
    """Render one flag.

    Args:
        flag_id: Which.
        action: What is written down; after ``flag.reveal`` his words are open.
        error: What went wrong with a step, for the top of the page.
        problems: What is wrong with a form, by its name; what was typed into it stays.
    """
    at, staff = now(), staff_here()
    with office().database.write() as session:
        flag = find_or_404(session, flag_id)
        audit(session, actor=staff.id, action=action, subject=flag_id, at=at)
        card = cards_of(session, [flag], reader_id=staff.id, at=at)[0]
        is_revealed = action == REVEAL
        page = {
            "card": card,
            "firings": words.firings_of(flag),
            "messages": words.messages_of(session, flag) if is_revealed else None,
            "plan": case.plan_words(session, flag.person_id) if is_revealed else None,
            "resolution": words.resolution_of(flag),
            "marked": marked_on(session, flag.person_id) if is_revealed else {},
            "talk": talk_of(session, flag, staff.id, is_open=is_revealed or card.is_mine, at=at),
            **_case(session, flag, card.is_mine),
        }
        page["live_mark"] = live_mark(session, flag)
        page["history"] = _history(session, flag_id)
    return render_template("staff/flag.html", **page, error=error, problems=problems or {}, typed=request.form)


def live_mark(session: Any, flag: Flag) -> str:
    """Return what an open page compares with: the flag's version and the state of the talk."""
    return f"{flag.version}-{mark_of(session, flag.person_id)}"


def find_or_404(session: Any, flag_id: str) -> Flag:
    """Return the flag or answer that there is none."""
    flag = find_flag(session, flag_id)
    if flag is None:
        abort(404)
    return flag


def version() -> int:
    """Return the version that the form was made for; a form without one is refused."""
    raw = request.form.get("version", "")
    if not (raw.isascii() and raw.isdecimal() and len(raw) < 10):
        abort(400)
    return int(raw)


def row_id_in(field: str) -> str:
    """Return the row's id that a form names, empty where it names none: whatever else it holds reaches no query."""
    named = request.form.get(field, "")
    return named if _ROW_ID.fullmatch(named) else ""


def note_problem(note: str, wanted: str) -> str:
    """Return what is wrong with a typed note, empty where nothing is.

    Args:
        note: What was typed, stripped.
        wanted: What to say where nothing was typed; empty: a note may be empty.
    """
    if not note and wanted:
        return wanted
    if len(note) > LONGEST_NOTE:
        return f"The note is too long: {len(note)} characters, of at most {LONGEST_NOTE}."
    return ""


def _case(session: Any, flag: Flag, is_mine: bool) -> dict[str, Any]:  # noqa: FBT001
    firings = words.firings_of(flag) or []
    named = next((firing.message_id for firing in firings if firing.message_id), None)
    trends = {scale: case.trend_of(session, flag.person_id, scale) for scale in case.SCALES}
    earlier = flags_of(session, flag.person_id, but=flag.id, limit=EARLIER_SHOWN)
    return {
        "answer": case.answer_to(session, flag, named),
        "is_blocked": case.is_blocked(session, flag.person_id),
        "trends": trends,
        "summaries": {scale: case.summary(scale, points) for scale, points in trends.items() if points},
        "scales": case.SCALES,
        "notes": case.notes_on(session, flag.id),
        "looks": case.second_looks_on(session, flag.id, reader_id=staff_here().id),
        "earlier": cards_of(session, earlier, reader_id=staff_here().id, at=now()),
        "colleagues": _colleagues(session) if is_mine else [],
        "is_red": flag.level == RED,
        "note_kinds": phrases.NOTE_KINDS,
    }


def _colleagues(session: Any) -> list[accounts.Account]:
    """Return who else may take a flag."""
    everybody = accounts.all_accounts(session)
    clinic = (LEAD, REVIEWER)
    return [one for one in everybody if one.role in clinic and not one.disabled_at and one.id != staff_here().id]


def _history(session: Any, flag_id: str) -> list[tuple[Any, str, str, int]]:
    """Return when, who, what and how often in a row, oldest first."""
    entries = [entry for entry in history_of(session, flag_id, limit=HISTORY_SHOWN) if entry.action not in _QUIET]
    names = accounts.names_of(session, {entry.actor for entry in entries})
    names |= {"ballast": "Ballast", "person": "He"}
    told = []
    for (actor, action), run in groupby(entries, key=lambda entry: (entry.actor, entry.action)):
        same = list(run)
        told.append((same[-1].at, names.get(actor, "?"), phrases.step_words(action), len(same)))
    return told
