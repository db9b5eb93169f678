"""Levels, kinds, outcomes, steps and times in words that staff read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.escalation.flags import ORANGE, OUTCOMES, RED, YELLOW


@dataclass(frozen=True)
class LevelWords:
    """How one level is shown: a word and what it asks for. Shape and colour stand in template and CSS."""

    word: str
    meaning: str


LEVELS: Mapping[str, LevelWords] = {
    RED: LevelWords("Red", "Needs a person at once"),
    ORANGE: LevelWords("Orange", "Needs a person today"),
    YELLOW: LevelWords("Yellow", "Needs a person by the next working day"),
}

KINDS: Mapping[str, str] = {
    "screening": "Wrote about suicide or self-harm",
    "violence": "Wrote about hurting somebody",
    "partner_harm": "Wrote about hurting his partner",
    "child_harm": "Wrote about hurting a child",
    "person": "Asked for a person",
    "phq9": "Answers to the PHQ-9 questionnaire",
    "check_back": "Did not say he is safe at a check-back",
    "blocked": "Blocked the bot in the middle of a crisis",
    "staff": "Raised by a colleague",
    "unreadable": "A message of his could not be opened",
}

OUTCOME_WORDS: Mapping[str, str] = {
    "reached_him": "Spoke or wrote with him",
    "handed_to_other_service": "Handed over to another service",
    "emergency_called": "Called emergency services",
    "not_reached": "Tried, could not reach him",
    "false_alarm": "False alarm",
    "duplicate": "Seen to under another flag of his",
}
assert tuple(OUTCOME_WORDS) == OUTCOMES, "Each outcome needs its words."  # noqa: S101 - a slip of ours, found at start

HOLDERS: Mapping[str, str] = {"free": "Nobody's", "mine": "Mine", "others": "Colleagues'"}

# What staff write down about a case; those beside "note" are contacts outside the bot.
NOTE_KINDS: Mapping[str, str] = {
    "note": "Note",
    "call_reached": "Called him, reached him",
    "call_missed": "Called him, no answer",
    "met": "Met him, or visited",
    "others": "Spoke with somebody close to him, or another service",
}

PLAN_PARTS: Mapping[str, str] = {
    "signs": "Warning signs",
    "alone": "What he can do alone",
    "places": "People and places that take his mind off it",
    "people": "Whom he can ask",
    "professionals": "Professionals",
    "safer": "Making things safer",
}

STEPS: Mapping[str, str] = {
    "flag.open": "opened it",
    "flag.repeat": "added another message",
    "flag.view": "opened this page",
    "flag.reveal": "read what he wrote",
    "flag.unreachable": "noted that he blocked the bot",
    "flag.held_erasure": "noted that he wants everything wiped",
    "flag.claim": "took it",
    "flag.contact": "is in touch with him",
    "flag.release": "gave it back",
    "flag.reopen": "opened it again: a new red sign",
    "flag.by_hand": "raised it by hand",
    "flag.notify": "told those on call",
    "flag.called": "opened the call",
    "flag.resolve": "closed it",
    "flag.hand_over": "handed it over",
    "flag.second_asked": "asked a second person",
    "flag.second_agreed": "agreed, as the second person",
    "flag.second_differs": "did not agree, as the second person",
    "flag.note": "wrote a note",
    "flag.talk_begin": "began to write with him",
    "flag.write": "wrote to him",
    "flag.talk": "read his answers",
    "flag.talk_end": "ended the talk with him",
    "flag.trend": "saw his scores",
    "flag.mark": "marked a message for the test set",
    "flag.identity": "opened who he is",
    "flag.identity_seen": "saw who he is",
    "flag.identity_kept": "wrote down who he is",
    "flag.identity_reviewed": "reviewed why somebody opened who he is",
    "flag.export_asked": "asked him whether his case may be passed on",
    "flag.export": "took his case out as a file",
}


def level_words(level: str) -> LevelWords:
    """Return the words of a level, also of one that this version does not know."""
    return LEVELS.get(level, LevelWords(level.capitalize(), "Take it soon"))


def kind_words(kind: str) -> str:
    """Return what happened, in words."""
    return KINDS.get(kind, "Needs a look")


def note_words(kind: str) -> str:
    """Return the kind of a note in words."""
    return "Handed over" if kind == "handover" else NOTE_KINDS.get(kind, kind)


def signature(name: str, shown: str) -> str:
    """Return the line above each message of staff to a man: a first name, or what the clinic set instead of names."""
    return f"{shown or name.split()[0].capitalize()} writes:"


def news_words(action: str, level: str, kind: str) -> str:
    """Return what an open queue page announces about one flag."""
    begin = "New flag" if action == "flag.open" else "Fired again"
    return f"{begin}: {level_words(level).word}, {kind_words(kind).lower()}."


def step_words(action: str) -> str:
    """Return an audit action in words."""
    return STEPS.get(action) or next((words for step, words in STEPS.items() if action.startswith(f"{step}.")), action)


def duration(span: timedelta) -> str:
    """Return a length of time as people say it, such as ``12 min``, ``3 h 5 min`` or ``2 days 4 h``."""
    minutes = max(int(span.total_seconds()) // 60, 0)
    if minutes < 1:
        return "under 1 min"
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} day{'s' if days > 1 else ''}" + (f" {hours} h" if hours else "")
    if hours:
        return f"{hours} h" + (f" {rest} min" if rest else "")
    return f"{rest} min"


def clock_words(due_at: datetime, at: datetime) -> str:
    """Return the time left to a flag's clock, or by how much it is overdue."""
    return f"overdue by {duration(at - due_at)}" if at > due_at else f"{duration(due_at - at)} left"


def moment(at: datetime) -> str:
    """Return a time in UTC such as ``12 Nov 2026, 14:05 UTC``."""
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def local(at: datetime, zone: str) -> str:
    """Return a time as the clinic's clocks show it, such as ``Mon 23 Nov 2026, 08:00``."""
    there = at.astimezone(ZoneInfo(zone))
    return f"{there:%a} {there.day} {there:%b %Y, %H:%M}"
