"""Corrections as lines to test the recognisers with: each identifier replaced by an invented one of its kind and shape.

The lines have the form of ``tests/research/identifiers.yml``. A person reads and rewords them before they are added:
the identifiers are invented, the rest of a sentence is still his.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from functools import cache

from bot.research.corrections import folded
from bot.research.lexicon import given_names, is_ordinary, phrases, surnames
from bot.research.names import PEOPLE
from bot.research.replaced import Part

INDIRECT = frozenset(("TOWN", "EMPLOYER", "POSTCODE", "DATE", "AGE", "DETAIL"))
_SAYING = """street st road rd avenue ave lane drive close court place square way hill flat apt apartment unit weg
the of and in at la le el de der die das mr mrs ms miss dr school college university hospital club pub bar ltd inc"""
KEPT = frozenset(_SAYING.split())  # words of an identifier that say what it is, not whose
_SOUNDS = "ka mo ri ta lu be xo ji san del kwa nar vi tho zen ek pha gri mal os fen bri sha qu el ni da ro"
_SYLLABLES = _SOUNDS.split()
_YEAR = "january february march april june july august september october november december"
_MONTHS = _YEAR.split()
_WORD, _NUMBER = re.compile(r"[^\W\d_]+"), re.compile(r"(\d+)(st|nd|rd|th)?", re.IGNORECASE)
_ORDINALS = {"st": (1, 21), "nd": (2, 22), "rd": (3, 23), "th": tuple(range(4, 21))}
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n")
_OPEN, _SHUT = "\ue000", "\ue001"  # stand for the marks' braces until his own are gone


class Inventor:
    """Makes identifiers up, the same for the same one.

    Args:
        taken: Identifiers of real men, folded; none of them, nor a word of theirs, comes out.
        chance: Where names and numbers come from.
    """

    def __init__(self, taken: Iterable[str], chance: random.Random) -> None:
        self._taken = {word for one in taken for word in (one, *one.split()) if word not in KEPT}
        self._chance = chance
        self._made: dict[tuple[str, str], str] = {}

    def of(self, kind: str, surface: str) -> str:
        """Return an invented identifier of this kind that is written like this one."""
        key = kind, folded(surface)
        if key not in self._made:
            self._made[key] = self._new(kind, surface)
        return self._made[key]

    def _new(self, kind: str, surface: str) -> str:
        if kind == "PHONE":
            return self._phone(surface)
        if kind == "EMAIL":
            return f"{self._scrambled(re.split(r'@| at ', surface)[0])}@example.com"
        if kind == "LINK":
            return f"https://example.org/{self._word('link')}"
        if kind == "DATE":
            return self._date(surface)
        if kind in PEOPLE or kind in ("TOWN", "EMPLOYER", "ADDRESS"):
            return self._numbered(_WORD.sub(lambda word: self._other(kind, word[0]), surface))
        return self._scrambled(surface)

    def _other(self, kind: str, word: str) -> str:
        """Return another word for one of a name: from the list where it is in one, made up where it is in none."""
        low = word.lower()
        if low in KEPT:
            return word
        if len(word) == 1:
            return self._cased(word, self._letter())
        rule = given_names().get(low)
        if kind in PEOPLE and rule is not None:
            return self._cased(word, self._drawn([name for name, one in _names() if one == rule]))
        if kind in PEOPLE and low in surnames():
            return self._cased(word, self._drawn(sorted(surnames())))
        if kind == "TOWN" and low in phrases("towns"):
            return self._cased(word, self._drawn([town for town in sorted(phrases("towns")) if " " not in town]))
        return self._cased(word, self._word(low))

    def _drawn(self, words: Sequence[str]) -> str:
        free = [word for word in words if word not in self._taken]
        return self._chance.choice(free) if free else self._word("")

    def _word(self, low: str) -> str:
        while True:
            made = "".join(self._chance.choices(_SYLLABLES, k=min(4, max(2, len(low) // 2))))
            if made not in self._taken and not is_ordinary(made):
                return made

    def _phone(self, surface: str) -> str:
        """Return a number that is kept free for fiction (Ofcom; 555-01xx), in the digits' places."""
        count = sum(character.isdigit() for character in surface)
        digits = re.sub(r"\D", "", surface)
        if digits.startswith("44"):
            free = "447700900" + self._digits(3)
        elif digits.startswith("0"):
            free = "07700900" + self._digits(3)
        else:
            free = ("1" if count == 11 else "") + "30555501" + self._digits(2)
        left = iter(free[-count:] if count <= len(free) else free + self._digits(count - len(free)))
        return re.sub(r"\d", lambda _: next(left), surface)

    def _date(self, surface: str) -> str:
        return _NUMBER.sub(self._other_number, _WORD.sub(self._other_month, surface))

    def _other_month(self, word: re.Match[str]) -> str:
        low = word[0].lower()
        is_month = any(month.startswith(low) for month in (*_MONTHS, "may")) and len(low) > 2
        other = self._chance.choice(_MONTHS)
        return self._cased(word[0], other if len(low) > 4 else other[:3]) if is_month else word[0]

    def _other_number(self, number: re.Match[str]) -> str:
        digits, ending = number[1], (number[2] or "").lower()
        if ending:
            return f"{self._chance.choice(_ORDINALS[ending])}{number[2]}"
        value = str(self._chance.randint(1950, 2009) if len(digits) == 4 else self._chance.randint(1, 12))
        return value.zfill(len(digits)) if digits.startswith("0") or len(digits) > 2 else value

    def _numbered(self, surface: str) -> str:
        return re.sub(r"\d", lambda _: self._digits(1), surface)

    def _scrambled(self, surface: str) -> str:
        while True:
            made = re.sub(r"[^\W\d_]", lambda letter: self._cased(letter[0], self._letter()), self._numbered(surface))
            if folded(made) not in self._taken:
                return made

    def _letter(self) -> str:
        return self._chance.choice("bcdfghjklmnpqrstvwxyz")

    def _digits(self, count: int) -> str:
        return "".join(self._chance.choices("0123456789", k=count))

    @staticmethod
    def _cased(like: str, word: str) -> str:
        if like.isupper() and len(like) > 1:
            return word.upper()
        return word.capitalize() if like[0].isupper() else word


