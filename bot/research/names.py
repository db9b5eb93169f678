"""Personal names as men type them: after cues ("my wife karen"), from the list, or by a capital."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from bot.research.lexicon import cues, given_names, is_ordinary, looks_like_a_name, phrases, surnames
from bot.research.message import Message, Span

PERSON, PARTNER, CHILD, DOCTOR, THERAPIST, PET, NAME = (
    "PERSON", "PARTNER", "CHILD", "DOCTOR", "THERAPIST", "PET", "NAME",
)  # fmt: skip
PEOPLE = frozenset((PERSON, PARTNER, CHILD, DOCTOR, THERAPIST, PET, NAME))

_OWNER = (
    r"(?:(?:my|our|his|her|their|your|ur|me|the|a|an|this|ma|meine?[mnr]?|unsere?|mi|mis)|[^\W\d_]{2,20}['’]?s)\s+"
    r"(?:(?:best|old|late|dear|lovely|eldest|oldest|youngest|younger|older|big|little|wee|new|current|ex|step)\s+)?"
)
_AFTER_WHO = r"(?:(?:['’]?s|\s+(?:is|was))?\s+(?:called|named))?(?:\s+|,\s?|\s?[-(:]\s?)(?=[^\W\d_])"
_TITLE = re.compile(
    r"\b(dr|doctor|doc|prof|professor|mr|mrs|ms|miss|sgt|sergeant|officer|pc|pastor|herr|frau|coach|nurse|señora?)"
    r"\.?\s+(?=[^\W\d_])",
    re.IGNORECASE,
)
_DOCTORS = frozenset(("dr", "doctor", "doc", "nurse"))
_STRONG_TITLES = frozenset(("dr", "mr", "mrs", "ms", "prof", "herr", "sgt"))
_NAMED = re.compile(
    r"(?:\b(?:my|his|her|their|the)\s+(?:first\s+|last\s+|sur)?name(?:['’]?s|\s+is|\s+was|:)?"
    r"|\bname(?:['’]s|\s+is|:)|\bnames"
    r"|\b(?:guy|bloke|man|woman|girl|lad|lass|kid|friend|mate|boy|chap|dude|fella|someone|somebody)\s+(?:called|named)"
    r"|\b(?:can|just|please|everyone|everybody|people|mates|lads|friends|they|all)\s+calls?\s+me|(?:^|[.,!?]\s)call\s+me"
    r"|\bich\s+hei(?:ß|ss)e|\bme\s+llamo|\bmi\s+nombre\s+es|\bnicknamed?(?:\s+is)?)\s+(?=[^\W\d_])",
    re.IGNORECASE,
)
_SELF = re.compile(r"\b(?:i['’]?m|i\s+am|this\s+is|called|named|ich\s+bin|cheers,?|regards,?)\s+(?=[^\W\d_])", re.I)
_CLAUSE_END = re.compile(r"\s*(?:$|[.,!?;:\n)\d]|(?:and|from|here|again|btw|by|aged?)\b)", re.IGNORECASE)
_AND_NEXT = re.compile(r"(?:,\s?|\s+)(?:(?:and|&|n|nd|und|y)\s+)?(?=[^\W\d_])", re.IGNORECASE)
_OBJECT = re.compile(r"\s(?:me|him|us|them|it|up|out|my|a|the)\b", re.IGNORECASE)


@cache
def _kind_of_kin() -> dict[str, str]:
    return {who: kind for kind in sorted(PEOPLE - {NAME}) for who in cues(kind.lower())}


@cache
def _kin() -> re.Pattern[str]:
    """The pattern of "my wife", "his son called"; made when first needed, because its words lie in a file."""
    who = "|".join(sorted(map(re.escape, _kind_of_kin()), key=len, reverse=True))
    return re.compile(rf"\b(?P<owner>{_OWNER})?(?P<who>{who})\b{_AFTER_WHO}", re.IGNORECASE)


def names_after_cues(message: Message) -> Iterator[Span]:
    """Find names that a relationship, a title or an introduction announces."""
    for match in _kin().finditer(message.text):
        yield from _after_kin(message, match)
    for match in _TITLE.finditer(message.text):
        yield from _after_title(message, match)
    for match in _NAMED.finditer(message.text):
        index = message.at.get(match.end())
        if index is not None and _is_name(message, index, unknown=True):
            yield _full_name(message, index, PERSON)
    for match in _SELF.finditer(message.text):
        index = message.at.get(match.end())
        if index is not None and _is_self(message, index):
            yield _full_name(message, index, PERSON)


def names_by_themselves(message: Message) -> Iterator[Span]:
    """Find names of the list, and words that only a name's capital explains."""
    for index, word in enumerate(message.words):
        rule = given_names().get(word.low)
        if rule == "plain" or (rule in ("ambiguous", "capital") and message.stands_out(index)):
            yield _full_name(message, index, PERSON)
        elif _is_bare_possessive(word.low):
            yield Span(word.start, word.end - 1, PERSON, 2)  # michelles mum
        elif "-" in word.low and given_names().get(word.low.split("-")[0]) == "plain":
            yield _full_name(message, index, PERSON)
        elif _is_unexplained(message, index) or _is_signature(message, index):
            yield _full_name(message, index, NAME, rank=1)


