"""Learn where one message ends and the next begins, and add it to the file of the classifier (`bot.crisis.seams`).

From the validation list: its dark lines cut at every place, against pairs of its harmless lines and of ordinary ones.
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from phrases import PROJECT, Phrase, ordinary, to_choose, to_learn

sys.path.insert(0, str(PROJECT))

from bot.crisis.classifier import DIGEST, FILE, Classifier, prepared
from bot.crisis.findings import Level
from bot.crisis.seams import _WORD, Seams

_OFTEN = 3  # how many times a word must stand in the phrases to be counted by itself
_PAIRS = 1500
_SHORT = 60  # characters
_KEPT = 0.88  # share of the cut lines that must still be read as one
_GENTLE = 0.3  # how freely the weights may grow, as C of a logistic regression


def counted(phrases: list[Phrase]) -> dict[str, NDArray[np.generic]]:
    """Return how often each word ends and begins a message, in logarithms."""
    found, ends, begins = Counter[str](), Counter[str](), Counter[str]()
    for phrase in phrases:
        words = _WORD.findall(prepared(phrase.text))
        found.update(words)
        ends.update(words[-1:])
        begins.update(words[:1])
    words = sorted(word for word, often in found.items() if often >= _OFTEN)

    def shares(of: Counter[str]) -> NDArray[np.float16]:
        return np.log([(of[word] + 0.5) / (found[word] + 5) for word in words]).astype(np.float16)

    rare = np.log([0.1, 0.1]).astype(np.float16)
    return {"seam.words": np.array(words), "seam.ends": shares(ends), "seam.begins": shares(begins), "seam.rare": rare}


def pairs() -> Iterator[tuple[int, str, str]]:
    """Yield cut sentences (1) and pairs that belong to nothing in common (0)."""
    chance = random.Random(1)
    lines, kept_back = to_choose()
    harmless = [line.text for line in (*lines, *kept_back) if line.level == 0]
    chance.shuffle(harmless)
    yield from ((0, first, second) for first, second in pairwise(harmless))
    short = [line.text for line in ordinary() if len(line.text) < _SHORT]
    yield from ((0, *chance.sample(short, 2)) for _ in range(_PAIRS))
    for line in lines:
        words = line.text.split()
        if line.level >= Level.HIGH.rank and len(words) > len(Level) - 1:
            yield from ((1, " ".join(words[:cut]), " ".join(words[cut:])) for cut in range(1, len(words)))


def learnt(classifier: Classifier, seams: Seams) -> NDArray[np.float64]:
    """Return the weights, from what only both together make dark."""
    readings = {}

    def danger(text: str) -> tuple[bool, float]:
        if text not in readings:
            reading = classifier.read(text)
            readings[text] = (reading.level >= Level.HIGH, reading.danger)
        return readings[text]

    signs, wanted = [], []
    for is_one, first, second in pairs():
        (is_first, one), (is_second, other), (is_joined, joined) = map(danger, (first, second, f"{first} {second}"))
        if is_joined and not is_first and not is_second:
            signs.append(seams.signs(prepared(first), prepared(second), joined=joined, alone=max(one, other)))
            wanted.append(is_one)
    found, is_one = np.array(signs), np.array(wanted, dtype=bool)
    weights = _fitted(found, is_one)
    weights[-1] -= np.quantile(found[is_one] @ weights, 1 - _KEPT)
    told = found @ weights >= 0
    print(
        f"cut in two: {told[is_one].mean():.3f} of {is_one.sum()}; others: {told[~is_one].sum()} of {(~is_one).sum()}"
    )
    return weights


def _fitted(signs: NDArray[np.float64], is_one: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Fit a logistic regression by Newton's method, both kinds of pairs counting alike."""
    share = np.where(is_one, 0.5 / is_one.mean(), 0.5 / (~is_one).mean())
    weights = np.zeros(signs.shape[1])
    ridge = np.diag([1 / _GENTLE] * (signs.shape[1] - 1) + [0])
    for _ in range(25):
        chances = 1 / (1 + np.exp(-signs @ weights))
        slope = signs.T @ (share * (chances - is_one)) + ridge @ weights
        curve = (signs.T * (share * chances * (1 - chances))) @ signs + ridge
        weights -= np.linalg.solve(curve, slope)
    return weights


def add() -> None:
    """Write the file anew with what was learnt, and its digest."""
    with np.load(FILE, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    arrays |= counted(to_learn()) | {"seam.weights": np.zeros(6)}
    seams = Seams(*(arrays[f"seam.{name}"] for name in ("words", "ends", "begins", "rare", "weights")))
    arrays["seam.weights"] = learnt(Classifier(arrays), seams)
    np.savez_compressed(FILE, **arrays)
    digest = hashlib.sha256(FILE.read_bytes()).hexdigest()
    DIGEST.write_text(f"{digest}  {FILE.name}\n", encoding="ascii")


if __name__ == "__main__":
    add()
