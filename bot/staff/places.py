"""The directory: where men are sent. A lead changes an entry, adds one or withdraws it, with source and day."""

from __future__ import annotations

import logging
import re
from dataclasses import asdict
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.config import REGIONS
from bot.directory.entries import KINDS, Entry, own_entries
from bot.errors import DirectoryError
from bot.escalation.places import change_entry, changes_of, undo_change
from bot.logs import log_event
from bot.staff.browser import staff_here
from bot.staff.office import now, office

blueprint = Blueprint("places", __name__, url_prefix="/directory")
logger = logging.getLogger(__name__)

WORDS = ("name", "what", "phone", "text", "web", "hours", "cost", "source", "checked_on")
LABELS = {
    "name": "Name",
    "what": "What it is, in a few words",
    "phone": "Phone",
    "text": "How to text, such as: text HOME to 741741",
    "web": "Web address",
    "hours": "Hours",
    "cost": "Cost",
    "source": "Source: the page on which this stands",
    "checked_on": "Day on which you read the source",
}
LONGEST = 200
_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,60}")
_LANGUAGE = re.compile(r"[a-z]{2}")


@blueprint.get("")
def index() -> ResponseReturnValue:
    """List all entries, what needs checking first."""
    with office().database.read() as session:
        changed = {change.entry_id: change.entry for change in changes_of(session)}
    today = now().date()
    filed = {entry.id: entry for entry in own_entries()}
    shown = [(changed.get(key) or filed[key], key in changed, changed.get(key, True) is None) for key in filed]
    shown += [(entry, True, False) for key, entry in changed.items() if key not in filed and entry is not None]
    shown.sort(key=lambda row: (row[2], not row[0].is_stale(today)))
    return render_template("staff/places.html", shown=shown, today=today)


@blueprint.get("/new")
def new() -> ResponseReturnValue:
    """Show an empty form."""
    return _form_page(Entry(id="", kinds=(), regions=(), name="", what=""), is_new=True)


@blueprint.get("/entry/<entry_id>")
def show(entry_id: str) -> ResponseReturnValue:
    """Show one entry's form."""
    entry, is_changed, is_hidden = _find(entry_id)
    return _form_page(entry, is_changed=is_changed, is_hidden=is_hidden)


@blueprint.post("/new")
def add() -> ResponseReturnValue:
    """Add an entry."""
    entry_id = request.form.get("id", "").strip()
    known = _ID.fullmatch(entry_id) is None or _is_known(entry_id)
    if known:
        problem = "The short name has small letters, digits and hyphens only, and no other entry has it."
        return _form_page(_typed({"id": entry_id}), is_new=True, error=problem), 422
    return _save({"id": entry_id}, is_new=True)


@blueprint.post("/entry/<entry_id>")
def save(entry_id: str) -> ResponseReturnValue:
    """Change an entry."""
    entry, _, _ = _find(entry_id)
    return _save(asdict(entry))


@blueprint.post("/entry/<entry_id>/<any(withdraw, undo):step>")
def step(entry_id: str, step: str) -> ResponseReturnValue:
    """Tell no man of it any more, or let it read again as in the file."""
    entry, _, _ = _find(entry_id)
    staff, at = staff_here(), now()
    with office().database.write() as session:
        if step == "undo":
            undo_change(session, entry_id, staff_id=staff.id, at=at)
        else:
            row = {**asdict(entry), "checked_on": entry.checked_on or at.date()}
            change_entry(session, row, staff_id=staff.id, at=at, is_hidden=True)
    log_event(logger, "staff.directory", staff=staff.id, entry=entry_id, step=step)
    return redirect(url_for("places.index"), 303)


@blueprint.get("/entry/<entry_id>/<any(withdraw, undo):step>")
def back(entry_id: str, step: str) -> ResponseReturnValue:  # noqa: ARG001 - part of the address only
    """Lead back to the list when somebody loads the address of one of its forms."""
    return redirect(url_for("places.index"), 303)


def _save(kept: dict[str, Any], *, is_new: bool = False) -> ResponseReturnValue:
    staff = staff_here()
    try:
        row = _fields(kept)
        with office().database.write() as session:
            change_entry(session, row, staff_id=staff.id, at=now())
    except DirectoryError as error:
        return _form_page(_typed(kept), is_new=is_new, error=str(error)), 422
    log_event(logger, "staff.directory", staff=staff.id, entry=kept["id"], step="save")
    return redirect(url_for("places.index"), 303)


def _fields(kept: dict[str, Any]) -> dict[str, Any]:
    """Return the entry's fields as they were typed; those that the form does not have stay as they are.

    Raises:
        DirectoryError: One of them cannot be one.
    """
    form = request.form
    row = {**kept, **{name: " ".join(form.get(name, "").split()) for name in WORDS}}
    row["kinds"] = [kind for kind in sorted(KINDS) if kind in form.getlist("kinds")]
    row["regions"] = [region for region in REGIONS if region in form.getlist("regions")]
    row["languages"] = form.get("languages", "").replace(",", " ").split()
    row["men_only"] = "men_only" in form
    if not (row["kinds"] and row["regions"] and row["name"] and row["what"]):
        raise DirectoryError("Name, what it is, at least one kind and one region are needed.")
    if any(len(row[name]) > LONGEST or not row[name].isprintable() or set(row[name]) & set("{}") for name in WORDS):
        raise DirectoryError(f"A field is plain text of at most {LONGEST} characters.")
    if not all(_LANGUAGE.fullmatch(language) for language in row["languages"]):
        raise DirectoryError("Languages are two letters each, such as en or es.")
    if row["web"] and not row["web"].startswith("https://"):
        raise DirectoryError("The web address begins with https://.")
    if not (row["phone"] or row["text"] or row["web"]):
        raise DirectoryError("At least one way to reach them is needed: phone, text or web.")
    return row


def _typed(kept: dict[str, Any]) -> dict[str, Any]:
    """Return what was typed, so that nothing of it is lost when it is refused."""
    form = request.form
    lists = {"kinds": form.getlist("kinds"), "regions": form.getlist("regions")}
    words = {name: form.get(name, "") for name in WORDS}
    return {
        **words,
        **lists,
        "id": kept.get("id", ""),
        "languages": [form.get("languages", "")],
        "men_only": "men_only" in form,
    }


def _find(entry_id: str) -> tuple[Entry, bool, bool]:
    """Return an entry as it reads now, whether it was changed, and whether it is withdrawn."""
    with office().database.read() as session:
        changed = {change.entry_id: change.entry for change in changes_of(session)}
    filed = {entry.id: entry for entry in own_entries()}
    entry = changed.get(entry_id) or filed.get(entry_id)
    if entry is None:
        abort(404)
    return entry, entry_id in changed, entry_id in changed and changed[entry_id] is None


def _is_known(entry_id: str) -> bool:
    with office().database.read() as session:
        changed = {change.entry_id for change in changes_of(session)}
    return entry_id in changed or any(entry.id == entry_id for entry in own_entries())


def _form_page(
    entry: Any, *, is_new: bool = False, is_changed: bool = False, is_hidden: bool = False, error: str = ""
) -> str:
    flags = {"is_new": is_new, "is_changed": is_changed, "is_hidden": is_hidden, "error": error}
    words = {"labels": LABELS, "kinds": sorted(KINDS), "regions": REGIONS, "longest": LONGEST}
    return render_template("staff/place.html", entry=entry, **flags, **words)