def _is_bare_possessive(low: str) -> bool:
    is_owner = low.endswith("s") and len(low) > 4 and given_names().get(low[:-1]) == "plain"
    return is_owner and low not in phrases("keep") and not is_ordinary(low)


def _after_kin(message: Message, match: re.Match[str]) -> Iterator[Span]:
    who = match["who"].lower()
    kind, plural = _kind_of_kin().get(who, PERSON), who in cues("plural")
    index = message.at.get(match.end())
    if index is None:
        return
    aside = message.text[message.words[index].end :][:1]
    unknown = (match["owner"] is not None or who in cues("titles_of_kin")) and ("," not in match[0] or aside == ",")
    if not _is_name(message, index, unknown=unknown):
        return
    while index is not None:
        span = _full_name(message, index, kind, rank=4)
        yield span
        index = _next_member(message, span, plural=plural)


def _next_member(message: Message, span: Span, *, plural: bool) -> int | None:
    """Return the word index of the next name in "jake, noah and reuben"."""
    match = _AND_NEXT.match(message.text, span.end)
    if match is None or not re.search(r"[,&]|\b(?:and|n|nd|und|y)\b", match[0], re.IGNORECASE):
        return None
    index = message.at.get(match.end())
    if index is None or not _is_name(message, index, unknown=plural, ambiguous=plural):
        return None
    return index


def _after_title(message: Message, match: re.Match[str]) -> Iterator[Span]:
    title = match[1].lower()
    index = message.at.get(match.end())
    if index is None:
        return
    word = message.words[index]
    listed = word.low in surnames() and (title in _STRONG_TITLES or not is_ordinary(word.low))
    if title == "miss" and not (match[1][0].isupper() and word.is_capital):
        return  # he misses somebody
    if listed or _is_name(message, index, unknown=True) or (word.is_capital and not is_ordinary(word.low)):
        yield _full_name(message, index, DOCTOR if title in _DOCTORS else PERSON, rank=5)


def _is_name(message: Message, index: int, *, unknown: bool, ambiguous: bool = True) -> bool:
    """Return whether the word after a cue is a name; ``unknown`` admits words that no list has."""
    word = message.words[index]
    rule = given_names().get(word.low)
    capital = word.is_capital and message.capitals_tell
    if rule is not None:
        is_verb = bool(_OBJECT.match(message.text, word.end))  # my kid drew me
        return rule == "plain" or capital or (ambiguous and rule in ("ambiguous", "cue") and not is_verb)
    if word.low in phrases("keep"):
        return False
    return unknown and ((capital and not word.opens) or looks_like_a_name(word.low))


def _is_self(message: Message, index: int) -> bool:
    word = message.words[index]
    rule = given_names().get(word.low)
    if rule in ("ambiguous", "capital") and message.stands_out(index):
        return True
    return rule == "ambiguous" and word.low not in cues("after_im") and bool(_CLAUSE_END.match(message.text, word.end))


def _is_unexplained(message: Message, index: int) -> bool:
    word = message.words[index]
    if message.is_german or len(word.low) < 3 or not message.stands_out(index) or word.low in given_names():
        return False
    return word.low not in phrases("keep") and not is_ordinary(word.low)


def _is_signature(message: Message, index: int) -> bool:
    """Return whether a message ends with this word, alone and with a capital: "Cheers lads. Benno"."""
    word = message.words[index]
    is_last = 0 < index == len(message.words) - 1
    return is_last and word.is_capital and word.opens and looks_like_a_name(word.low)


def _full_name(message: Message, index: int, kind: str, *, rank: int = 3) -> Span:
    """Return the span of a name with the family name that follows it."""
    start, end = message.words[index].start, message.words[index].end
    for follower in range(index + 1, min(index + 3, len(message.words))):
        if not message.gap(follower).isspace() or not _is_family_name(message, follower, index):
            break
        end = message.words[follower].end
    return Span(start, end, kind, rank)


def _is_family_name(message: Message, index: int, first: int) -> bool:
    word = message.words[index]
    if word.low in phrases("keep"):
        return False
    if message.words[first].is_capital and word.is_capital and message.capitals_tell:
        return word.low in surnames() or not is_ordinary(word.low)
    if message.words[first].is_capital or message.is_german:
        return False
    return (word.low in surnames() and not is_ordinary(word.low)) or (len(word.low) > 4 and looks_like_a_name(word.low))
