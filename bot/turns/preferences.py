"""What he may set, as questions with buttons: region, tone, clock, quiet hours; and the two questions after consent.

Where his clock must be known first, ``zone:<name>>`` stands in front of the choice that goes on afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from bot.config import PLAIN, REGIONS, TONES
from bot.consent import SHARE, has_given
from bot.content import label
from bot.escalation import follow_ups
from bot.storage.models import Person
from bot.turns import appointments, pausing, reminders
from bot.turns.asking import Answer, answer, ask_zone
from bot.turns.his_time import ALL_ZONES, ZONES, quiet_of, quiet_words, zone_name
from bot.turns.people import change_setting, settings_of
from bot.turns.reminders import rhythm_of

QUIET = {"night": (21, 8), "late": (23, 10), "early": (20, 6), "days": (8, 16), "none": None}
SKIP = "skip"
FIRST_QUESTIONS = "first_questions"  # the turn of ours in which ``ask_first`` comes behind an answer


def overview(session: Any, person: Person, at: datetime) -> Answer:
    """Return what is set now, with a button for each thing that can be changed."""
    his = settings_of(person)
    zone, rhythm, pause_ends = zone_name(his), rhythm_of(his), pausing.ends_at(his, at)
    words = {
        "place": label(his["region"]),
        "tone": label(his.get("tone", PLAIN)),
        "check_ins": appointments.rhythm_words(his, rhythm, at) if rhythm else label("none"),
        "zone": label(zone or "zone_unknown"),
        "quiet": quiet_words(his, quiet_of(his)),
        "pause": appointments.pause_words(his, pause_ends, at) if pause_ends else label("none"),
    }
    names = ["region", "tone", "check_in", "zone", "quiet", "pause", "research"]
    names += ["check_backs"] if follow_ups.owed(session, person.id) else []
    names += ["share_case"] if has_given(session, person.id, SHARE) else []
    return answer(his, "settings", tuple((label(f"settings_{name}"), f"settings_{name}") for name in names), **words)


def ask(person: Person, name: str, at: datetime) -> Answer:
    """Return one of ``QUESTIONS`` with its buttons."""
    his = settings_of(person)
    if name == "zone":
        return ask_zone(his)
    if name == "check_in":
        return appointments.ask_check_in(person)
    if name == "pause":
        return appointments.ask_pause(person, at)
    if name == "quiet":
        choices = tuple((quiet_words(his, hours), f"quiet:{key}") for key, hours in QUIET.items())
    else:
        choices = tuple((label(tone), f"tone:{tone}") for tone in TONES)
    return answer(his, f"{name}_question", choices)


def choose(session: Any, person: Person, said: str, at: datetime) -> Answer | None:
    """Set what a pressed button stands for and return what is said to it; None where it is none of these."""
    first, _, then = said.partition(">")
    name, *parts = first.split(":")
    if name not in CHOICES:
        return None
    said_back = CHOICES[name](session, person, parts, at)
    return choose(session, person, then, at) if then else said_back


def set_region(session: Any, person: Person, region: str, at: datetime) -> None:
    """Move him to a region; a clock that is not one of the region's is forgotten."""
    change_setting(person, "region", region)
    if settings_of(person).get("zone") not in ZONES[region]:
        change_setting(person, "zone", None)
    reminders.plan_anew(session, person, at=at)


def ask_first(person: Person, *, has_words: bool) -> Answer:
    """Return the first of the two questions that follow his consent; he may skip them or write instead."""
    choices = (
        *((label(region), f"first_region:{region}") for region in REGIONS),
        (label(SKIP), f"first_region:{SKIP}"),
    )
    return answer(settings_of(person), "first_region_later" if has_words else "region_question", choices)


def _set_zone(session: Any, person: Person, parts: list[str], at: datetime) -> Answer:
    (name,) = parts
    if name in ALL_ZONES:
        change_setting(person, "zone", name)
        reminders.plan_anew(session, person, at=at)
    return answer(settings_of(person), "zone_done", zone=label(name))


def _set_tone(_session: Any, person: Person, parts: list[str], _at: datetime) -> Answer:
    (tone,) = parts
    change_setting(person, "tone", tone)
    return answer(settings_of(person), "tone_dry_done" if tone == "dry" else "tone_done")


def _set_quiet(session: Any, person: Person, parts: list[str], at: datetime) -> Answer:
    hours = QUIET[parts[0]]
    change_setting(person, "quiet", list(hours) if hours else [])
    reminders.plan_anew(session, person, at=at)
    his = settings_of(person)
    return answer(his, "quiet_done", quiet=quiet_words(his, hours))


def _set_first_region(session: Any, person: Person, parts: list[str], at: datetime) -> Answer:
    (region,) = parts
    if region in REGIONS:
        set_region(session, person, region, at)
    tones = (*((label(tone), f"first_tone:{tone}") for tone in TONES), (label(SKIP), f"first_tone:{SKIP}"))
    return answer(settings_of(person), "first_tone", tones)


def _set_first_tone(_session: Any, person: Person, parts: list[str], _at: datetime) -> Answer:
    (tone,) = parts
    if tone in TONES:
        change_setting(person, "tone", tone)
    return answer(settings_of(person), "first_done")


Step = Callable[[Any, Person, list[str], datetime], Answer]
CHOICES: dict[str, Step] = {
    "tone": _set_tone,
    "zone": _set_zone,
    "quiet": _set_quiet,
    "check_in": appointments.set_check_in,
    "remind": appointments.set_reminder,
    "pause": appointments.set_pause,
    "first_region": _set_first_region,
    "first_tone": _set_first_tone,
}
QUESTIONS = ("tone", "zone", "quiet", "check_in", "pause")  # those that can be asked by themselves
