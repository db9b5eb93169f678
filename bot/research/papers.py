"""Numbers of papers, accounts and cars, and exact dates."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.research.contacts import ID_NUMBER
from bot.research.message import Message, Span

PLATE, DATE = "PLATE", "DATE"

_FORMS = re.compile(
    r"(?<![\w-])(?:\d{3}-\d{2}-\d{4}"  # US social security
    r"|[a-z]{2}\s?\d{2}\s?\d{2}\s?\d{2}\s?[a-d]"  # British national insurance
    r"|[a-z]{2}\d{2}(?:\s?[a-z0-9]{4}){3,7}(?:\s?[a-z0-9]{1,4})?)(?![\w-])",  # IBAN
    re.IGNORECASE,
)
_PAPER = (
    r"nhs|ssn|social(?:\ssecurity)?|national\sinsurance|ni|insurance|passport|licen[cs]e|policy|member(?:ship)?|account|acct?"
    r"|a/c|card|sort\scode|patient|medicare|medicaid|case|badge|payroll|employee|staff|customer|reference|ref|routing|iban|mrn"
    r"|health|hospital|file|claim|prisoner|inmate|service|tax|kunden|versicherten|krankenkassen?|steuer|ausweis|kontonummer|versicherung"
)
_PAPER_NUMBER = re.compile(
    rf"\b(?:{_PAPER})[\s-]?(?P<number>number|no|nr|num|id|#|code|nummer)?\.?(?:\s(?:is|was|ist))?\s?[:=#]?\s?"
    r"(?P<id>[a-z0-9]{0,12}\d[a-z0-9]{0,20}(?:[\s-](?=[a-z]{0,4}\d)[a-z0-9]{1,12}){0,7})(?!\w)",
    re.IGNORECASE,
)
_MIXED = re.compile(r"(?<![\w£$€])[a-z][a-z0-9]{5,33}(?!\w)", re.IGNORECASE)

_PLATE = re.compile(
    r"\b(?-i:[A-Z]{2}\d{2}\s?[A-Z]{3}|[A-ZÄÖÜ]{1,3}-[A-Z]{1,2}\s?\d{1,4}[EH]?)\b|\b[a-z]{2}\d{2}[a-z]{3}\b",
    re.IGNORECASE,
)
_CUED_PLATE = re.compile(
    r"\b(?:reg(?:istration)?|(?:number\s|licen[cs]e\s)?plates?|kennzeichen|tag|nummernschild)(?:\s(?:number|no|nr))?"
    r"(?:\s(?:is|was|ist|lautet))?:?\s(?P<plate>[a-zäöü0-9]{1,8}(?:[\s-][a-z0-9]{1,4}){0,2})\b",
    re.IGNORECASE,
)

_MONTHS = (
    "jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz|apr(?:il)?|mai|june?|juni|july?|juli|aug(?:ust)?|sept?(?:ember)?"
    "|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre"
    "|noviembre|diciembre"
)
_COUNTED = r"(?!\s?(?:times|hours|hrs|mins|minutes|weeks|days|months|years|pints|kids|people|of|or|pm|am)\b|\s?[%:])"
_DATES = re.compile(
    r"(?<![\w/.-])(?:"
    rf"\d{{1,2}}(?:(?:st|nd|rd|th)?\s(?:of\s|de\s)?|\.\s?)(?:{_MONTHS})\b(?:,?\s(?:19|20)\d\d\b|\s['’]?\d\d\b)?"
    r"|\d{1,2}(?:st|nd|rd|th)\s(?:of\s)?may\b(?:,?\s(?:19|20)\d\d\b)?|\d{1,2}\sof\smay\b|\d{1,2}\smay\s(?:19|20)\d\d\b"
    rf"|(?:{_MONTHS})\.?\s(?:the\s)?\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s(?:19|20)\d\d\b)?{_COUNTED}"
    r"|may\s\d{1,2}(?:st|nd|rd|th)\b(?:,?\s(?:19|20)\d\d\b)?|may\s\d{1,2},?\s(?:19|20)\d\d\b"
    r"|(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2})(?![\d/])",
    re.IGNORECASE,
)
_NUMERIC_DATE = re.compile(r"(?<![\w/.-])(\d{1,2})([/.-])(\d{1,2})\2(?:19|20)?\d\d(?![\d/]|[.-]\d)")
_DAY_AND_MONTH = re.compile(r"(?<![\w/.-])(\d{1,2})/(\d{1,2})(?![\w/-])")
_DAY_OF_LIFE = re.compile(
    r"\b(?:born|dob|d\.o\.b|b-?day|birthday|date\sof\sbirth|geboren|geburtstag|anniversary|died|funeral|court)"
    r"(?:['’]?s|\sis|\swas|\son|\sam|:|\sthe){0,3}\s(?P<date>\d{1,2}[/.-]\d{1,2}|\d{1,2}(?:st|nd|rd|th))(?![\d/])",
    re.IGNORECASE,
)


def paper_numbers(message: Message) -> Iterator[Span]:
    """Find social security, health, bank, passport and staff numbers."""
    for match in _FORMS.finditer(message.text):
        if _digits(match[0]) > 5:
            yield Span(match.start(), match.end(), ID_NUMBER, 9)
    for match in _PAPER_NUMBER.finditer(message.text):
        if _digits(match["id"]) >= (4 if match["number"] else 5):
            yield Span(*match.span("id"), ID_NUMBER, 9)
    for match in _MIXED.finditer(message.text):
        if _digits(match[0]) > 4:
            yield Span(match.start(), match.end(), ID_NUMBER, 4)


def plates(message: Message) -> Iterator[Span]:
    """Find number plates, British and German by their form, others after "plate" or "reg"."""
    for match in _PLATE.finditer(message.text):
        yield Span(match.start(), match.end(), PLATE, 6)
    for match in _CUED_PLATE.finditer(message.text):
        end = _last_with_digit(match["plate"])
        if end:
            yield Span(match.start("plate"), match.start("plate") + end, PLATE, 7)


def dates(message: Message) -> Iterator[Span]:
    """Find exact days; months and years alone stay."""
    for match in _DATES.finditer(message.text):
        yield Span(match.start(), match.end(), DATE, 6)
    for match in _NUMERIC_DATE.finditer(message.text):
        low, high = sorted((int(match[1]), int(match[3])))
        if 0 < low <= 12 and high <= 31:
            yield Span(match.start(), match.end(), DATE, 7)
    for match in _DAY_AND_MONTH.finditer(message.text):
        if 12 < int(match[1]) <= 31 and 0 < int(match[2]) <= 12 and match[0] != "24/7" and match[2] != "10":
            yield Span(match.start(), match.end(), DATE, 6)
    for match in _DAY_OF_LIFE.finditer(message.text):
        yield Span(*match.span("date"), DATE, 6)


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


def _last_with_digit(plate: str) -> int:
    """Return where the plate ends: of the letters after its last digit, at most three belong to it."""
    if _digits(plate) < 1:
        return 0
    tail = re.search(r"(?<=\d)(?:\s?[a-z]{1,3})?$", plate, re.IGNORECASE)
    if tail:
        return len(plate)
    return max(at for at, character in enumerate(plate) if character.isdigit()) + 1
