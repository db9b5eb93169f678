"""What a person corrected in one man's words, and the de-identification that heeds it.

A missed word is taken out of all his turns. A word that was taken out wrongly stays in the turn where it was given back
and nowhere else, for elsewhere the same word may be somebody's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from bot.errors import BallastError
from bot.research.deidentify import RECOGNISERS, Deidentifier
from bot.research.message import Message, Span, merged
from bot.research.replaced import Part, parts_of
from bot.storage.review_models import Correction

MISSED, WRONG = "missed", "wrong"
KINDS = {
    "PERSON": "somebody's name",
    "PARTNER": "his partner's name",
    "CHILD": "a child's name",
    "DOCTOR": "a doctor's or nurse's name",
    "THERAPIST": "a therapist's name",
    "PET": "a pet's name",
    "EMPLOYER": "where somebody works or learns",
    "TOWN": "a town or place",
    "ADDRESS": "an address",
    "POSTCODE": "a postcode",
    "PHONE": "a telephone number",
    "EMAIL": "a mail address",
    "HANDLE": "a name on a network",
    "LINK": "a link",
    "ID NUMBER": "a number of a paper or account",
    "PLATE": "a number plate",
    "DATE": "a date",
    "DETAIL": "something else that tells who he is",
}
LONGEST = 200  # characters of what can be marked at once
_SURE = 10  # above every recogniser's rank: a person decides what it is


class CorrectionError(BallastError):
    """A correction cannot be made: the words are not in the turn, are too short, of no kind, or known to everybody."""


@dataclass(frozen=True)
class Known:
    """One correction, opened."""

    message_id: str
    finding: str
    kind: str
    words: str


class Corrected:
    """De-identifies one man's dialogue as :class:`Deidentifier` does, and heeds what was corrected in it.

    Give it his messages in order.
    """

    def __init__(self, corrections: Iterable[Known] = ()) -> None:
        self._missed: dict[str, tuple[re.Pattern[str], str]] = {}
        self._back: dict[str, set[str]] = {}
        for known in corrections:
            if known.finding == MISSED:
                self._missed[folded(known.words)] = (_pattern(known.words), known.kind)
            else:
                self._back.setdefault(known.message_id, set()).add(folded(known.words))
        self._found: list[Span] = []
        self._marked: list[Span] = []
        self._deidentifier = Deidentifier((self._find,))
        self._last = ("", "", "")

    def replace(self, text: str, message_id: str = "") -> str:
        """Return the message without what identifies."""
        replaced = self._deidentifier.replace(text)
        self._last = (text, replaced, message_id)
        return "".join(part.shown for part in self.parts) if message_id in self._back else replaced

    @property
    def parts(self) -> list[Part]:
        """The message that was replaced last, in parts."""
        text, replaced, message_id = self._last
        spans = merged([*self._found, *self._marked])
        back = self._back.get(message_id, set())
        return [self._judged(part, back) for part in parts_of(Message.of(text).text, replaced, spans)]

    def _judged(self, part: Part, back: set[str]) -> Part:
        if part.surrogate is None:
            return part
        if folded(part.text) in back:
            return replace(part, surrogate=None, is_given_back=True)
        return replace(part, is_by_hand=part.touches(self._marked) and not part.touches(self._found))

    def _find(self, message: Message) -> list[Span]:
        self._found = [span for recognise in RECOGNISERS for span in recognise(message)]
        self._marked = list(_marked(message, self._missed.values()))
        return [*self._found, *self._marked]


def corrections_of(session: Any, person_id: str) -> list[Known]:
    """Return what was corrected in one man's words.

    Raises:
        SealBrokenError: A correction was changed; what it hides is not known any more.
        KeyMissingError: His key is gone.
    """
    rows = session.execute(select(Correction).filter_by(person_id=person_id).order_by(Correction.at)).scalars().all()
    return [Known(row.message_id, row.finding, row.kind, row.words.reveal()) for row in rows]


def count_of(session: Any, person_id: str) -> int:
    """Return how many corrections there are of one man's words."""
    found = session.execute(select(func.count()).select_from(Correction).filter_by(person_id=person_id))
    return int(found.scalar_one())


