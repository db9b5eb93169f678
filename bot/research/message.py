"""A message as words with their places, and the spans of it that identify somebody."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from bot.research.lexicon import cues

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_CAPITAL = re.compile(r"(?:[A-ZÀ-ÞŁŚŠŽ]['’])?[A-ZÀ-ÞŁŚŠŽ][^\WA-Z].*(?<![A-Z])$", re.DOTALL)  # not SSRIs, not PhD
_SENTENCE_END = re.compile(r"[.!?…:;\n\"“”()]")
_INVISIBLE = re.compile("[\u00ad\u200b\u200c\u2060\ufeff]")


@dataclass(frozen=True)
class Word:
    """One word of a message.

    Attributes:
        start: Its first character.
        end: One past its last character, a possessive ``'s`` left out.
        low: In lower case, with straight apostrophes and without that ``'s``.
        is_capital: Written ``Like`` this.
        opens: Begins a sentence, so that a capital says nothing.
    """

    start: int
    end: int
    low: str
    is_capital: bool
    opens: bool


@dataclass(frozen=True)
class Span:
    """A stretch that identifies somebody.

    Attributes:
        start: First character.
        end: One past the last.
        kind: What stands for it, such as ``PERSON`` or ``PHONE``.
        rank: Which kind wins where spans overlap; the higher.
    """

    start: int
    end: int
    kind: str
    rank: int = 0


@dataclass(frozen=True)
class Message:
    """A text with its words. Make it with :meth:`of`, which takes out what cannot be seen."""

    text: str

    @classmethod
    def of(cls, text: str) -> Message:
        """Return the text composed (NFC) and without zero-width characters, which would split a name."""
        return cls(_INVISIBLE.sub("", unicodedata.normalize("NFC", text)))

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """All words, left to right."""
        found: list[Word] = []
        last_end = 0
        for match in _WORD.finditer(self.text):
            opens = not found or bool(_SENTENCE_END.search(self.text, last_end, match.start()))
            found.append(_word(match, opens))
            last_end = match.end()
        return tuple(found)

    @cached_property
    def at(self) -> dict[int, int]:
        """Index of the word that starts at a character."""
        return {word.start: index for index, word in enumerate(self.words)}

    @cached_property
    def ending_at(self) -> dict[int, int]:
        """Index of the word that ends before a character."""
        return {word.end: index for index, word in enumerate(self.words)}

    @cached_property
    def capitals_tell(self) -> bool:
        """Whether he writes small, so that a capital inside a sentence marks a name."""
        long = [word for word in self.words if word.end - word.start > 1]
        shouted = sum(self.text[word.start : word.end].isupper() for word in long)
        capital = sum(word.is_capital for word in long)
        return not (shouted * 2 > len(long) or (len(long) > 5 and capital * 3 > len(long) * 2))

    @cached_property
    def is_german(self) -> bool:
        """Whether nouns have capitals here."""
        return sum(word.low in cues("german") for word in self.words) > 1

    def gap(self, index: int) -> str:
        """Return what stands between a word and the one before it."""
        return self.text[self.words[index - 1].end : self.words[index].start] if index else ""

    def stands_out(self, index: int) -> bool:
        """Return whether a word has a capital that its place does not explain."""
        word = self.words[index]
        return word.is_capital and not word.opens and self.capitals_tell


Recogniser = Callable[[Message], Iterable[Span]]


def _word(match: re.Match[str], opens: bool) -> Word:  # noqa: FBT001 - private, two fields side by side
    surface = match[0]
    low = surface.lower().replace("’", "'")
    if low.endswith("'s") and len(low) > 2:
        surface, low = surface[:-2], low[:-2]
    is_capital = bool(_CAPITAL.match(surface)) and not low.startswith("i'")
    return Word(match.start(), match.start() + len(surface), low, is_capital, opens)


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order with overlapping ones made one, so that nothing of either is left over."""
    result: list[Span] = []
    for span in sorted(spans, key=lambda each: (each.start, -each.end)):
        if result and span.start < result[-1].end:
            last = result.pop()
            first = max(last, span, key=lambda each: (each.rank, each.end - each.start))
            span = Span(last.start, max(last.end, span.end), first.kind, first.rank)
        result.append(span)
    return result
