"""What goes out as a picture or a file: drawn when it is sent, from the few facts that lie sealed in the outbox.

``{"make": one of MAKERS, "content": facts, "alt": what is on it, in words}``. The drawing itself is never stored.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.records import doctor_note, mood_trend

Facts = Mapping[str, Any]
Maker = Callable[[Facts, datetime], bytes]
# Name of the file he gets, and what draws it.
MAKERS: Mapping[str, tuple[str, Maker]] = {
    "mood_trend": ("mood.png", mood_trend.picture),
    "doctor_note": ("note-for-the-doctor.png", doctor_note.picture),
    "doctor_note_pdf": ("note-for-the-doctor.pdf", doctor_note.pdf),
}
_ONE_AT_A_TIME = threading.Lock()  # the plotting library keeps its style in one place for the whole process


@dataclass(frozen=True)
class Drawn:
    """A finished picture or file, in memory only."""

    name: str
    content: bytes
    alt: str

    @property
    def is_picture(self) -> bool:
        """Whether a messenger can show it in the chat."""
        return self.name.endswith(".png")


def draw(paper: Facts, *, at: datetime) -> Drawn:
    """Return what a reply asked for.

    Args:
        paper: What lies in the outbox.
        at: The time that the paper carries.

    Raises:
        KeyError: Nothing of that name can be made.
    """
    name, make = MAKERS[paper["make"]]
    with _ONE_AT_A_TIME:
        return Drawn(name, make(paper["content"], at), str(paper["alt"]))
