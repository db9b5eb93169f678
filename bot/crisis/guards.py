"""The only things that may lower a level, each bound to the words it covers.

* An idiom drops a match whose last word belongs to it ("dying" + "for a pint").
* A setting (film, game, news, the job) drops a match in the same clause.
* A denial lowers a match that it reaches through linking words alone.
* A third person before the match turns it into worry about somebody else.
* A time long past turns a high match of the same sentence into a concern.

Anything he says outside those words keeps its own level.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.crisis.findings import Finding, Kind, Level
from bot.crisis.line import Line
from bot.crisis.patterns import Compiler, Pattern

PATTERN_GUARDS = ("idioms", "settings", "past", "present", "asides")
FURTHEST_SUBJECT = 8  # words before the match; beyond that a subject rarely belongs to it


@dataclass(frozen=True)
class Guards:
    """The guards of one language; see ``guards.yml`` and ``words.yml`` for their words."""

    phrases: Mapping[str, tuple[Pattern, ...]]
    negators: frozenset[str]
    links: frozenset[str]
    joiners: frozenset[str]
    himself: frozenset[str]
    others: frozenset[str]
    reasons: Mapping[str, str]

    @classmethod
    def read(cls, words: Mapping[str, Any], guards: Mapping[str, Any], compiler: Compiler) -> Guards:
        """Build the guards of one language from its two files."""
        return cls(
            phrases={name: compiler.compile_all(guards[name]) for name in PATTERN_GUARDS},
            negators=frozenset(words["negators"].split()),
            links=frozenset(words["links"].split()),
            joiners=frozenset(words["joiners"].split()),
            himself=frozenset(words["himself"].split()),
            others=frozenset(words["others"].split()),
            reasons=guards["reasons"],
        )

    @property
    def words(self) -> frozenset[str]:
        """Every word these guards name."""
        named = (pattern.part.words for patterns in self.phrases.values() for pattern in patterns)
        return frozenset().union(self.negators, self.links, self.joiners, self.himself, self.others, *named)

    def on(self, line: Line) -> GuardedLine:
        """Find once where this language's pattern guards stand in a line."""
        return GuardedLine(self, line, {name: spans_of(patterns, line) for name, patterns in self.phrases.items()})


@dataclass(frozen=True)
class GuardedLine:
    """The guards of one language laid over one line."""

    guards: Guards
    line: Line
    spans: Mapping[str, list[tuple[int, int]]]

    def lower(self, finding: Finding, *, firm: bool) -> Finding | None:
        """What is left of a finding after the guards; None when nothing is."""
        if firm:
            return finding
        if self._in_idiom(finding) or self._in_setting(finding):
            return None
        if self._is_denied(finding):
            return self._weaker(finding, "denial")
        if finding.kind is Kind.SELF and self._is_about_another(finding):
            lowered = self._weaker(finding, "other_person")
            return lowered and replace(lowered, kind=Kind.OTHER_PERSON)
        if finding.level is Level.HIGH and finding.kind is Kind.SELF and self._is_long_past(finding):
            return self._weaker(finding, "past")
        return finding

    def has_the_line(self, words_beside: int) -> bool:
        """Whether an idiom, or a setting with half as much again, leaves at most so many words of the line."""

        def most(name: str) -> int:
            return max((len(self.line.text[start:end].split()) for start, end in self.spans[name]), default=0)

        marks = 2  # the stops at both ends of a line
        said, idiom, setting = len(self.line.text.split()) - marks, most("idioms"), most("settings")
        return (idiom > 0 and said - idiom <= words_beside) or (setting > 0 and said - setting <= words_beside * 3 // 2)

    def _weaker(self, finding: Finding, guard: str) -> Finding | None:
        """High and imminent become a concern; what was a concern or a mere signal falls away."""
        if finding.level <= Level.CONCERN:
            return None
        return replace(finding, level=Level.CONCERN, reason=self.guards.reasons[guard], family=guard)

    def _in_idiom(self, finding: Finding) -> bool:
        return any(start < finding.end <= end for start, end in self.spans["idioms"])

    def _in_setting(self, finding: Finding) -> bool:
        if not self.spans["settings"]:
            return False
        low, high = self.line.clause(finding.start, finding.end, self.guards.joiners)
        return any(low <= start and end <= high for start, end in self.spans["settings"])

    def _is_denied(self, finding: Finding) -> bool:
        for word in self.line.before(finding.start, self.guards.joiners):
            if word in self.guards.negators:
                return not self._in_aside(finding)
            if word not in self.guards.links:
                return False
        return False

    def _in_aside(self, finding: Finding) -> bool:
        """``why don't I just``, ``trust myself not to``: a negation that denies nothing."""
        low, _ = self.line.clause(finding.start, finding.end, self.guards.joiners)
        return any(low <= start and end <= finding.end for start, end in self.spans["asides"])

    def _is_about_another(self, finding: Finding) -> bool:
        if self.guards.himself & frozenset(finding.matched.split()):
            return False
        for word in self.line.before(finding.start, self.guards.joiners)[:FURTHEST_SUBJECT]:
            if word in self.guards.himself:
                return False
            if word in self.guards.others:
                return True
        return False

    def _is_long_past(self, finding: Finding) -> bool:
        low, high = self.line.sentence(finding.start, finding.end)

        def inside(name: str) -> bool:
            return any(low <= start and end <= high for start, end in self.spans[name])

        return inside("past") and not inside("present")


def spans_of(patterns: tuple[Pattern, ...], line: Line) -> list[tuple[int, int]]:
    """Where any of the patterns stands."""
    return [span for pattern in patterns for span in pattern.spans(line)]
