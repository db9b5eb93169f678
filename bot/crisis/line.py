"""A normalised message as one line of words, with its clauses and sentences.

``I'm fine. Honestly, want to die`` becomes `` . im fine . , want to die . ``: words and marks apart by single spaces,
a full stop at both ends, so that patterns need no special case for begin and end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

STOP = "."
PAUSE = ","


@dataclass(frozen=True)
class Line:
    """Words and marks of one message, ready for patterns.

    Attributes:
        text: Each token has a space before it, the last one also after it.
        boundary: Character from which the text belongs to the newest message (0: all of it does).
    """

    text: str
    boundary: int = 0

    @classmethod
    def of(cls, tokens: Iterable[str], *, before: Sequence[str] = ()) -> Line:
        """Build a line from tokens; those of `before` stand in front and end at the boundary."""
        head = " " + " ".join((STOP, *before))
        return cls(f"{head} {' '.join((*tokens, STOP))} ", len(head) if before else 0)

    @cached_property
    def words(self) -> frozenset[str]:
        """All words, for a quick look whether a pattern can match at all."""
        return frozenset(self.text.split())

    def sentence(self, start: int, end: int) -> tuple[int, int]:
        """Bounds of the sentence around a span."""
        low = self.text.rfind(" . ", 0, start + 1)
        high = self.text.find(" . ", end)
        return max(low, 0), high if high >= 0 else len(self.text)

    def clause(self, start: int, end: int, joiners: frozenset[str]) -> tuple[int, int]:
        """Bounds of the clause around a span: to the next mark or joining word ("but") on either side."""
        low, high = self.sentence(start, end)
        left = words_until(reversed(self.text[low:start].split()), joiners)
        right = words_until(iter(self.text[end:high].split()), joiners)
        return start - sum(len(word) + 1 for word in left), end + sum(len(word) + 1 for word in right)

    def before(self, start: int, joiners: frozenset[str]) -> list[str]:
        """Words of the clause that stand before a position, nearest first."""
        low, _ = self.sentence(start, start)
        return words_until(reversed(self.text[low:start].split()), joiners)


def words_until(words: Iterable[str], joiners: frozenset[str]) -> list[str]:
    """The words up to the first mark or joining word."""
    kept: list[str] = []
    for word in words:
        if word in joiners or word in (STOP, PAUSE):
            break
        kept.append(word)
    return kept
