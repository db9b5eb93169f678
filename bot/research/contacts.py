"""Where somebody can be reached or found: mail, links, handles, phones, streets, postcodes.

Every repetition is bounded and begins only where a run begins, so that run time grows with the text's length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import phonenumbers

from bot.research.lexicon import cues, given_names, is_ordinary, looks_like_a_name, phrases
from bot.research.message import Message, Span
from bot.research.places import phrase_at

EMAIL, LINK, HANDLE, PHONE, ID_NUMBER, ADDRESS, POSTCODE = (
    "EMAIL", "LINK", "HANDLE", "PHONE", "ID NUMBER", "ADDRESS", "POSTCODE",
)  # fmt: skip
REGIONS = ("US", "GB", "DE")
_PHONE_TRIES = 100  # that the library gives one text; beyond it our own pattern of long numbers still looks

_EMAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}(?:@|\s?\(at\)\s?|\s?\[at\]\s?)[\w-]{1,63}(?:(?:\.|\s?\(dot\)\s?|\sdot\s)[\w-]{1,63}){0,4}"
    r"|(?<![\w.+-])[\w.+-]{1,64}\sat\s(?:gmail|hotmail|outlook|yahoo|icloud|aol|gmx|web)\b(?:(?:\.|\sdot\s)[a-z]{2,6}){0,2}",
    re.IGNORECASE,
)
_LINK = re.compile(
    r"\b(?:https?://|www\.)\S{1,2000}|(?<![\w.@-])(?:[\w-]{1,40}\.){1,4}"
    r"(?:(?:com|org|net|info|edu|gov|de|co\.uk|org\.uk|ac\.uk)\b(?:/\S{0,2000})?|[a-z]{2,4}/\S{1,2000})",
    re.IGNORECASE,
)
_NETWORK = (
    r"insta(?:gram)?|ig|snap(?:chat)?|twitter|tik\s?tok|discord|telegram|tg|kik|psn|xbox(?:\s?live)?|gamer\s?tag|steam"
    r"|reddit|twitch|linkedin|facebook|fb|threads|bluesky|signal|user\s?name|handle|whatsapp"
)
_CUED_HANDLE = re.compile(
    rf"\b(?:{_NETWORK})(?:\s(?:name|handle|id|user|tag|account|acc))?(?P<by>\s?[:=]\s?|\sis\s|\sits\s|\sas\s|\s?-\s|\s)"
    r"(?P<handle>@?[\w.#-]{3,40})",
    re.IGNORECASE,
)
_HANDLE = re.compile(
    r"(?<![\w@])@[^\W\d][\w.]{1,40}|(?<![\w/])u/[\w-]{3,40}|(?<![\w.])[^\W\d_][^\W_.]{0,30}_\w[\w.]{0,40}"
)
_NAME_AND_DIGITS = re.compile(r"(?<![\w.])([^\W\d_]{3,20})\d{2,6}\b")
_DIGITS = re.compile(r"(?<![\w£$€.,/-])(?:\+|\(?\d)[\d().\s-]{4,28}\d(?![\d/])")
_YEAR = re.compile(r"(?:19|20)\d\d")

_BUSY = (  # ways that are hardly ever something else
    "street|road|avenue|ave|lane|crescent|terrace|boulevard|blvd|rd|gardens|mews|parkway|pkwy|highway|hwy|st"
)
_QUIET = "drive|dr|way|close|court|ct|place|pl|square|row|walk|hill|park|green|circle|grove|rise|ln"
_HOME = r"(?:,?\s?(?:flat|apt|apartment|unit|suite|ste|room|#)\.?\s?\d{1,5}[a-z]?\b)?"
_STREET = re.compile(
    rf"(?:\b(?:flat|apt|apartment|unit|suite)\s?\d{{1,4}}[a-z]?,?\s)?(?<![\w.,£$€])(?P<number>\d{{1,5}}[a-z]?),?\s"
    rf"(?P<name>(?:[^\W\d_][\w.'’-]{{0,24}}\s){{1,3}}?)(?:(?P<busy>{_BUSY})|(?P<quiet>{_QUIET}))\b\.?{_HOME}",
    re.IGNORECASE,
)
_NUMBERED_STREET = re.compile(
    rf"(?:(?<![\w.])\d{{1,5}}\s)?(?:\b(?:[ns][ew]?|[ew]|north|south|east|west)\.?\s)?(?<!\d)\d{{1,3}}(?:st|nd|rd|th)\s"
    rf"(?:street|avenue|ave|road|terrace|place|court|lane|st|ter)\b\.?{_HOME}",
    re.IGNORECASE,
)
_NAMED_STREET = re.compile(
    r"\b(?:on|at|in|off|near|from|down|up)\s(?P<name>[^\W\d_][\w'’-]{2,24}\s(?:[^\W\d_][\w'’-]{2,24}\s)?)"
    r"(?:street|road|avenue|lane|crescent|terrace|boulevard)\b",
    re.IGNORECASE,
)
_GERMAN_STREET = re.compile(
    r"(?<!\w)[^\W\d_]{3,25}(?:-[^\W\d_]{2,20}){0,2}-?(?:straße|strasse|str\.?|weg|platz|allee|gasse)\s\d{1,4}\s?[a-z]?\b",
    re.I,
)
_ZIP = re.compile(
    r"\b(?:zip(?:\s?code)?|plz|postleitzahl|post\s?code|lives?\sin|living\sin|florida|texas|california)"
    r"(?:\sis|\sist)?:?\s?(?P<code>\d{5}(?:-\d{4})?)\b",
    re.IGNORECASE,
)
_STATE_AND_ZIP = re.compile(r"\b(?P<state>[A-Z]{2}|[a-z]{2})\s(?P<code>\d{5}(?:-\d{4})?)\b")
_FIVE_DIGITS = re.compile(r"(?<!\w)\d{5}(?!\w)")


@cache
def _british() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Patterns of a whole postcode, and of its first half after "live in"; made when first needed."""
    areas = "|".join(sorted(cues("uk_areas")))
    whole = rf"\b(?:{areas})\d[a-z\d]?(?P<gap>\s?)\d(?P<unit>[abd-hjlnp-uw-z]{{2}})\b"
    cue = r"(?:post\s?code(?:\sis|:)?|live\sin|living\sin|i['’]?m\sin|from)"
    half = rf"\b{cue}\s(?P<code>(?:{areas})\d{{1,2}}[a-z]?)\b"
    return re.compile(whole, re.IGNORECASE), re.compile(half, re.IGNORECASE)


