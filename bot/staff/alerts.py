"""Alarms: the page that a notification leads to, and whether the ways to reach staff work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from bot.errors import FlagConflictError
from bot.escalation import audit, claim_flag
from bot.escalation.escalator import CLINIC, SENT
from bot.escalation.lookup import find_flag
from bot.escalation.rota import first_gap
from bot.escalation.steady import beat_of
from bot.staff import accounts
from bot.staff.browser import browser, staff_here
from bot.staff.cards import cards_of
from bot.staff.office import now, office
from bot.staff.roles import LEAD, REVIEWER
from bot.storage.alarm_models import Notification, StaffContact

blueprint = Blueprint("alerts", __name__, url_prefix="/alerts")

SHOWN = 60
SILENT_AFTER = timedelta(minutes=1)
GAP_WITHIN = timedelta(days=3)
CHANNEL_WORDS = {"mail": "Mail", "chat": "Telegram", "hook": "Webhook"}
ERROR_WORDS = {
    "too_many": "it asks us to wait",
    "timeout": "it did not answer in time",
    "no_connection": "it cannot be reached",
    "refused": "it refused the message",
    "address_refused": "it refused the address",
    "sign_in_refused": "it refused our password",
    "not_set_up": "it is not set up, or the address is gone",
}
TAKEN = "Somebody was quicker, or the flag is closed. This is how it stands now."


@dataclass(frozen=True)
class ChannelState:
    """How one channel fares: when it last worked, when it last failed and why."""

    channel: str
    sent_at: datetime | None
    failed_at: datetime | None
    error: str

    @property
    def is_failing(self) -> bool:
        """Whether the last try failed."""
        return self.failed_at is not None and (self.sent_at is None or self.failed_at > self.sent_at)


@blueprint.get("")
def index() -> ResponseReturnValue:
    """Show how each channel fares and what was sent lately."""
    at = now()
    with office().database.read() as session:
        page = {
            "channels": channel_states(session),
            "faults": faults(session, at),
            "beat": beat_of(session),
            "sent": _lately(session),
        }
    return render_template("staff/alerts.html", **page, at=at, channel_words=CHANNEL_WORDS, error_words=error_words)


@blueprint.get("/<row_id:flag_id>")
def show(flag_id: str) -> ResponseReturnValue:
    """Show the one flag that somebody was called for: how urgent, and who has it. Nothing of his is opened."""
    return _call_page(flag_id)


@blueprint.post("/<row_id:flag_id>")
def take(flag_id: str) -> ResponseReturnValue:
    """Say that one has it: this stops the calling, and leads to the flag."""
    raw = request.form.get("version", "")
    if not (raw.isascii() and raw.isdecimal() and len(raw) < 10):
        abort(400)
    try:
        with office().database.write() as session:
            if find_flag(session, flag_id) is None:
                abort(404)
            claim_flag(session, flag_id, version=int(raw), staff_id=staff_here().id, at=now())
    except FlagConflictError:
        return _call_page(flag_id, error=TAKEN), 409
    return redirect(url_for("flag.show", flag_id=flag_id), 303)


def _call_page(flag_id: str, *, error: str = "") -> str:
    at, staff = now(), staff_here()
    with office().database.write() as session:
        flag = find_flag(session, flag_id)
        if flag is None:
            abort(404)
        audit(session, actor=staff.id, action="flag.called", subject=flag_id, at=at)
        card = cards_of(session, [flag], reader_id=staff.id, at=at)[0]
    return render_template("staff/call.html", card=card, error=error)


def alarm_faults() -> dict[str, Any]:
    """Return, for every page of the clinic's people, why alarms may not reach anybody."""
    staff = browser().staff
    if staff is None or staff.standing not in (REVIEWER, LEAD) or current_app.config["IS_DEMO"]:
        return {"alarm_faults": []}  # in a demo nobody is to be called, which is said above
    with office().database.read() as session:
        return {"alarm_faults": faults(session, now())}


def faults(session: Any, at: datetime) -> list[str]:
    """Return what is wrong with the alarms, in sentences; the gravest first."""
    found = []
    beat = beat_of(session)
    if beat is None:
        found.append("Nobody is called: the alarm process (ballast worker) has never run.")
    elif at - beat.wall_at > SILENT_AFTER:
        found.append("Nobody is called: the alarm process (ballast worker) has stopped.")
    if not office().settings.alerts.channels and not session.execute(select(StaffContact.id).limit(1)).first():
        found.append("Alarms reach nobody: no mail, webhook or chat is set up, and nobody gave an address under Rota.")
    failing = [state for state in channel_states(session) if state.is_failing]
    return [*found, *(f"{CHANNEL_WORDS.get(one.channel, one.channel)} does not work: {one.error}." for one in failing)]


def rota_gap(session: Any, at: datetime) -> datetime | None:
    """Return the first moment in the coming days at which nobody is first on call."""
    return first_gap(session, at=at, within=GAP_WITHIN)


def channel_states(session: Any) -> list[ChannelState]:
    """Return how each channel fares that was ever used."""
    failed = select(Notification.channel, func.max(Notification.tried_at)).where(Notification.error.isnot(None))
    worked = select(Notification.channel, func.max(Notification.sent_at)).filter_by(state=SENT)
    last_failed = dict(tuple(row) for row in session.execute(failed.group_by(Notification.channel)))
    last_sent = dict(tuple(row) for row in session.execute(worked.group_by(Notification.channel)))
    return [
        ChannelState(name, last_sent.get(name), last_failed.get(name), _error_of(session, name, last_failed.get(name)))
        for name in sorted({*last_failed, *last_sent})
    ]


def _error_of(session: Any, channel: str, at: datetime | None) -> str:
    query = select(Notification.error).filter_by(channel=channel, tried_at=at).where(Notification.error.isnot(None))
    error = session.execute(query.limit(1)).scalar() if at is not None else None
    return error_words(error)


def error_words(error: str | None) -> str:
    """Return why something was not taken, in words."""
    if (error or "").startswith("status_"):
        return f"it answered {(error or '').removeprefix('status_')}"
    return ERROR_WORDS.get(error or "", error or "")


def _lately(session: Any) -> list[tuple[Notification, str]]:
    query = select(Notification).order_by(Notification.created_at.desc(), Notification.id).limit(SHOWN)
    rows = session.execute(query).scalars().all()
    names = accounts.names_of(session, {row.addressee for row in rows}) | {CLINIC: "the clinic"}
    return [(row, names.get(row.addressee, "a former colleague")) for row in rows]
