"""Cut a message into the parts that may each be about something else: "lost my job and the wife thinks I'm lazy"."""

from __future__ import annotations

import re

FEWEST_WORDS = 3  # of a part that can be about anything
MOST_PARTS = 4  # bounds the time on any input
_SEAMS = re.compile(r"[.!?;,\n]+|\s(?:and|but|plus|also|while|und|aber|y|pero)\s|\s[-–—&+]\s", re.IGNORECASE)


def clauses_of(text: str) -> list[str]:
    """Return the parts, or nothing where the message is one; a short part goes with the one before it."""
    parts: list[str] = []
    for piece in _SEAMS.split(text):
        bare = piece.strip()
        if parts and (len(bare.split()) < FEWEST_WORDS or len(parts[-1].split()) < FEWEST_WORDS):
            parts[-1] = f"{parts[-1]} {bare}".strip()
        elif bare:
            parts.append(bare)
    return parts[:MOST_PARTS] if len(parts) > 1 else []
