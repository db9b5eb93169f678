"""The one question other rooms ask: how urgent is this message, about whom, and why."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.crisis import answers, classifier, rules
from bot.crisis.findings import Finding, Kind, Level
from bot.logs import log_event

_log = logging.getLogger("ballast.crisis")


@dataclass(frozen=True)
class Screening:
    """The outcome of screening one message.

    Attributes:
        level: The highest level any detector found.
        reasons: Short sentences for staff, gravest first, without repeats; empty when the level is none.
        matched: The normalised words behind each reason, in the same order.
        kind: Whose safety the gravest finding is about; `Kind.SELF` when nothing was found.
        families: The rule family behind each reason, in the same order.
        rules_alone: Whether the trained part could not be used, so that more than usual may have been missed.
    """

    level: Level
    reasons: tuple[str, ...] = ()
    matched: tuple[str, ...] = ()
    kind: Kind = Kind.SELF
    families: tuple[str, ...] = ()
    rules_alone: bool = False

    @property
    def needs_person(self) -> bool:
        """Whether the safety reply and a flag are due at once (high or imminent)."""
        return self.level >= Level.HIGH

    @property
    def is_bare_answer(self) -> bool:
        """Whether nothing was found but a yes to the direct question."""
        return bool(self.families) and set(self.families) == {answers.FAMILY}


def screen(text: str, *, earlier: Sequence[str] = (), asked_directly: bool = False) -> Screening:
    """Judge one message, together with what he wrote just before it.

    Args:
        text: His message or caption. Only the first 4,096 characters are read.
        earlier: His messages of the past ten minutes, oldest first. They count only where a sentence or a
            combination reaches into `text`: an earlier message never raises the level of a later one by itself.
        asked_directly: Whether the last thing he was asked is if he thinks of ending his life, so that a bare
            "yes, sometimes" is `high`.

    Returns:
        The screening; level none with no reasons when nothing was found. The classifier adds a reason only where it
        raises the level.

    Raises:
        LexiconError: The lexicon in this package is missing or broken. Call `load` at start-up to learn it early.
    """
    found = [*rules.find(text, earlier), *(answers.find(text) if asked_directly else ())]
    trained, mended = _trained(text, earlier)
    if mended:
        found += rules.find(mended, earlier)
    ceiling = _settled(text, asked_directly=asked_directly) if trained else None
    reached = max((finding.level for finding in found), default=Level.NONE)
    raised = [finding for finding in trained or () if finding.level > reached and not is_settled(finding, ceiling)]
    screening = judge([*found, *raised])
    return replace(screening, rules_alone=trained is None)


def _settled(text: str, *, asked_directly: bool) -> Level | None:
    """The level that nothing but a rule may exceed: what the rules have settled, or a plain sentence of calm."""
    if answers.is_calm(text):
        return Level.NONE
    return None if asked_directly else rules.settled(text)


def is_settled(finding: Finding, ceiling: Level | None) -> bool:
    """Whether a guard has the whole message, at a lower level than the classifier would give it."""
    return ceiling is not None and finding.level > ceiling


def _trained(text: str, earlier: Sequence[str]) -> tuple[Sequence[Finding] | None, str]:
    """What the classifier finds, and the message with its slips mended where it has any.

    None when it cannot be used, whatever the cause: the rules must be heard anyway.
    """
    try:
        return (None, "") if classifier.fault() else (classifier.find(text, earlier), classifier.mended(text))
    except Exception as error:  # noqa: BLE001 - a fault in it must not keep a message from being screened
        log_event(_log, "screening.classifier_failed", level=logging.ERROR, kind=type(error).__name__)
        return None, ""


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


def load() -> str | None:
    """Read lexicon and classifier now rather than at the first message.

    Returns:
        Why the classifier cannot be used, so that the rules go on alone; None when all is well. It is logged, too.

    Raises:
        LexiconError: A file of the lexicon is missing or not understood; the message names file and line.
    """
    rules.load()
    answers.find("warm up")
    fault = classifier.fault()
    if fault is not None:
        log_event(_log, "screening.rules_alone", level=logging.ERROR)
    return fault
