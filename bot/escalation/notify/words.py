"""What a notification says: level, time, and a link that opens only for who signs in. Nothing else, on any channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

_WORD = {"red": "RED", "orange": "Orange", "yellow": "Yellow"}


@dataclass(frozen=True)
class Notice:
    """One notification, before it is put into the form of a channel.

    Attributes:
        id: The notification's own id: the same one twice is one message twice.
        flag_id: Random digits; they lead to nobody without the app.
        level: ``red``, ``orange`` or ``yellow``.
        opened_at: When the flag was opened, or opened again.
        due_at: By when somebody must have it.
        step: How often this flag has rung, from 1.
        link: Address of the page where somebody says that he has it.
    """

    id: str
    flag_id: str
    level: str
    opened_at: datetime
    due_at: datetime
    step: int
    link: str

    @property
    def subject(self) -> str:
        """One line."""
        again = f", call {self.step}" if self.step > 1 else ""
        return f"Ballast: {_WORD.get(self.level, self.level)} flag{again}"

    @property
    def text(self) -> str:
        """The whole message."""
        return (
            f"{_WORD.get(self.level, self.level)} flag, opened {_moment(self.opened_at)}. "
            f"Somebody must have it by {_moment(self.due_at)}.\n"
            f"{'' if self.step < 2 else f'This is call {self.step}: nobody has it yet.{chr(10)}'}"
            f"{self.link}\n"
            "Opens after signing in."
        )


def _moment(at: datetime) -> str:
    return f"{at:%d %b %H:%M} UTC"
