"""The same message as another thumb would type it, and messages like ours for the teacher to judge."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from phrases import Phrase

_KEYS = "abcdefghijklmnopqrstuvwxyz"
_KEYS_BESIDE = "sqz vgn xvd sfe wrd dgr fht gjy uok hku jli kop nj bmh ipl ol wa etf adw ryg yij cbf qes zcs tuh xas"
_BESIDE = dict(zip(_KEYS, _KEYS_BESIDE.split(), strict=True))
_ENDS = ("😂", "😔", "🙃", "💀", "😞", "👍", "🤷", "lol", "haha", ":)", "...", "xx", "mate", "ffs")
_CLAUSE = re.compile(r"(?<=[.,!?;])\s+|\s+(?=(?:and|but|so|because|cos|then)\s)")
_WORD = re.compile(r"([^a-zA-Z]*)([a-zA-Z']+)([^a-zA-Z]*)")
_ALIKE = 0.38  # cosine of two word pieces that may stand for each other
_LONGEST = 400


def typed(text: str, harmless: Sequence[str], chance: random.Random, share: float) -> str:
    """Return the message with the slips of a thumb; unchanged in the other cases than ``share``."""
    if chance.random() > share:
        return text
    if chance.random() < 0.3:
        text = text.lower()
    elif chance.random() < 0.05:
        text = text.upper()
    if chance.random() < 0.25:
        text = re.sub("['’]", "", text)
    if chance.random() < 0.25:
        text = re.sub("[.,!?;]", "", text)
    for _ in range(chance.choice([0, 0, 1, 1, 2])):
        text = _slip(text, chance)
    if chance.random() < 0.1:
        text = f"{text} {chance.choice(_ENDS)}"
    if chance.random() < 0.12:
        other, mark = chance.choice(harmless), chance.choice([". ", " ", ", ", " and ", "\n"])
        text = text + mark + other if chance.random() < 0.5 else other + mark + text
    return text


def _slip(text: str, chance: random.Random) -> str:
    places = [at for at, letter in enumerate(text) if letter.isalpha()]
    if len(places) < 4:
        return text
    at, sort = chance.choice(places), chance.random()
    if sort < 0.25:
        return text[:at] + text[at + 1 :]
    if sort < 0.5:
        return text[:at] + text[at] + text[at:]
    if sort < 0.75 and at + 1 < len(text):
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + chance.choice(_BESIDE.get(text[at].lower(), text[at])) + text[at + 1 :]


class Pool:
    """Endless messages around ours: words swapped for alike ones, clauses dropped or mixed, two sentences joined.

    Nobody knows their level, so the teacher gives it; the student learns the teacher's whole judgement from them
    (Hinton et al. 2015; Jiao et al. 2020, who found this to matter most where data are few).

    Args:
        phrases: What to vary.
        vocabulary: Word pieces and their rows in ``embeddings``.
        embeddings: One row a word piece.
        seed: Makes the pool the same again.
    """

    def __init__(
        self, phrases: Sequence[Phrase], vocabulary: dict[str, int], embeddings: NDArray[np.float32], seed: int
    ) -> None:
        self._chance = random.Random(seed)
        self._texts = [phrase.text for phrase in phrases]
        self._harmless = [phrase.text for phrase in phrases if phrase.level == 0 and len(phrase.text) < 80]
        counts = Counter(word for text in self._texts for word in re.findall("[a-z']+", text.lower()))
        self._alike = _neighbours([w for w, n in counts.items() if n > 1 and w in vocabulary], vocabulary, embeddings)

    def draw(self) -> str:
        """Return one message."""
        chance, text, sort = self._chance, self._chance.choice(self._texts), self._chance.random()
        if sort < 0.4:
            text = self._swapped(text, chance.choice([0.12, 0.2, 0.3]))
        elif sort < 0.6:
            text = self._mixed(text, chance.choice(self._texts))
        elif sort < 0.72:
            text = self._shortened(text)
        elif sort < 0.8:
            text = text + chance.choice([". ", " ", ", ", "\n"]) + chance.choice(self._texts)
        return typed(text, self._harmless, chance, 0.45)[:_LONGEST]

    def _swapped(self, text: str, share: float) -> str:
        words = []
        for word in text.split(" "):
            found = _WORD.fullmatch(word)
            if found and self._chance.random() < share:
                others = self._alike.get(found[2].lower())
                if others and self._chance.random() < 0.8:
                    word = found[1] + self._chance.choice(others) + found[3]
                elif self._chance.random() < 0.3:
                    continue
            words.append(word)
        return " ".join(words)

    def _mixed(self, one: str, other: str) -> str:
        first, second = _CLAUSE.split(one), _CLAUSE.split(other)
        until, since = self._chance.randrange(len(first) + 1), self._chance.randrange(len(second) + 1)
        return " ".join((first[:until] + second[since:]) or first)

    def _shortened(self, text: str) -> str:
        clauses = _CLAUSE.split(text)
        if len(clauses) > 1:
            clauses.pop(self._chance.randrange(len(clauses)))
        return " ".join(clauses)


def _neighbours(
    words: Sequence[str], vocabulary: dict[str, int], embeddings: NDArray[np.float32], most: int = 8
) -> dict[str, list[str]]:
    """Return for each word the others that stand nearest to it in the embedding table."""
    rows = embeddings[[vocabulary[word] for word in words]]
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    found = {}
    for at, word in enumerate(words):
        likeness = rows @ rows[at]
        nearest = np.argsort(-likeness)[1 : most + 1]
        found[word] = [words[other] for other in nearest if likeness[other] > _ALIKE]
    return found
