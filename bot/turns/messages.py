"""What goes in and what comes out, the same for every door."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

MAX_TEXT_UNITS = 4096  # UTF-16 code units; Telegram's own limit
PROMPTS = ("/phq9_answer{", "/mood_checkin{")  # what the answers to a questionnaire's questions stand for
_LEADING = re.compile(r"^[\s/]+")


class Kind(str, enum.Enum):
    """What kind of thing a man sent, or that it is our own turn to speak."""

    TEXT = "text"
    EDIT = "edit"
    BUTTON = "button"
    MEDIA = "media"
    FOLLOW_UP = "follow_up"  # written by the house itself when a follow-up is due, never by a door

    def __str__(self) -> str:
        return str(self.value)


WITH_WORDS = (str(Kind.TEXT), str(Kind.EDIT), str(Kind.MEDIA))


@dataclass(frozen=True)
class Incoming:
    """One update from a door, before anything is stored.

    Attributes:
        door: ``telegram`` or ``console``.
        update_id: The door's own number of this update; seen twice, it has no second effect.
        chat_id: Where to answer.
        kind: Text, an edit of an earlier text, a pressed button, or something that cannot be read here.
        text: What he wrote, or the caption.
        button: The opaque token of the pressed button.
        language: ISO 639-1 code that his client reports.
        at: When it was received, in UTC.
        content: What came instead of words, or with them: ``picture``, ``voice``, ``place``, ``contact`` or ``other``.
        message_id: The door's number of the message, by which an edit is told from a new one.
        place: Where he is, if he shared it: used while he looks for a place, and never stored.
    """

    door: str
    update_id: int
    chat_id: str
    kind: Kind
    at: datetime
    text: str | None = None
    button: str | None = None
    language: str = "en"
    content: str = ""
    message_id: int | None = None
    place: tuple[float, float] | None = None


@dataclass(frozen=True)
class ReplyButton:
    """A choice offered with a reply; the payload never leaves the house."""

    label: str
    payload: str


@dataclass(frozen=True)
class Reply:
    """One bubble.

    Attributes:
        text: What it says; of a picture or a file, the line below it.
        buttons: Choices below it.
        paper: What is drawn when it is sent, see ``bot.turns.papers``; None for words alone.
    """

    text: str
    buttons: tuple[ReplyButton, ...] = ()
    paper: Mapping[str, Any] | None = None

    @property
    def is_prompt(self) -> bool:
        """Whether it is a question of a questionnaire: shown twice, one of them would be answered into the next."""
        return any(button.payload.startswith(PROMPTS) for button in self.buttons)


def without_slashes(text: str) -> str:
    """Return his words without the slashes in front that would make Rasa read them as an order of ours.

    Rasa strips whatever Python calls a space before it looks for the slash: a no-break space hides none.
    """
    return _LEADING.sub("", text)


def cut(text: str, most_units: int = MAX_TEXT_UNITS) -> tuple[str, bool]:
    """Return the text cut to Telegram's limit in UTF-16 units, and whether anything was cut."""
    encoded = text.encode("utf-16-le", errors="replace")
    if len(encoded) <= 2 * most_units:
        return encoded.decode("utf-16-le"), False
    return encoded[: 2 * most_units].decode("utf-16-le", errors="ignore"), True