def mail_and_links(message: Message) -> Iterator[Span]:
    """Find mail addresses, also spelled out, and links."""
    for match in _EMAIL.finditer(message.text):
        yield Span(match.start(), match.end(), EMAIL, 9)
    for match in _LINK.finditer(message.text):
        yield Span(match.start(), match.start() + len(match[0].rstrip(".,!?)")), LINK, 8)


def handles(message: Message) -> Iterator[Span]:
    """Find names on networks: ``@rob``, ``insta: rob``, ``u/rob``, ``rob_82``, ``rob82``."""
    for match in _CUED_HANDLE.finditer(message.text):
        handle = match["handle"].rstrip(".-")
        if _is_handle(handle, match["by"].strip().lower()):
            yield Span(match.start("handle"), match.start("handle") + len(handle), HANDLE, 7)
    for match in _HANDLE.finditer(message.text):
        yield Span(match.start(), match.start() + len(match[0].rstrip(".")), HANDLE, 7)
    for match in _NAME_AND_DIGITS.finditer(message.text):
        low = match[1].lower()
        if given_names().get(low) == "plain" or (len(low) > 4 and looks_like_a_name(low)):
            yield Span(match.start(), match.end(), HANDLE, 7)


def phones(message: Message) -> Iterator[Span]:
    """Find telephone numbers of the three countries, and any other run of seven digits or more."""
    text = message.text
    if sum(character.isdigit() for character in text) < 7:
        return
    for region in REGIONS:
        for found in phonenumbers.PhoneNumberMatcher(text, region, max_tries=_PHONE_TRIES):
            yield Span(found.start, found.end, PHONE, 6)
    for match in _DIGITS.finditer(text):
        if _is_long_number(match[0]):
            count = sum(character.isdigit() for character in match[0])
            yield Span(match.start(), match.end(), PHONE if count <= 12 else ID_NUMBER, 5)


def addresses(message: Message) -> Iterator[Span]:
    """Find streets with their numbers, British, American and German."""
    for match in _STREET.finditer(message.text):
        words = match["name"].lower().replace(".", "").split()
        if not cues("not_streets").intersection(words):
            yield Span(match.start(), match.end(), ADDRESS, 8)
    for pattern in (_NUMBERED_STREET, _GERMAN_STREET):
        for match in pattern.finditer(message.text):
            yield Span(match.start(), match.end(), ADDRESS, 8)
    for match in _NAMED_STREET.finditer(message.text):
        words = match["name"].split()
        if any(not is_ordinary(word.lower()) for word in words) or all(word[0].isupper() for word in words):
            yield Span(match.start("name"), match.end(), ADDRESS, 8)


def postcodes(message: Message) -> Iterator[Span]:
    """Find British postcodes, and American and German ones where their surroundings say so."""
    whole, half = _british()
    for match in whole.finditer(message.text):
        if not (match["gap"] and match["unit"] in ("st", "nd", "rd", "th", "hr", "hs")):
            yield Span(match.start(), match.end(), POSTCODE, 6)
    for pattern in (half, _ZIP):
        for match in pattern.finditer(message.text):
            yield Span(*match.span("code"), POSTCODE, 6)
    for match in _STATE_AND_ZIP.finditer(message.text):
        if match["state"] in cues("us_states") or match["state"] in ("fl", "tx", "ny", "nj"):
            yield Span(*match.span("code"), POSTCODE, 6)
    for match in _FIVE_DIGITS.finditer(message.text):
        if _stands_beside_town(message, match):
            yield Span(match.start(), match.end(), POSTCODE, 6)


def _is_handle(handle: str, by: str) -> bool:
    if by in (":", "=") or re.search(r"[\d_#@]|\w\.\w|[a-z][A-Z]", handle):
        return True
    return by in ("is", "as") and handle.lower() not in phrases("keep") and not is_ordinary(handle.lower())


def _is_long_number(run: str) -> bool:
    """Return whether a run of digits is too long and dense for amounts, years, scores or sets of weights."""
    groups = re.findall(r"\d+", run)
    if sum(map(len, groups)) < 7 or all(_YEAR.fullmatch(group) for group in groups):
        return False
    is_range = len(groups) == 2 and "-" in run and min(map(len, groups)) > 3
    is_dialled = run[0] in "+0(" or bool(re.search(r"\d[-.(]\d", run))
    return (max(map(len, groups)) > 3 or is_dialled) and not (is_range and run[0] not in "+0(")


def _stands_beside_town(message: Message, match: re.Match[str]) -> bool:
    after = message.at.get(match.end() + 1)
    if after is not None and phrase_at(message, after, phrases("towns")):
        return True
    before = message.ending_at.get(match.start() - (2 if message.text[match.start() - 2] == "," else 1))
    return before is not None and message.words[before].low in phrases("towns")
