"""How his mood went, from his own check-ins: the points, a sentence and a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.records.scores import scores_of

LEAST = 3  # check-ins: fewer make no line
MOST = 30  # the newest
Points = Sequence[Sequence[Any]]  # time in ISO 8601, mood 0-10


def points_of(session: Any, person_id: str) -> list[list[Any]]:
    """Return his newest check-ins, oldest first, as JSON can hold them; empty where there are too few for a line."""
    rows = scores_of(session, person_id, "mood")[-MOST:]
    return [[row["at"].isoformat(), row["mood"]] for row in rows] if len(rows) >= LEAST else []


def told(points: Points) -> dict[str, str]:
    """Return the numbers that the words for the picture name."""
    moods = [int(mood) for _, mood in points]
    facts = {"count": len(moods), "first": moods[0], "last": moods[-1], "low": min(moods), "high": max(moods)}
    return {name: str(value) for name, value in facts.items()}


def picture(facts: Mapping[str, Any], at: datetime) -> bytes:
    """Return the line as PNG.

    Args:
        facts: ``{"points", "title"}``.
        at: Not on the picture.
    """
    del at  # the points carry their own days
    from bot.papers import line  # here, because it loads matplotlib

    points = [(datetime.fromisoformat(when), float(mood)) for when, mood in facts["points"]]
    return line(points, title=str(facts["title"]), low=0, high=10).png()