def mark_missed(
    session: Any,
    person_id: str,
    message_id: str,
    words: str,
    kind: str,
    *,
    parts: list[Part],
    staff_id: str,
    at: datetime,
) -> str:
    """Keep that words of a turn identify somebody, and return the row's id; what gave them back before is undone.

    Args:
        session: The transaction.
        person_id: Whose turn it is.
        message_id: The turn's message.
        words: As the turn shows them, in any case.
        kind: One of :data:`KINDS`.
        parts: The turn as it is shown.
        staff_id: Who found them.
        at: When.

    Raises:
        CorrectionError: They are not in the shown text, or cannot be taken out like that.
    """
    words = " ".join(words.split())
    if kind not in KINDS:
        raise CorrectionError("Choose what it is.")
    if len(words) > LONGEST or sum(character.isalnum() for character in words) < 2:
        raise CorrectionError(f"Mark 2 to {LONGEST} characters, letters or digits among them.")
    stays = _staying(parts)
    if not any(_pattern(words).search(text) for text in stays):
        raise CorrectionError("These words are not in the turn as it is shown. Select them there, whole.")
    only = Corrected([Known(message_id, MISSED, kind, words)])
    for text in stays:
        only.replace(text)
        if any(part.surrogate is None and _pattern(words).search(part.text) for part in only.parts):
            raise CorrectionError("That belongs to a name that everybody may know, such as a helpline's; it stays.")
    _undo(session, person_id, message_id, WRONG, words)
    return _keep(session, person_id, message_id, MISSED, kind, words, staff_id=staff_id, at=at)


def give_back(session: Any, person_id: str, message_id: str, part: Part, *, staff_id: str, at: datetime) -> str | None:
    """Keep that a word of this turn was taken out wrongly; return the row's id, or None where it undid a mark.

    Raises:
        CorrectionError: The part was not taken out.
    """
    if part.surrogate is None or part.kind is None:
        raise CorrectionError("Nothing was taken out there.")
    if _undo(session, person_id, message_id, MISSED, part.text) and part.is_by_hand:
        return None
    return _keep(session, person_id, message_id, WRONG, part.kind, part.text, staff_id=staff_id, at=at)


def folded(words: str) -> str:
    """Return words as they are compared: without case, and with single blanks."""
    return " ".join(words.split()).casefold()


def _keep(
    session: Any, person_id: str, message_id: str, finding: str, kind: str, words: str, *, staff_id: str, at: datetime
) -> str:
    row = Correction(person_id=person_id, message_id=message_id, finding=finding, kind=kind[:16], staff_id=staff_id)
    row.at = at
    session.add(row)
    session.flush()
    row.words = words
    row_id: str = row.id
    return row_id


def _undo(session: Any, person_id: str, message_id: str, finding: str, words: str) -> bool:
    where = {"person_id": person_id, "message_id": message_id, "finding": finding}
    rows = session.execute(select(Correction).filter_by(**where)).scalars().all()
    same = [row for row in rows if folded(row.words.reveal()) == folded(words)]
    for row in same:
        session.delete(row)
    session.flush()
    return bool(same)


def _staying(parts: list[Part]) -> list[str]:
    """Return the stretches of a turn between what was taken out."""
    stretches = [""]
    for part in parts:
        if part.surrogate is None:
            stretches[-1] += part.text
        else:
            stretches.append("")
    return stretches


def _marked(message: Message, missed: Iterable[tuple[re.Pattern[str], str]]) -> Iterator[Span]:
    for pattern, kind in missed:
        for match in pattern.finditer(message.text):
            yield Span(match.start(), match.end(), kind, _SURE)


def _pattern(words: str) -> re.Pattern[str]:
    """Return what finds the words whole, however they are spaced and capitalised."""
    spaced = r"\s+".join(re.escape(word) for word in words.split())
    return re.compile(rf"(?<!\w){spaced}(?!\w)", re.IGNORECASE)
