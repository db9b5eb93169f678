"""The structured fields of a man, and the ladder on which each is made coarser until it says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from bot.errors import KeyMissingError, SealBrokenError
from bot.records.about_him import answers_of
from bot.storage.models import InboxMessage, OutboxMessage, Person

Values = tuple[str, ...]  # one value for each of FIELDS
NOT_GIVEN, ANY = "not given", "*"
FIELDS: Mapping[str, str] = {
    "age_band": "age as he chose it from a list",
    "region": "where he is, as he set it for the helplines",
    "employment": "work as he chose it from a list",
    "family": "whom he shares his home with, as he chose it from a list",
    "month": "month of the dialogue's first message, in UTC",
}
_AGE = {"18-24": "18-34", "25-34": "18-34", "35-44": "35-54", "45-54": "35-54", "55-64": "55+", "65+": "55+"}
_COUNTRY = {"us-miami": "us"}
_CONTINENT = {"us": "america", "uk": "europe", "de": "europe", "elsewhere": "elsewhere"}
_WORK = {
    "employed": "in work",
    "self-employed": "in work",
    "out-of-work": "not in work",
    "off-sick": "not in work",
    "retired": "not in work",
    "studying": "not in work",
}
_HOME = {"alone": "no partner", "children": "no partner", "partner": "partner", "partner-children": "partner"}


def fields_of(session: Any, person_id: str) -> Values:
    """Return a man's values in the order of ``FIELDS``; what he did not give or cannot be opened is ``not given``."""
    try:
        told = answers_of(session, person_id)
    except (SealBrokenError, KeyMissingError):
        told = {}
    given = (told.get("age"), _region(session, person_id), told.get("work"), told.get("home"))
    return (*(value or NOT_GIVEN for value in given), _month(session, person_id))


def ladder(field: str, value: str) -> tuple[str, ...]:
    """Return a value and its coarser forms; the last is ``*``, and all values of a field have as many."""
    if field == "age_band":
        return value, _AGE.get(value, value), ANY
    if field == "region":
        country = _COUNTRY.get(value, value)
        # What is "us" by itself lies outside Miami; one step up it is the whole country.
        return {"us": "us-other"}.get(value, value), country, _CONTINENT.get(country, country), ANY
    if field == "employment":
        return value, _WORK.get(value, value), ANY
    if field == "family":
        return value, _HOME.get(value, value), ANY
    return _time_ladder(value)


def _time_ladder(month: str) -> tuple[str, ...]:
    if month == NOT_GIVEN:
        return NOT_GIVEN, NOT_GIVEN, NOT_GIVEN, ANY
    year, number = month.split("-")
    return month, f"{year}-Q{(int(number) + 2) // 3}", year, ANY


def _region(session: Any, person_id: str) -> str | None:
    person = session.get(Person, person_id)
    try:
        return None if person is None or person.settings is None else person.settings.reveal().get("region")
    except (SealBrokenError, KeyMissingError):
        return None


def _month(session: Any, person_id: str) -> str:
    came = select(func.min(InboxMessage.received_at)).filter_by(person_id=person_id, state="done")
    moment = func.coalesce(OutboxMessage.sent_at, OutboxMessage.created_at)
    went = select(func.min(moment)).filter_by(person_id=person_id, state="sent")
    moments = [session.execute(query).scalar() for query in (came, went)]
    first: datetime | None = min((moment for moment in moments if moment is not None), default=None)
    return NOT_GIVEN if first is None else f"{first:%Y-%m}"
