"""Seven signs that low mood shows in many men: no score, one plain paragraph, joined with the nine questions."""

from __future__ import annotations

from datetime import timedelta

from rasa_sdk import Tracker

from actions import keeping
from actions.guide import Here, hook
from actions.guide_book import guides
from bot.clock import utc_now
from bot.records.notes import SIGNS

NAMES = ("anger", "drink", "drugs", "risk", "body", "numb", "bottled")
_A_LOT = "2"
_FRESH = timedelta(days=30)  # an older result of the nine questions says nothing about now


@hook("signs_result")
def tell(here: Here) -> str | None:
    """Keep the answers and name what he named; what is risky to leave gets one more sentence."""
    answers = {name: str(here.given.get(name, "0")) for name in NAMES}
    keeping.keep(here.tracker, SIGNS, {name: int(value) for name, value in answers.items()})
    strong = [name for name in NAMES if answers[name] == _A_LOT]
    named = strong or [name for name in NAMES if answers[name] != "0"]
    if not named:
        return "signs.clear"
    words = guides()["signs"].words
    here.given["signs"] = _listed([words[name] for name in named], words["and"])
    has_more = len(named) < sum(value != "0" for value in answers.values())
    here.given["much"] = words["much"] if strong and has_more else ""
    if _A_LOT in (answers["drink"], answers["drugs"]):
        here.dispatcher.utter_message(response="utter_signs_drink_care")
    if answers["risk"] == _A_LOT:
        here.dispatcher.utter_message(response="utter_signs_risk_care")
    here.given["score"] = _fresh_score(here.tracker)
    return "signs.joined" if here.given["score"] else "signs.named"


def _listed(phrases: list[str], joined_by: str) -> str:
    *first, last = phrases
    return f"{', '.join(first)} {joined_by} {last}" if first else last


def _fresh_score(tracker: Tracker) -> str:
    scores = [row for row in keeping.kept(tracker, "phq9") if row["at"] >= utc_now() - _FRESH]
    return str(scores[0]["total"]) if scores else ""
