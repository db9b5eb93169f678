"""What a detector says about a text: levels, kinds and single findings."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Level(str, enum.Enum):
    """How soon a person must answer; ordered, and its value is the word used in JSON.

    Levels order the queue and set clocks. They are not a prediction of risk (NICE NG225).
    """

    NONE = "none"
    CONCERN = "concern"
    HIGH = "high"
    IMMINENT = "imminent"

    @property
    def rank(self) -> int:
        """Position from 0 (none) to 3 (imminent)."""
        return list(Level).index(self)

    def __str__(self) -> str:
        return str(self.value)

    def __lt__(self, other: str) -> bool:
        return self.rank < Level(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Level(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Level(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Level(other).rank


class Kind(str, enum.Enum):
    """Whose life or safety it is about; chooses the reply and the kind of flag, never the urgency.

    The order counts at equal level: himself first, then those who cannot leave, then others.
    """

    SELF = "self"
    CHILD_HARM = "child_harm"
    PARTNER_HARM = "partner_harm"
    VIOLENCE = "violence"
    OTHER_PERSON = "other_person"
    BEREAVED = "bereaved"

    @property
    def harms_others(self) -> bool:
        """Whether somebody else is in danger from him."""
        return self in (Kind.CHILD_HARM, Kind.PARTNER_HARM, Kind.VIOLENCE)

    @property
    def is_about_another(self) -> bool:
        """Whether he writes about somebody else's life or death: never a flag on him as the one at risk."""
        return self in (Kind.OTHER_PERSON, Kind.BEREAVED)

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True)
class Finding:
    """One thing a detector saw.

    Attributes:
        level: What this alone would make of the message.
        kind: Whose safety it is about.
        reason: A short sentence for staff, such as "says he wants to die".
        matched: His words, normalised.
        family: Name of the rule family or detector, for tests and tuning; never shown alone.
        start: First character of the match in the normalised line.
        end: One past its last character.
        knows_whom: Whether `kind` was read from the words; the classifier only assumes himself.
    """

    level: Level
    kind: Kind
    reason: str
    matched: str
    family: str
    start: int = 0
    end: int = 0
    knows_whom: bool = True

    @property
    def weight(self) -> tuple[int, bool, int]:
        """Sort key: the gravest first, at equal level who knows whom it is about, and himself before others."""
        return (-self.level.rank, not self.knows_whom, list(Kind).index(self.kind))
