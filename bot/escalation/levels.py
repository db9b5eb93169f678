"""The levels and their clocks: defaults in code, rows where a lead has changed them.

A level orders the queue and sets the time within which a named person must have taken a flag (design section 7).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.errors import SettingError
from bot.escalation.hours import next_working_day
from bot.escalation.journal import audit
from bot.storage.alarm_models import LevelRule

RED, ORANGE, YELLOW = LEVELS = ("red", "orange", "yellow")
SHORTEST_MINUTES, LONGEST_MINUTES = 2, 7 * 24 * 60
LONGEST_RED_MINUTES = 60  # a clock of hours would make a red an orange


@dataclass(frozen=True)
class Rule:
    """What one level asks for.

    Attributes:
        level: ``red``, ``orange`` or ``yellow``.
        acknowledge_minutes: Within how long somebody must have taken a flag; also how long each alarm waits for that
            before the next people are told.
        notifies: Whether people are told outside the app, by mail, webhook or chat.
        skips_closed_days: Whether the clock's end moves over days on which nobody works.
    """

    level: str
    acknowledge_minutes: int
    notifies: bool
    skips_closed_days: bool = False

    @property
    def acknowledge_within(self) -> timedelta:
        """The clock as a span of time."""
        return timedelta(minutes=self.acknowledge_minutes)


DEFAULTS = {
    RED: Rule(RED, 15, notifies=True),
    ORANGE: Rule(ORANGE, 240, notifies=True),
    YELLOW: Rule(YELLOW, 1440, notifies=False, skips_closed_days=True),
}


def rule_of(session: Any, level: str) -> Rule:
    """Return what a level asks for now."""
    row = session.get(LevelRule, level)
    if row is None:
        return DEFAULTS[level]
    return Rule(level, row.acknowledge_minutes, notifies=row.notifies, skips_closed_days=row.skips_closed_days)


def all_rules(session: Any) -> dict[str, Rule]:
    """Return the rules of all levels, the gravest first."""
    return {level: rule_of(session, level) for level in LEVELS}


def due_from(session: Any, level: str, at: datetime) -> datetime:
    """Return when a flag of this level that fires now must have been taken."""
    rule = rule_of(session, level)
    due = at + rule.acknowledge_within
    return next_working_day(session, due) if rule.skips_closed_days else due


def change_rule(session: Any, rule: Rule, *, staff_id: str, at: datetime) -> None:
    """Write a level's rule down; flags that are open keep the clock that they have.

    Raises:
        SettingError: The time is out of range, or reds would reach nobody.
    """
    longest = LONGEST_RED_MINUTES if rule.level == RED else LONGEST_MINUTES
    if rule.level not in DEFAULTS or not SHORTEST_MINUTES <= rule.acknowledge_minutes <= longest:
        raise SettingError(f"The clock of {rule.level} takes {SHORTEST_MINUTES} to {longest} minutes.")
    if rule.level == RED and (not rule.notifies or rule.skips_closed_days):
        raise SettingError("Reds always tell somebody, on every day.")
    row = session.get(LevelRule, rule.level)
    if row is None:
        row = LevelRule(level=rule.level)
        session.add(row)
    row.acknowledge_minutes, row.notifies = rule.acknowledge_minutes, rule.notifies
    row.skips_closed_days, row.changed_by, row.changed_at = rule.skips_closed_days, staff_id, at
    audit(session, actor=staff_id, action="level.change", subject=f"{rule.level} {rule.acknowledge_minutes}", at=at)
