"""Which of the usual answers a man's words come nearest to, by what they mean and not by their letters."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from actions.talk_book import Kind, questions
from bot.vectors import PARTS, encode

NEAR = 0.5  # mean cosine with the nearest of a kind's examples from which on it is taken for that kind
SURE = 0.7  # from which on it is an answer, whatever else the words might be about


def nearest(question: str, said: str) -> tuple[Kind | None, float]:
    """Return the kind of answer that ``said`` is, and how near it is, from -1 to 1; no kind where none is near."""
    kinds = list(questions()[question].values())
    owners, vectors = _examples(question)
    nearness = vectors @ encode([said.lower()])[0] / len(PARTS)
    best = int(np.argmax(nearness))
    score = float(nearness[best])
    return (kinds[owners[best]] if score >= NEAR else None), score


@cache
def _examples(question: str) -> tuple[list[int], Any]:
    pairs = [
        (owner, text) for owner, kind in enumerate(questions()[question].values()) for text in (kind.label, *kind.words)
    ]
    return [owner for owner, _ in pairs], encode([text.lower() for _, text in pairs])
