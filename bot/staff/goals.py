"""Where a sign-in or a confirmation may lead back to: a few addresses of this app, and nowhere else."""

from __future__ import annotations

import re

from flask import request, url_for

_GOAL = re.compile(
    r"/flags/[0-9a-f]{32}(?:/identity|/export)?|/alerts/[0-9a-f]{32}|/account|/account/(?:authenticator|passkeys|password)"
    r"|/people|/report|/release-review"
)


def goal() -> str | None:
    """Return the address that this request names as its goal, or None if it names none or a foreign one."""
    named = request.values.get("next", "")
    return named if _GOAL.fullmatch(named) else None


def goal_or_home() -> str:
    """Return the address to go to next."""
    return goal() or url_for("queue.home")
