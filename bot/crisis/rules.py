"""The deterministic detector: lexicon and guards over a normalised line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.crisis.findings import Finding, Kind, Level
from bot.crisis.lexicon import Combination, Family, Lexicon, read_lexicon
from bot.crisis.line import PAUSE, STOP, Line
from bot.crisis.normalise import breathless, words

EARLIER_MESSAGES = 4
EARLIER_WORDS = 80
EARLIER_CHARACTERS = 600
LOWERED = frozenset({"denial", "other_person", "past"})  # what a guard calls a finding that it has weakened
WORDS_BEHIND, WORDS_BESIDE = 2, 4  # how much more a settled message may say


def load() -> None:
    """Read the lexicon and compile every pattern."""
    lexicon = read_lexicon()
    for family in lexicon.families:
        for pattern in family.patterns:
            pattern.regex  # noqa: B018  a cached property: touching it compiles
    scan(Line.of(words("warm up", lexicon.spelling)), lexicon)


def find(text: str, earlier: Sequence[str] = ()) -> list[Finding]:
    """Everything the rules see in a message, gravest first not guaranteed.

    Args:
        text: The message.
        earlier: His messages just before, oldest first; see `bot.crisis.screen`.
    """
    lexicon = read_lexicon()
    tokens = words(text, lexicon.spelling)
    found = scan(Line.of(tokens), lexicon)
    joined = breathless(text)
    if joined is not None:
        found += scan(Line.of(words(joined, lexicon.spelling)), lexicon)
    if earlier:
        recent = (message[-EARLIER_CHARACTERS:] for message in earlier[-EARLIER_MESSAGES:])
        before = [word for message in recent for word in words(message, lexicon.spelling)]
        line = Line.of(tokens, before=before[-EARLIER_WORDS:])
        found += [finding for finding in scan(line, lexicon) if finding.end > line.boundary]
    return found


def settled(text: str) -> Level | None:
    """The level at which a guard has the whole message, so that nothing else may raise it; None otherwise.

    An idiom, a title or the job in a message of one clause that says hardly more than that; a denial with nothing
    else; a third person or a time long past with nothing behind it. The guards are the lexicon's, tested one by one.
    """
    lexicon = read_lexicon()
    tokens = words(text, lexicon.spelling)
    line = Line.of(tokens)
    laid = {id(family.guards): family.guards for family in lexicon.families}.values()
    if {STOP, PAUSE} & set(tokens[:-1]) or any(guards.joiners & set(tokens) for guards in laid):
        return None
    found = scan(line, lexicon)
    lowered = [finding for finding in found if finding.family in LOWERED]
    ends_there = any(len(line.text[finding.end :].split()) - 1 <= WORDS_BEHIND for finding in lowered)
    if ends_there or any(guards.on(line).has_the_line(WORDS_BESIDE) for guards in laid):
        return max((finding.level for finding in found), default=Level.NONE)
    return None


def scan(line: Line, lexicon: Lexicon) -> list[Finding]:
    """Match every family, let the guards lower what they cover, then look for combinations."""
    # The same words twice say nothing more; the later match is kept because it may reach the newest message.
    distinct = {(f.family, f.level, f.matched): f for f in matches(line, lexicon.families)}
    found = list(distinct.values())
    made = [joint for rule in lexicon.combinations if (joint := combined(rule, found, line))]
    return widest(found) + made


def widest(found: Sequence[Finding]) -> list[Finding]:
    """Leave out what lies inside a longer match of the same or a higher level: it adds no reason of its own."""

    def is_inside(inner: Finding, outer: Finding) -> bool:
        longer = outer.end - outer.start > inner.end - inner.start
        return longer and outer.start <= inner.start and inner.end <= outer.end and outer.level >= inner.level

    return [finding for finding in found if not any(is_inside(finding, other) for other in found)]


def matches(line: Line, families: Sequence[Family]) -> Iterator[Finding]:
    """Matches of all families that survive the guards of their language."""
    laid = {}
    for family in families:
        if id(family.guards) not in laid:
            laid[id(family.guards)] = family.guards.on(line)
        for pattern in family.patterns:
            for start, end in pattern.spans(line):
                said = line.text[start:end].strip()
                kind = family.kind_of(line.text[start : _next_word(line, end)].strip())
                seen = Finding(family.level, kind, family.reason, said, family.name, start, end)
                if kept := laid[id(family.guards)].lower(seen, firm=family.firm):
                    yield kept


def _next_word(line: Line, end: int) -> int:
    """Where the word after a match ends: "her" alone may be his wife, "her boyfriend" is not."""
    after = line.text.find(" ", end + 1)
    return after if after > 0 else end


def overlap(one: Finding, other: Finding) -> bool:
    """Whether two findings share words; the same words do not count twice in a combination."""
    return one.start < other.end and other.start < one.end


def combined(rule: Combination, found: Sequence[Finding], line: Line) -> Finding | None:
    """The finding a combination makes, if each of its groups is there and one reaches the newest message."""
    members: list[Finding] = []
    for group in rule.groups:
        apart = (f for f in found if f.family in group and not any(overlap(f, member) for member in members))
        member = max(apart, key=lambda f: f.end, default=None)
        if member is None:
            return None
        members.append(member)
    latest = max(member.end for member in members)
    if latest <= line.boundary:
        return None
    matched = " + ".join(member.matched for member in members)
    return Finding(rule.level, Kind.SELF, rule.reason, matched, "combination", min(m.start for m in members), latest)
