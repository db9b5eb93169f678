"""A small pattern language for phrases, compiled to linear-time regular expressions.

A pattern is read word by word over a normalised line (see `bot.crisis.line`):

========== ==================================================================
``die``    the word itself
``kill*``  any word that begins so
``_``      any one word
``~3``     a gap of up to three words; it may cross a comma, never a full stop or a negation
``(a|b c)`` one of these
``[a|b]``  one of these, or nothing
``!(a|b)`` what follows is none of these
``{want}`` the phrase list of that name in ``words.yml``
``^ $``    begin and end of a clause
========== ==================================================================

Gaps are bounded and no quantifier stands inside another, so run time is bounded by the length of the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from bot.crisis.line import Line

LONGEST_GAP = 8
BRACKETS = {"(": ")", "[": "]", "!(": ")"}
WORD = r" [^ .,]+"
_PIECES = re.compile(r"!\(|[()\[\]|^$]|\{\w+\}|~\d*|[^\s()\[\]|{}~^$]+")
Needs = tuple[frozenset[str], ...]


class PatternError(ValueError):
    """A pattern cannot be read; the message quotes it."""


@dataclass(frozen=True)
class Part:
    """A compiled piece: its expression, the words one of which must occur, and all words it names."""

    regex: str
    needs: Needs = ()
    words: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Pattern:
    """A phrase to look for; the regular expression is made when it is first needed."""

    source: str
    part: Part

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The compiled expression; a match ends where a word ends."""
        return re.compile(self.part.regex + "(?= )")

    def spans(self, line: Line) -> Iterator[tuple[int, int]]:
        """Character positions of each match in ``line.text``, left to right."""
        if any(need.isdisjoint(line.words) for need in self.part.needs):
            return
        for match in self.regex.finditer(line.text):
            if match.end() > match.start():
                yield match.start(), match.end()


class Compiler:
    """Turns pattern sources into `Pattern`, with the named phrase lists and filler words of one language.

    Args:
        phrases: Named phrase lists, written in this same language.
        fillers: Words that the text no longer holds, dropped from patterns too.
        unbridged: Negations, which no gap may reach over.
    """

    def __init__(self, phrases: Mapping[str, str], fillers: frozenset[str], unbridged: frozenset[str]) -> None:
        self._phrases = phrases
        self._fillers = fillers
        self._gap = "(?: (?!(?:" + "|".join(map(re.escape, sorted(unbridged))) + ") )[^ .]+)"
        self._named: dict[str, Part] = {}

    def compile(self, source: str) -> Pattern:
        """Read one pattern.

        Raises:
            PatternError: Brackets do not match, a gap is too wide, or a phrase list is unknown.
        """
        pieces = _PIECES.findall(source)
        part, rest = self._alternatives(pieces, 0, source)
        if rest != len(pieces) or not part.regex:
            raise PatternError(f"pattern not understood: {source!r}")
        return Pattern(source, part)

    def compile_all(self, block: str) -> tuple[Pattern, ...]:
        """Read one pattern a line; empty lines and ``# remarks`` are passed over."""
        lines = (line.partition("#")[0].strip() for line in block.splitlines())
        return tuple(self.compile(line) for line in lines if line)

    def _alternatives(self, pieces: list[str], at: int, source: str) -> tuple[Part, int]:
        branches: list[Part] = []
        while True:
            branch, at = self._sequence(pieces, at, source)
            branches.append(branch)
            if at >= len(pieces) or pieces[at] != "|":
                return either(branches), at
            at += 1

    def _sequence(self, pieces: list[str], at: int, source: str) -> tuple[Part, int]:
        parts: list[Part] = []
        while at < len(pieces) and pieces[at] not in ")]|":
            piece = pieces[at]
            if piece in BRACKETS:
                inner, at = self._alternatives(pieces, at + 1, source)
                if at >= len(pieces) or pieces[at] != BRACKETS[piece]:
                    raise PatternError(f"brackets do not match: {source!r}")
                parts.append({"(": same, "[": optional, "!(": unless}[piece](inner))
            else:
                parts.append(self._single(piece, source))
            at += 1
        return chain(parts), at

    def _single(self, piece: str, source: str) -> Part:
        if piece == "^":
            return Part(r"(?<=[.,])")
        if piece == "$":
            return Part(r"(?= [.,])")
        if piece.startswith("~"):
            return self._gap_of(piece, source)
        if piece.startswith("{"):
            return self._phrase_list(piece[1:-1], source)
        if piece in self._fillers:
            return Part("")
        if piece == "_":
            return Part(WORD)
        if piece.endswith("*"):
            return Part(f" {re.escape(piece[:-1])}[^ .,]*")
        return Part(" " + re.escape(piece), (frozenset({piece}),), frozenset({piece}))

    def _gap_of(self, piece: str, source: str) -> Part:
        width = int(piece[1:] or 3)
        if width > LONGEST_GAP:
            raise PatternError(f"gap wider than {LONGEST_GAP} in {source!r}")
        return Part(f"{self._gap}{{0,{width}}}")

    def _phrase_list(self, name: str, source: str) -> Part:
        if name not in self._named:
            if name not in self._phrases:
                raise PatternError(f"no phrase list {name!r} for {source!r}")
            pieces = _PIECES.findall(self._phrases[name])
            self._named[name], rest = self._alternatives(pieces, 0, self._phrases[name])
            if rest != len(pieces):
                raise PatternError(f"phrase list {name!r} not understood")
        return self._named[name]


def chain(parts: list[Part]) -> Part:
    """All parts one after another."""
    return Part(
        "".join(part.regex for part in parts),
        tuple(need for part in parts for need in part.needs),
        frozenset().union(*(part.words for part in parts)),
    )


def either(branches: list[Part]) -> Part:
    """One of the branches; of each branch's needs the narrowest is kept.

    A branch of filler words alone is left out: it would match nothing, anywhere.
    """
    branches = [branch for branch in branches if branch.regex] or branches[:1]
    if len(branches) == 1:
        return branches[0]
    words = frozenset().union(*(branch.words for branch in branches))
    regex = "(?:" + "|".join(branch.regex for branch in branches) + ")"
    if not all(branch.needs for branch in branches):
        return Part(regex, (), words)
    narrowest = (min(branch.needs, key=len) for branch in branches)
    return Part(regex, (frozenset().union(*narrowest),), words)


def same(part: Part) -> Part:
    """The part as it is."""
    return part


def unless(part: Part) -> Part:
    """Nothing of its own, but only where the part does not follow."""
    return Part(f"(?!{part.regex}(?= ))")


def optional(part: Part) -> Part:
    """The part or nothing, so that nothing is needed."""
    return Part(f"(?:{part.regex})?", (), part.words)