def marked_line(parts: Sequence[Part], words: str, inventor: Inventor) -> str:
    """Return the sentence of a turn that holds these words, every identifier in it invented and marked.

    Args:
        parts: The turn as it is shown, with what was corrected.
        words: What was missed, or given back.
        inventor: Makes the others up.

    Returns:
        ``my mate {d:zendel} sits in {i:Hull}``; without a mark where the sentence has no identifier.
    """
    text, place = "", None
    for part in parts:
        if folded(part.text) == folded(words):
            place = len(text)
        if part.surrogate is None:
            text += part.text
        else:
            kind = part.kind or "DETAIL"
            sort = "i" if kind in INDIRECT else "d"
            text += f"{_OPEN}{sort}:{inventor.of(kind, part.text)}{_SHUT}"
    if place is None:  # the recognisers do by themselves by now what was corrected
        place = max(0, text.lower().find(words.lower()))
    begins = [0, *(match.end() for match in _SENTENCE.finditer(text))]
    begin = max(one for one in begins if one <= place)
    sentence = text[begin : min((one for one in begins if one > begin), default=len(text))]
    return _one_line(sentence).replace(_OPEN, "{").replace(_SHUT, "}")


def _one_line(text: str) -> str:
    """Return a text that stands in one line of the file and holds no mark of its own."""
    return " ".join(text.replace("{", "(").replace("}", ")").split())


@cache
def _names() -> tuple[tuple[str, str], ...]:
    return tuple(sorted(given_names().items()))
