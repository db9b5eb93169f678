"""BERT's uncased WordPiece tokenizer. Source: Devlin et al. 2019; Wu et al. 2016."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

_UNKNOWN, _START, _END = "[UNK]", "[CLS]", "[SEP]"
_LONGEST_WORD = 100
_ASCII_SYMBOLS = frozenset("$+<=>^`|~")


WORD_OR_SIGN = re.compile(r"[^\W_]+|[^\w\s]|_")
"""What a text is cut into where each word is wanted with its place in it."""


class WordPiece:
    """Turns text into token numbers.

    Args:
        vocabulary: Token numbers by token; a piece inside a word begins with ``##``.
        most_tokens: Longest sequence, its two marks included.
    """

    def __init__(self, vocabulary: Mapping[str, int], most_tokens: int) -> None:
        self._vocabulary = vocabulary
        self._most_tokens = most_tokens

    def tokens(self, text: str) -> list[int]:
        """Return the numbers of the text's pieces between the two marks."""
        pieces = [number for word in _words(text) for number in self._pieces(word)]
        vocabulary = self._vocabulary
        return [vocabulary[_START], *pieces[: self._most_tokens - 2], vocabulary[_END]]

    def is_word(self, word: str) -> bool:
        """Return whether a word in lower case is a piece by itself."""
        return word in self._vocabulary

    def _pieces(self, word: str) -> list[int]:
        if len(word) > _LONGEST_WORD:
            return [self._vocabulary[_UNKNOWN]]
        found: list[int] = []
        start = 0
        while start < len(word):
            end = self._longest(word, start)
            if end is None:
                return [self._vocabulary[_UNKNOWN]]
            found.append(self._vocabulary[("##" if start else "") + word[start:end]])
            start = end
        return found

    def _longest(self, word: str, start: int) -> int | None:
        prefix = "##" if start else ""
        ends = range(len(word), start, -1)
        return next((end for end in ends if prefix + word[start:end] in self._vocabulary), None)


def _words(text: str) -> Iterator[str]:
    plain = unicodedata.normalize("NFD", text.lower())
    spaced = "".join(_space(char) for char in plain if unicodedata.category(char) != "Mn")
    yield from spaced.split()


def _space(char: str) -> str:
    category = unicodedata.category(char)
    if char.isspace():
        return " "
    if category.startswith("C"):
        return ""
    return f" {char} " if category.startswith("P") or char in _ASCII_SYMBOLS else char
