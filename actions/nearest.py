"""Which of the usual answers a man's words come nearest to, by what they mean and not by their letters."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np

from actions.talk_book import Kind, questions
from bot.vectors import encode

# Cosine with the nearest example. Of the examples themselves, each left out in turn, 53 % reach NEAR and 81 % of those
# find their kind; of questions and asides to the program 4 % reach NEAR and fewer than 1 % SURE.
NEAR = 0.55  # from which on it is taken for that kind
DECIDED = 0.66  # from which on it is a yes or no to a step: of things said in passing none came that near
SURE = 0.75  # from which on it is an answer, whatever else the words might be about
EXACT = 0.9  # from which on it is said in the very words, so that no reading of the model weighs more
_STOPS = re.compile(r"[.!?,;\n]+")  # the answer may be one part of what he writes
_MOST_PARTS = 4
_PARTS = ("multilingual",)  # tells the kinds apart as well as both encoders do, at a fifth of the time


def nearest(question: str, said: str) -> tuple[Kind | None, float]:
    """Return the kind of answer that ``said`` is, and how near it is, from -1 to 1; no kind where none is near."""
    kinds = list(questions()[question].values())
    owners, vectors = _examples(question)
    parts = [said, *(part for part in _STOPS.split(said) if part.strip() and part != said)][:_MOST_PARTS]
    nearness = (vectors @ encode([part.lower() for part in parts], _PARTS).T).max(axis=1)
    best = int(np.argmax(nearness))
    score = float(nearness[best])
    return (kinds[owners[best]] if score >= NEAR else None), score


@cache
def _examples(question: str) -> tuple[list[int], Any]:
    pairs = [
        (owner, text)
        for owner, kind in enumerate(questions()[question].values())
        for text in (kind.label, *kind.words)
        if text
    ]
    return [owner for owner, _ in pairs], encode([text.lower() for _, text in pairs], _PARTS)
