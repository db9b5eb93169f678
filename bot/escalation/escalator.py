"""Ring until a named person has it: which flags, whom, and when the next ones in the line are told.

Nothing is sent here. A pass writes down what is owed (``notifications``) in one transaction with how far each alarm
has got (``alarms``), so that a kill at any moment neither loses a step nor takes one twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, or_, select, update

from bot.escalation.flags import CONTACT_LEASE, HELD_STATES, OPEN_STATES
from bot.escalation.journal import audit
from bot.escalation.levels import Rule, all_rules
from bot.escalation.rota import FIRST, LEADS, SECOND, OnCall, leads, on_call
from bot.escalation.steady import Moment
from bot.storage.alarm_models import Alarm, Notification
from bot.storage.columns import new_id
from bot.storage.models import Flag

RINGING, QUIET = "ringing", "quiet"
PENDING, SENT, FAILED, STOPPED = "pending", "sent", "failed", "stopped"
CLINIC = "clinic"  # addressee of what goes to the clinic's own ways: its chat, webhook and mailbox
# Whom each step tells; after the last it goes round, everybody at once, until somebody has it.
LINE = ((FIRST,), (SECOND,), (LEADS,), (FIRST, SECOND, LEADS))
_AT_ONCE = 200
_CATCH_UP = 3  # after a standstill the next step follows in a third of the time, never at once


@dataclass(frozen=True)
class Passed:
    """What one pass did: alarms that rang, steps taken, alarms that fell silent."""

    started: int = 0
    steps: int = 0
    silenced: int = 0


def advance(session: Any, moment: Moment, clinic_channels: Sequence[str]) -> Passed:
    """Do everything that is due at this moment, in the caller's transaction.

    Args:
        session: A writing transaction.
        moment: What the house's clock shows.
        clinic_channels: The clinic's own channels that are set up; each is told at every step.
    """
    rules = all_rules(session)
    silenced = _silence(session, moment, rules)
    started = steps = 0
    for flag, alarm in _due(session, moment, rules):
        if alarm is None or alarm.state == QUIET or alarm.level != flag.level:
            alarm = _ring(session, flag, alarm, moment)
            started += 1
        _step(session, flag, alarm, moment, rules[flag.level], clinic_channels)
        steps += 1
    return Passed(started, steps, silenced)


def is_due(session: Any, moment: Moment) -> bool:
    """Return whether a pass would do anything: looking costs no writer his turn."""
    rules = all_rules(session)
    return bool(_to_silence(session, moment, rules) or _due(session, moment, rules, limit=1))


def hurry(session: Any, flag_id: str, moment: Moment) -> None:
    """Tell the next in the line now: nobody of this step could be reached."""
    alarm = session.get(Alarm, flag_id)
    if alarm is not None and alarm.state == RINGING:
        alarm.next_ms = min(alarm.next_ms, moment.house_ms)


def _held(moment: Moment) -> Any:
    """A named person has it. A lease that ends later than any lease can was given by a clock that was wrong."""
    lease = and_(Flag.claimed_until >= moment.wall, Flag.claimed_until <= moment.wall + CONTACT_LEASE)
    return and_(Flag.state.in_(HELD_STATES), lease)


def _rings(moment: Moment, rules: dict[str, Rule]) -> Any:
    levels = [level for level, rule in rules.items() if rule.notifies]
    return and_(Flag.state.in_(OPEN_STATES), Flag.level.in_(levels), ~_is(_held(moment)))


def _is(condition: Any) -> Any:
    """SQL's third truth value counts as false: a claim without an end is no claim."""
    return func.coalesce(condition, False)


def _due(
    session: Any, moment: Moment, rules: dict[str, Rule], limit: int = _AT_ONCE
) -> list[tuple[Flag, Alarm | None]]:
    is_new = or_(Alarm.flag_id.is_(None), Alarm.state == QUIET, Alarm.level != Flag.level)
    query = select(Flag, Alarm).outerjoin(Alarm, Alarm.flag_id == Flag.id)
    query = query.where(_rings(moment, rules), or_(is_new, Alarm.next_ms <= moment.house_ms))
    return [tuple(row) for row in session.execute(query.order_by(Flag.due_at, Flag.id).limit(limit))]


