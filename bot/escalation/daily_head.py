"""Once a day the audit's head leaves the house: logged, and mailed to where nobody who can change it here can reach.

Who has yesterday's line can tell whether the chain that he is shown today goes on from it: ``ballast verify --anchor``.
"""

from __future__ import annotations

import json
import logging
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from bot.config import Settings
from bot.escalation.journal import audit
from bot.escalation.notify import Channels
from bot.escalation.steady import beat_of
from bot.logs import log_event
from bot.storage import Database
from bot.storage.models import AuditEntry, Tally
from bot.storage.tally import ALL

_log = logging.getLogger("ballast.audit")


def signed_head(session: Any, *, at: datetime) -> str:
    """Return the present head as one line of JSON, in the form that ``ballast verify --anchor`` reads.

    With the tally inside the chain, whoever puts back an earlier state loses this entry, however much he adds.
    """
    total = session.execute(select(Tally.total).filter_by(scope=ALL)).scalar()
    audit(session, actor="ballast", action="verify.anchor", subject=bytes(total or b"").hex(), at=at)
    entries = session.execute(select(func.count()).select_from(AuditEntry)).scalar()
    head = session.execute(select(AuditEntry.mac).order_by(AuditEntry.seq.desc()).limit(1)).scalar()
    serial = session.execute(select(Tally.serial).filter_by(scope=ALL)).scalar() or 0
    body = json.dumps({"at": at.isoformat(), "entries": entries, "head": bytes(head).hex(), "serial": serial})
    mark = session.info["vault"].keyring.mark("anchor", body.encode()).hex()
    return json.dumps({"body": body, "mac": mark})


def send_head(database: Database, settings: Settings, *, at: datetime) -> bool:
    """Log and mail today's head, unless that was done; return whether it was done now.

    Raises:
        NotDeliveredError: The mail was not taken; it is tried again.
    """
    today = at.date().isoformat()
    with database.read() as session:
        beat = beat_of(session)
        if beat is None or beat.head_on == today:
            return False
    with database.write() as session:
        line = signed_head(session, at=at)
    parsed = json.loads(json.loads(line)["body"])
    log_event(_log, "audit.head", entries=parsed["entries"], head=parsed["head"])
    if settings.alerts.head_to:  # outside of any transaction: a slow mail server must not keep writers waiting
        subject = f"Ballast: audit head of {today}"
        Channels(settings).send_mail(settings.alerts.head_to, subject, _letter(today, line), message_id=f"head-{today}")
    with database.write() as session:
        beat_of(session).head_on = today  # type: ignore[union-attr]
    return True


def _letter(today: str, line: str) -> str:
    return (
        f"Ballast, audit head of {today}. Keep this mail: the line below is an anchor.\n"
        "Saved as a file it proves later that nothing before it was changed: ballast verify --anchor FILE\n\n"
        f"{line}\n"
    )
