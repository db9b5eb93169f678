"""Which words each surrogate of a de-identified text stands for, told from the text before and after."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.research.message import Span

SURROGATE = re.compile(r"\[[A-Z][A-Z0-9 +-]*\]")
_MOST_TRIES = 20_000  # a message of 4,096 characters that fits at the first try takes some 1,000
_KIND = re.compile(r"\[(?P<kind>[A-Z]+(?: [A-Z]+)*)")


@dataclass(frozen=True)
class Part:
    """A stretch of a message.

    Attributes:
        start: Its first character in the message.
        text: What he typed.
        surrogate: What stands for it, such as ``[PERSON 1]``; None where it stays.
        is_given_back: It was taken out, and a person put it back.
        is_by_hand: A person marked it, and no recogniser did.
    """

    start: int
    text: str
    surrogate: str | None = None
    is_given_back: bool = False
    is_by_hand: bool = False

    @property
    def end(self) -> int:
        """One past its last character in the message."""
        return self.start + len(self.text)

    @property
    def shown(self) -> str:
        """What a reader of an export sees."""
        return self.text if self.surrogate is None else self.surrogate

    @property
    def kind(self) -> str | None:
        """What it was taken for, without its number, or None where it stays."""
        match = _KIND.match(self.surrogate or "")
        return match["kind"] if match else None

    def touches(self, others: Sequence[Part | Span]) -> bool:
        """Return whether it shares a character with one of the others."""
        return any(other.start < self.end and self.start < other.end for other in others)


def parts_of(text: str, replaced: str, likely: Sequence[Span] = ()) -> list[Part]:
    """Return a message in parts, in order.

    Args:
        text: The message, as ``Message.of`` has it.
        replaced: The same without what identifies.
        likely: Where identifiers were found, merged; they decide where two surrogates stand side by side.

    Returns:
        Parts whose texts make the message, and whose ``shown`` make the replaced one. Where the two cannot be laid
        side by side, the whole is one part that was replaced.
    """
    literals, surrogates = SURROGATE.split(replaced), SURROGATE.findall(replaced)
    spans = _laid(text, literals, {span.start: span.end for span in likely})
    if spans is None:
        return [Part(0, text, replaced)]
    parts, done = [], 0
    for (start, end), surrogate in zip(spans, surrogates, strict=True):
        parts.append(Part(done, text[done:start]))
        parts.append(Part(start, text[start:end], surrogate if text[start:end] != surrogate else None))
        done = end
    return [part for part in [*parts, Part(done, text[done:])] if part.text]


def _laid(text: str, literals: list[str], likely: dict[int, int]) -> list[tuple[int, int]] | None:
    """Return where each surrogate's words begin and end; what stands between them must fit."""
    if len(literals) == 1:
        return [] if text == literals[0] else None
    if not text.startswith(literals[0]):
        return None
    spans: list[tuple[int, int]] = []
    tries = [(len(literals[0]), _ends(text, len(literals[0]), literals[1], likely, is_last=len(literals) == 2))]
    for _ in range(_MOST_TRIES):
        start, ends = tries[-1]
        end = next(ends, None)
        if end is None:
            tries.pop()
            if not tries:
                break
            continue
        spans[len(tries) - 1 :] = [(start, end)]
        if len(spans) == len(literals) - 1:
            return spans
        begin, follow = end + len(literals[len(tries)]), literals[len(tries) + 1]
        is_last = len(tries) + 2 == len(literals)
        tries.append((begin, _ends(text, begin, follow, likely, is_last=is_last)))
    return None


def _ends(text: str, start: int, follow: str, likely: dict[int, int], *, is_last: bool) -> Iterator[int]:
    """Yield where words that begin here may end so that what follows fits, the likeliest first."""
    if is_last:
        if text.endswith(follow) and start < len(text) - len(follow):
            yield len(text) - len(follow)
        return
    first = likely.get(start)
    if first is not None and text.startswith(follow, first):
        yield first
    end = text.find(follow, start + 1)
    while end >= 0:
        yield end
        end = text.find(follow, end + 1)