def _to_silence(session: Any, moment: Moment, rules: dict[str, Rule]) -> list[Alarm]:
    query = select(Alarm).join(Flag, Flag.id == Alarm.flag_id)
    query = query.where(Alarm.state == RINGING, ~_is(_rings(moment, rules)))
    return list(session.execute(query.limit(_AT_ONCE)).scalars())


def _silence(session: Any, moment: Moment, rules: dict[str, Rule]) -> int:
    alarms = _to_silence(session, moment, rules)
    for alarm in alarms:
        alarm.state, alarm.changed_at = QUIET, moment.wall
        owed = update(Notification).where(Notification.flag_id == alarm.flag_id, Notification.state == PENDING)
        session.execute(owed.values(state=STOPPED).execution_options(synchronize_session=False))
    return len(alarms)


def _ring(session: Any, flag: Flag, alarm: Alarm | None, moment: Moment) -> Alarm:
    """Begin to ring, or begin anew because a lease ran out, the flag was opened again or has become graver."""
    alarm = alarm or Alarm(flag_id=flag.id, episode=0)
    begun = max(filter(None, (flag.reopened_at, flag.opened_at)))
    waited_ms = (moment.wall - begun).total_seconds() * 1000 if alarm.episode == 0 else 0
    # A flag that came while the worker was away has waited already, but at the most as long as it was away.
    alarm.next_ms = moment.house_ms - int(min(max(waited_ms, 0), moment.passed_ms))
    alarm.episode, alarm.step, alarm.state, alarm.level = alarm.episode + 1, 0, RINGING, flag.level
    alarm.changed_at = moment.wall
    session.add(alarm)
    return alarm


def _step(session: Any, flag: Flag, alarm: Alarm, moment: Moment, rule: Rule, clinic_channels: Iterable[str]) -> None:
    tiers = LINE[min(alarm.step, len(LINE) - 1)]
    for place, channel in enumerate(clinic_channels):
        owe(session, flag, alarm, moment, tier=tiers[0], addressee=CLINIC, place=place, channel=channel)
    for one in _called(session, tiers, moment):
        owe(session, flag, alarm, moment, tier=tiers[0], addressee=one.staff_id, place=0, channel=one.ways[0][0])
    wait_ms = rule.acknowledge_minutes * 60_000
    alarm.next_ms = max(alarm.next_ms + wait_ms, moment.house_ms + wait_ms // _CATCH_UP)
    alarm.step, alarm.changed_at = alarm.step + 1, moment.wall
    audit(session, actor="ballast", action="flag.notify", subject=flag.id, at=moment.wall)


def _called(session: Any, tiers: tuple[int, ...], moment: Moment) -> list[OnCall]:
    """Return whom this step calls: who is on call, else those further up the line, else every lead."""
    for line in (tiers, *((tier,) for tier in (SECOND, LEADS) if tier > tiers[0])):
        found = on_call(session, line, at=moment.wall)
        if found:
            return found
    return leads(session) or on_call(session, (FIRST, SECOND, LEADS), at=moment.wall)


def owe(
    session: Any, flag: Flag, alarm: Any, moment: Moment, *, tier: int, addressee: str, place: int, channel: str
) -> None:
    """Write down that this addressee is to be told on this channel, unless that is written down already."""
    key = {"flag_id": flag.id, "episode": alarm.episode, "step": alarm.step, "addressee": addressee, "place": place}
    if session.execute(select(Notification.id).filter_by(**key)).first():
        return
    row = Notification(id=new_id(), **key, level=flag.level, tier=tier, channel=channel, state=PENDING, attempts=0)
    row.created_at, row.due_ms = moment.wall, moment.house_ms
    session.add(row)
