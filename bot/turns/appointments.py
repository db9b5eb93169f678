"""When he wants to be written to, and when not: check-ins, reminders and pauses, by button or in his words.

A button carries the whole choice so far (``check_in:weekly:3:19.00``): nothing has to be remembered between
two presses, and an old press is never taken for the answer to another question.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from bot.clock import next_at
from bot.content import Wish, label, named_day, say, weekday_name
from bot.escalation import follow_ups
from bot.storage.models import Person
from bot.turns import pausing, reminders
from bot.turns.asking import Answer, answer, ask_zone
from bot.turns.his_time import (
    awake_from,
    day_begins,
    day_words,
    likely_zone,
    moment_words,
    next_time,
    time_words,
    zone_of,
)
from bot.turns.people import settings_of
from bot.turns.reminders import Rhythm, rhythm_of

HOURS = (8, 12, 17, 19, 20)  # offered for a check-in; any other time can be typed
PAUSES = ("1", "3", "7", "30")  # days
MORNING = "09.00"  # of a reminder for which he named no time


def ask_check_in(person: Person) -> Answer:
    """Ask how often he wants to be asked how it goes."""
    his = settings_of(person)
    often = ("daily", "weekly", *(("off",) if rhythm_of(his) else ()))
    return answer(his, "check_in_question", tuple((label(f"check_in_{name}"), f"check_in:{name}") for name in often))


def ask_pause(person: Person, at: datetime) -> Answer:
    """Ask for how long to keep quiet."""
    his = settings_of(person)
    lengths = ("writes", *PAUSES, *(("off",) if pausing.ends_at(his, at) else ()))
    return answer(his, "pause_question", tuple((label(f"pause_{length}"), f"pause:{length}") for length in lengths))


def wished(session: Any, person: Person, wish: Wish, at: datetime) -> Answer:
    """Do what he asked for in words: a check-in each day or week, or one reminder."""
    clock = "" if wish.hour is None else f"{wish.hour:02d}.{wish.minute:02d}"
    if wish.every:
        day = [] if wish.weekday is None else [str(wish.weekday)]
        time = [clock] if clock and (day or wish.every == "daily") else []
        return set_check_in(session, person, [wish.every, *day, *time], at)
    if wish.minutes is not None:
        when = f"m{wish.minutes}"
    else:
        when = f"d{wish.days}" if wish.weekday is None else f"w{wish.weekday}"
    return set_reminder(session, person, [when, clock or MORNING], at)


def set_check_in(session: Any, person: Person, parts: list[str], at: datetime) -> Answer:
    """Take one step on the way to a check-in: how often, which day, what time, and by which clock."""
    his = settings_of(person)
    often, *chosen = parts
    if often == "off":
        reminders.set_check_ins(session, person, None, at=at)
        return answer(his, "check_in_off")
    so_far = ":".join(("check_in", *parts))
    if often == "weekly" and not chosen:
        return answer(his, "check_in_day", tuple((weekday_name(day), f"{so_far}:{day}") for day in range(7)))
    if zone_of(his) is None:
        return ask_zone(his, so_far)
    day = int(chosen.pop(0)) if often == "weekly" else None
    if not chosen:
        return answer(his, "check_in_hour", tuple((time_words(his, hour), f"{so_far}:{hour:02d}.00") for hour in HOURS))
    rhythm = Rhythm(*_clock(chosen[0]), weekday=day)
    pausing.end(person)  # who asks for it wants it
    reminders.set_check_ins(session, person, rhythm, at=at)
    return answer(his, "check_in_done", when=rhythm_words(his, rhythm, at))


def set_reminder(session: Any, person: Person, parts: list[str], at: datetime) -> Answer:
    """Owe him one reminder: in minutes (``m20``), so many days on (``d1``) or on a weekday (``w4``), at a time."""
    his = settings_of(person)
    when, clock = parts
    zone, number = zone_of(his), int(when[1:])
    if when[0] == "m":
        due_at = at + timedelta(minutes=number)
    elif zone is None:
        return ask_zone(his, ":".join(("remind", *parts)))
    elif when[0] == "w":
        due_at = next_at(at, zone, *_clock(clock), weekday=number)
    else:
        midnight = day_begins(at.astimezone(zone).date() + timedelta(days=number), zone)
        due_at = next_at(midnight - timedelta(seconds=1), zone, *_clock(clock))
    if due_at <= at:
        return answer(his, "reminder_late")
    due_at = awake_from(his, due_at)
    pausing.end(person)
    if not reminders.remind(session, person, due_at):
        return answer(his, "reminder_full")
    return answer(his, "reminder_done", when=moment_words(his, due_at, at))


def pause_till(session: Any, person: Person, text: str, at: datetime) -> Answer:
    """Pause until the day that he typed behind the command; ask where there is none or it is not understood."""
    his = settings_of(person)
    zone = likely_zone(his)
    day = named_day(text, at.astimezone(zone).date())
    if day is not None:
        return _begin_pause(session, person, day_begins(day, zone), at)
    question = ask_pause(person, at)
    return Answer(say("pause_not_a_day", his["region"]), question.choices) if text.strip() else question


def set_pause(session: Any, person: Person, parts: list[str], at: datetime) -> Answer:
    """Keep quiet for so many days or until he writes, or end that."""
    (length,) = parts
    if length == "off":
        pausing.end(person)
        return answer(settings_of(person), "pause_over")
    if length == "writes":
        return _begin_pause(session, person, None, at)
    zone = likely_zone(settings_of(person))
    return _begin_pause(session, person, day_begins(at.astimezone(zone).date() + timedelta(days=int(length)), zone), at)


def _begin_pause(session: Any, person: Person, until: datetime | None, at: datetime) -> Answer:
    """Keep quiet; what he is owed after a crisis is not switched off with it, but asked about."""
    pausing.begin(person, until)
    his = settings_of(person)
    name = "pause_till_he_writes" if until is None else "pause_till_day"
    told = say(name, his["region"], words={"day": day_words(his, until, at) if until else ""})
    if not follow_ups.owed(session, person.id):
        return Answer(told)
    choices = tuple((label(name), name) for name in ("check_backs_keep", "check_backs_drop"))
    return Answer([*told, *say("pause_check_backs", his["region"])], choices)


def rhythm_words(his: dict[str, Any], rhythm: Rhythm, at: datetime) -> str:
    """Return a rhythm as it comes out by his clock and quiet hours: ``each day at 7 pm``."""
    then = next_time(his, at, rhythm.hour, rhythm.minute, rhythm.weekday).astimezone(likely_zone(his))
    words = {"time": time_words(his, then.hour, then.minute), "day": weekday_name(then.weekday())}
    return say("when_daily" if rhythm.weekday is None else "when_weekly", his["region"], words=words)[0]


def pause_words(his: dict[str, Any], ends: datetime, at: datetime) -> str:
    """Return until when he is left alone: ``till you write``, ``till Friday``."""
    if ends == pausing.FOR_EVER:
        return label("till_he_writes")
    return say("when_till", his["region"], words={"day": day_words(his, ends, at)})[0]


def _clock(text: str) -> tuple[int, int]:
    hour, _, minute = text.partition(".")
    return int(hour), int(minute)
