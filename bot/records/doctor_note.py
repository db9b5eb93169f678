"""One page to show a doctor: his own words and numbers, and one request. Made on this machine, stored nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.records.scores import scores_of

if TYPE_CHECKING:
    from bot.papers import Paper

LINES = ("words", "since", "sleep", "drink", "work", "tablets", "request")  # what he is asked, in this order
MOST_CHARACTERS = 200  # of a line: seven of them and the scores stay on one page
MOST_SCORES = 4
Facts = Mapping[str, Any]


def scores_for(session: Any, person_id: str) -> str:
    """Return his newest PHQ-9 scores with their days, oldest first, as one line; empty where there is none."""
    rows = scores_of(session, person_id, "phq9")[-MOST_SCORES:]
    return "   ".join(f"{row['at']:%Y-%m-%d}: {row['total']}/27" for row in rows)


def facts_of(lines: Mapping[str, str], titles: Mapping[str, str], scores: str) -> dict[str, Any]:
    """Return what the page is made of.

    Args:
        lines: His words by the names in ``LINES``; a line that he left out is not on the page.
        titles: What stands above each line, with ``title``, ``notice`` and ``scores`` for the rest.
        scores: As from ``scores_for``.
    """
    written = [[titles[name], lines[name][:MOST_CHARACTERS]] for name in LINES if lines.get(name)]
    return {"titles": dict(titles), "lines": written, "scores": scores}


def pdf(facts: Facts, at: datetime) -> bytes:
    """Return the page as PDF."""
    return _page(facts, at).pdf()


def picture(facts: Facts, at: datetime) -> bytes:
    """Return the page as PNG."""
    return _page(facts, at).png()[0]


def _page(facts: Facts, at: datetime) -> Paper:
    from bot.papers import Paper  # here, because it is needed once in a while only

    titles = facts["titles"]
    paper = Paper(titles["title"], made_at=at, notice=titles["notice"])
    paper.paragraph(f"{at:%Y-%m-%d}", quiet=True)
    for heading, words in facts["lines"]:
        paper.heading(heading)
        paper.paragraph(words)
    if facts["scores"]:
        paper.heading(titles["scores"])
        paper.paragraph(facts["scores"])
    return paper
