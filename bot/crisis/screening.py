"""The one question other rooms ask: how urgent is this message, about whom, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.crisis import rules
from bot.crisis.findings import Finding, Kind, Level

Detector = Callable[[str, Sequence[str]], Sequence[Finding]]
"""Takes the text and his earlier messages, gives findings. Detectors stand side by side: each may raise the level."""

DETECTORS: tuple[Detector, ...] = (rules.find,)


@dataclass(frozen=True)
class Screening:
    """The outcome of screening one message.

    Attributes:
        level: The highest level any detector found.
        reasons: Short sentences for staff, gravest first, without repeats; empty when the level is none.
        matched: The normalised words behind each reason, in the same order.
        kind: Whose safety the gravest finding is about; `Kind.SELF` when nothing was found.
        families: The rule family behind each reason, in the same order.
    """

    level: Level
    reasons: tuple[str, ...] = ()
    matched: tuple[str, ...] = ()
    kind: Kind = Kind.SELF
    families: tuple[str, ...] = ()

    @property
    def needs_person(self) -> bool:
        """Whether the safety reply and a flag are due at once (high or imminent)."""
        return self.level >= Level.HIGH


def screen(text: str, *, earlier: Sequence[str] = ()) -> Screening:
    """Judge one message, together with what he wrote just before it.

    Args:
        text: His message or caption. Only the first 4,096 characters are read.
        earlier: His messages of the past ten minutes, oldest first. They count only where a sentence or a
            combination reaches into `text`: an earlier message never raises the level of a later one by itself.

    Returns:
        The screening; level none with no reasons when nothing was found.

    Raises:
        LexiconError: The lexicon in this package is missing or broken. Call `load` at start-up to learn it early.
    """
    return judge([finding for detector in DETECTORS for finding in detector(text, earlier)])


def judge(findings: Sequence[Finding]) -> Screening:
    """Join findings of any number of detectors into one screening."""
    ordered = sorted((f for f in findings if f.level > Level.NONE), key=lambda f: f.weight)
    if not ordered:
        return Screening(Level.NONE)
    first_by_reason = {finding.reason: finding for finding in reversed(ordered)}
    kept = sorted(first_by_reason.values(), key=lambda f: f.weight)
    return Screening(
        level=kept[0].level,
        reasons=tuple(finding.reason for finding in kept),
        matched=tuple(finding.matched for finding in kept),
        kind=kept[0].kind,
        families=tuple(finding.family for finding in kept),
    )


def load() -> None:
    """Read and compile the lexicon now rather than at the first message.

    Raises:
        LexiconError: A file of the lexicon is missing or not understood; the message names file and line.
    """
    rules.load()
