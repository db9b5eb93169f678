"""Words as men type them, and the word they mean.

Corrections only ever lead to words that the lexicon uses, so an unknown word stays what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby

LETTERS = "abcdefghijklmnopqrstuvwxyz"
# Digits and symbols for letters; a 1 may be an i or an l, so both are tried.
_LEET = (str.maketrans("03457@$!+1", "oeastasiti"), str.maketrans("03457@$!+1", "oeastasitl"))
_SYMBOLS = str.maketrans("*@$!+", "     ")
SHORTEST_GLUED = 7
LONGEST_GLUED = 60
SHORTEST_FUZZY = 5


@dataclass(frozen=True)
class Spelling:
    """All spelling knowledge of the lexicon.

    Attributes:
        emoji: For `str.translate`: code point to word with spaces around it.
        variants: One typed word to the words it stands for (``kms`` to ``kill myself``).
        phrases: Several words to their normal form, sought after the fillers are gone.
        fillers: Words without weight here ("really", "just"), dropped from text and patterns alike.
        known: Every word that a pattern names.
        keys: The words worth a guess: censored, with a slip of the finger, or glued to others.
        real: Ordinary words that look like a slip of a key and are none.
    """

    emoji: Mapping[int, str] = field(default_factory=dict)
    variants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    phrases: Mapping[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    fillers: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    real: frozenset[str] = frozenset()

    def correct(self, token: str) -> Sequence[str]:
        """The words a typed token stands for; itself when nothing better is known."""
        if token in self.variants:
            return self.variants[token]
        if token in self._sure:
            return (token,)
        if not token.isalpha():
            return self._decoded(token)
        return self._guessed(token) or (token,)

    def _guessed(self, token: str) -> Sequence[str]:
        stretched = squeeze(token)
        if len(stretched) < len(token):
            word = self._squeezed.get(stretched)
            if word and len(word) < len(token):
                return self.variants.get(word, (word,))
        if token in self._slips:
            return (self._slips[token],)
        if SHORTEST_GLUED <= len(token) <= LONGEST_GLUED and any(key in token for key in self.keys):
            return self.segment(token)
        return ()

    def _decoded(self, token: str) -> Sequence[str]:
        """Undo ``su1cide``, ``d!e``, ``k*ll``; otherwise split at the symbols."""
        for table in _LEET:
            letters = token.translate(table)
            if letters in self.variants:
                return self.variants[letters]
            if letters in self.keys or (letters in self.known and len(letters) > 2):
                return (letters,)
        return self._censored(token) or self._split(token)

    def _censored(self, token: str) -> Sequence[str]:
        """``k*ll``: each odd character stands for one letter of a key, if half of it at least is letters."""
        if sum(char.isalpha() for char in token) * 2 >= len(token) > 2:
            for key in self._keys_by_shape.get((len(token), token[0]), ()):
                if all(char == letter or not char.isalpha() for char, letter in zip(token, key, strict=True)):
                    return (key,)
        return ()

    def _split(self, token: str) -> Sequence[str]:
        spaced = token.translate(_SYMBOLS).split()
        if len(spaced) > 1:
            return [word for part in spaced for word in self.correct(part)]
        return spaced

    def segment(self, glued: str) -> Sequence[str]:
        """Split ``iwanttodie`` into the fewest known words; empty when that is not possible."""
        best: list[tuple[str, ...] | None] = [()]
        for end in range(1, min(len(glued), LONGEST_GLUED * 2) + 1):
            options: list[tuple[str, ...]] = []
            for start in range(max(0, end - self._longest), end):
                head, word = best[start], glued[start:end]
                if head is not None and self._may_stand_alone(word):
                    options.append((*head, word))
            best.append(min(options, key=len) if options else None)
        found = best[len(glued)] if len(glued) < len(best) else None
        return [word for part in found or () for word in self.variants.get(part, (part,))]

    def _may_stand_alone(self, word: str) -> bool:
        return word in ("i", "a") if len(word) == 1 else word in self._sure

    def phrased(self, tokens: list[str]) -> list[str]:
        """Replace runs of words by their normal form, the longest run first."""
        result: list[str] = []
        at = 0
        while at < len(tokens):
            for run in self._phrases_by_first.get(tokens[at], ()):
                if tuple(tokens[at : at + len(run)]) == run:
                    result.extend(self.phrases[run])
                    at += len(run)
                    break
            else:
                result.append(tokens[at])
                at += 1
        return result

    @cached_property
    def _sure(self) -> frozenset[str]:
        return self.known | self.real | self.fillers | self.keys | frozenset(self.variants)

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self._sure), default=1)

    @cached_property
    def _squeezed(self) -> dict[str, str]:
        return {squeeze(word): word for word in sorted(self._sure, key=len, reverse=True) if len(word) > 1}

    @cached_property
    def _slips(self) -> dict[str, str]:
        found = {slip: key for key in sorted(self.keys) if len(key) >= SHORTEST_FUZZY for slip in slips(key)}
        return {slip: key for slip, key in found.items() if slip not in self._sure}

    @cached_property
    def _keys_by_shape(self) -> dict[tuple[int, str], list[str]]:
        shapes: dict[tuple[int, str], list[str]] = {}
        for key in sorted(self.keys):
            shapes.setdefault((len(key), key[0]), []).append(key)
        return shapes

    @cached_property
    def _phrases_by_first(self) -> dict[str, list[tuple[str, ...]]]:
        runs = sorted(self.phrases, key=len, reverse=True)
        return {first: list(same) for first, same in groupby(sorted(runs, key=lambda run: run[0]), lambda run: run[0])}


def squeeze(word: str) -> str:
    """The word with each run of a letter written once."""
    return "".join(letter for letter, _ in groupby(word))


def slips(word: str) -> Iterable[str]:
    """Every spelling one slip away: a letter missing, doubled, wrong, added or swapped; the first one holds."""
    for at in range(1, len(word)):
        head, tail = word[:at], word[at:]
        yield head + tail[1:]
        yield head[:-1] + tail[0] + head[-1] + tail[1:]
        yield from (head + letter + tail[1:] for letter in LETTERS)
        yield from (head + letter + tail for letter in LETTERS)
    yield from (word + letter for letter in LETTERS)
