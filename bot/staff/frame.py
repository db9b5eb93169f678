"""What stands around every page: who is signed in, where he may go, and when his session ends."""

from __future__ import annotations

from typing import Any

from bot.staff.browser import browser
from bot.staff.office import now
from bot.staff.roles import may_enter
from bot.staff.sessions import ABSOLUTE, IDLE

_PLACES = (
    ("queue.index", "Flags"),
    ("reviews.index", "Reviews"),
    ("rota.index", "Rota"),
    ("alerts.index", "Alarms"),
    ("report.index", "Report"),
    ("sample.index", "Sample"),
    ("levels.index", "Levels"),
    ("places.index", "Directory"),
    ("coding.index", "Coding"),
    ("release_review.index", "Review"),
    ("looking.index", "Figures"),
    ("people.index", "People"),
    ("account.index", "My account"),
)


def frame() -> dict[str, Any]:
    """Return the values that every template may use."""
    staff = browser().staff
    if staff is None:
        return {"staff": None, "places": [], "ends_at": None}
    ends_at = staff.since + ABSOLUTE
    is_near = ends_at - now() < IDLE
    places = [(endpoint, words) for endpoint, words in _PLACES if may_enter(staff.standing, endpoint)]
    return {"staff": staff, "places": places, "ends_at": ends_at if is_near else None}
