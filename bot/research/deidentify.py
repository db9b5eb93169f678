"""Take out of a man's words what says who he, or somebody near him, is.

Recognisers look at one message each and know nothing of one another; a later one is one more in the tuple.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.research.contacts import addresses, handles, mail_and_links, phones, postcodes
from bot.research.learnt import learnt
from bot.research.lexicon import phrases
from bot.research.message import Message, Recogniser, Span, merged
from bot.research.names import names_after_cues, names_by_themselves
from bot.research.papers import dates, paper_numbers, plates
from bot.research.places import phrase_at, towns, workplaces
from bot.research.surrogates import NUMBERED, Surrogates

RECOGNISERS: tuple[Recogniser, ...] = (
    names_after_cues,
    names_by_themselves,
    towns,
    workplaces,
    mail_and_links,
    handles,
    phones,
    addresses,
    postcodes,
    paper_numbers,
    plates,
    dates,
    learnt,
)
_BEFORE_THINGS = frozenset(("the", "a", "an", "this", "that", "to", "some"))  # the bill, a mark, to grant


class Deidentifier:
    """Replaces direct identifiers in one dialogue, the same name by the same surrogate throughout.

    Give it the dialogue's messages in order: a name that a cue announced is known in all later ones.
    """

    def __init__(self, recognisers: tuple[Recogniser, ...] = RECOGNISERS) -> None:
        self._recognisers = recognisers
        self._surrogates = Surrogates()

    def replace(self, text: str) -> str:
        """Return the message with ``[PERSON 1]``, ``[TOWN 1]``, ``[PHONE]`` and so on for what identifies."""
        message = Message.of(text)
        spans = merged(_private(message, (span for find in self._recognisers for span in find(message))))
        surrogates = [self._surrogates.of(span.kind, message.text[span.start : span.end]) for span in spans]
        known = dict(zip(spans, surrogates, strict=True))
        return self._rewritten(message, merged([*spans, *_private(message, self._remembered(message))]), known)

    def _rewritten(self, message: Message, spans: list[Span], known: dict[Span, str]) -> str:
        pieces, done = [], 0
        for span in spans:
            surface = message.text[span.start : span.end]
            pieces += [
                message.text[done : span.start],
                known.get(span) or self._surrogates.of(span.kind, surface),
            ]
            done = span.end
        return "".join(pieces) + message.text[done:]

    def _remembered(self, message: Message) -> Iterator[Span]:
        """Find again, without a cue, the names that this dialogue has had."""
        for index, word in enumerate(message.words):
            kind = self._surrogates.kind_of(word.low)
            before = message.words[index - 1].low if index else ""
            if kind is not None and before not in _BEFORE_THINGS:
                yield Span(word.start, word.end, kind)


def _private(message: Message, spans: Iterable[Span]) -> Iterator[Span]:
    """Leave out names that are part of what everybody may know, such as a helpline's."""
    public = [
        (message.words[index].start, message.words[index + count - 1].end)
        for index in range(len(message.words))
        if (count := phrase_at(message, index, phrases("public")))
    ]
    for span in spans:
        inside = any(start <= span.start and span.end <= end for start, end in public)
        if not inside or (span.kind not in NUMBERED and span.rank >= 0):
            yield span
