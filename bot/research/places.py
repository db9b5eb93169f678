"""Towns and workplaces: from the gazetteer, by their capital, or after "live in" and "work at"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.research.lexicon import cues, given_names, looks_like_a_name, phrases
from bot.research.message import Message, Span

TOWN, EMPLOYER = "TOWN", "EMPLOYER"
_LONGEST = 4  # words in a phrase of places.yml
_LIVES_IN = re.compile(
    r"\b(?:(?:live[sd]?|livin|living|stay(?:ing)?|rent(?:ing)?|wohnen?|wohnt|lebe|vivo)\s+(?:\w{2,12}\s+)?(?:in|near|en)"
    r"|(?:grew|grown|growing|brought)\s+up\s+in|born\s+(?:and\s+(?:bred|raised)\s+)?in|raised\s+in|based\s+in"
    r"|stationed\s+in|(?:moved?|moving)\s+(?:back\s+|out\s+|down\s+|up\s+|over\s+)?(?:to|from)|home\s?town\s+is"
    r"|(?:i['’]?m|i\s+am|we['’]?re|come|comes|came|originally|lad|guy)\s+from|komme\s+aus|soy\s+de"
    r"|(?:over|down|up|here|back|now|still|out)\s+in|outside\s+of|near|in|from)\s+(?=[^\W\d_])",
    re.IGNORECASE,
)
_JOB = (
    r"work|works|worked|workin|working|job|jobs|employed|shifts?|drive|drives|drove|driving|drivin|manager|supervisor"
    r"|foreman|apprentice|apprenticeship|teach|teaches|teaching|contracting|contract|temping|engineer|nurse|porter"
    r"|cleaner|chef|guard|boss|started|start|welder|fitter|trabajo|arbeite|arbeiten|jobbe"
)
_LOST = r"sacked|fired|laid\s+off|let\s+go|redundant|quit|resigned|retired|dismissed|canned"
_WORKS_AT = re.compile(
    rf"\b(?:(?:{_JOB})\s+(?:(?:nights|days|part\s?time|full\s?time|weekends)\s+)?(?:at|for|with|by|bei|para)"
    rf"|(?:{_LOST})\s+(?:from|by|at)|(?:i['’]?m|been|was)\s+at)\s+(?=[^\W\d_])",
    re.IGNORECASE,
)
_ARTICLES = frozenset(("the", "a", "an", "this", "some", "der", "die", "dem", "einer", "einem"))


def towns(message: Message) -> Iterator[Span]:
    """Find towns of the gazetteer, and the word after "live in" where it is no ordinary one."""
    for index in range(len(message.words)):
        yield from _gazetteer_town(message, index)
    for match in _LIVES_IN.finditer(message.text):
        first = message.at.get(match.end())
        if first is not None:
            yield from _town_after_cue(message, first)


def workplaces(message: Message) -> Iterator[Span]:
    """Find the firm after "work at", "drive for" or "sacked from"."""
    for match in _WORKS_AT.finditer(message.text):
        first = message.at.get(match.end())
        if first is not None:
            yield from _firm(message, first)


def phrase_at(message: Message, index: int, known: frozenset[str]) -> int:
    """Return how many words, from this one on, make the longest phrase of a list; 0 for none."""
    words = message.words[index : index + _LONGEST]
    for count in range(len(words), 0, -1):
        if " ".join(word.low.replace("-", " ") for word in words[:count]) in known and all(
            message.gap(at).strip(" .") == "" for at in range(index + 1, index + count)
        ):
            return count
    return 0


def _gazetteer_town(message: Message, index: int) -> Iterator[Span]:
    count = phrase_at(message, index, phrases("towns"))
    if not count and message.stands_out(index):
        count = phrase_at(message, index, phrases("ambiguous"))
    if count:
        also_a_person = count == 1 and message.words[index].low in given_names()
        yield _span(message, index, count, TOWN, 2 if also_a_person else 3)


def _town_after_cue(message: Message, index: int) -> Iterator[Span]:
    first = message.words[index]
    count = phrase_at(message, index, phrases("ambiguous"))
    if not count and first.low in cues("town_prefixes") and index + 1 < len(message.words):
        count = 2 if looks_like_a_name(message.words[index + 1].low) else 0
    if not count and _is_proper(message, index):
        count = 1 + (first.is_capital and _goes_on(message, index + 1))
    if count:
        yield _span(message, index, count, TOWN, 4)


def _firm(message: Message, index: int) -> Iterator[Span]:
    article = message.words[index].low if message.words[index].low in _ARTICLES else ""
    if article and phrase_at(message, index, phrases("employers")) < 2:
        index += 1
    if index >= len(message.words):
        return
    count = 0 if article == "a" else phrase_at(message, index, phrases("employers"))
    if not count and (message.stands_out(index) or (article != "a" and _is_proper(message, index))):
        count = 1
    if not count and message.words[index].low in ("st", "saint", "jp", "jd"):
        count = 1 + _goes_on(message, index + 1)
    if not count:
        return
    while count < 5 and _goes_on(message, index + count):
        count += 1
    yield _span(message, index, count, EMPLOYER, 4)


def _is_proper(message: Message, index: int) -> bool:
    word = message.words[index]
    if word.low in phrases("keep"):
        return False
    return message.stands_out(index) or looks_like_a_name(word.low)


def _goes_on(message: Message, index: int) -> bool:
    """Return whether a name of several words goes on with this one."""
    if index >= len(message.words) or message.gap(index).strip(" &.'’s") or "\n" in message.gap(index):
        return False
    before, word = message.words[index - 1], message.words[index]
    if before.is_capital and word.is_capital and message.capitals_tell:
        return word.low not in phrases("keep")
    if "&" in message.gap(index):
        return True
    if len(before.low) < 3 or before.low in ("saint", "and"):
        return looks_like_a_name(word.low) or word.low in cues("firm_words")
    return word.low in cues("firm_words") or (word.low == "and" and _goes_on(message, index + 1))


def _span(message: Message, index: int, count: int, kind: str, rank: int) -> Span:
    return Span(message.words[index].start, message.words[index + count - 1].end, kind, rank)
