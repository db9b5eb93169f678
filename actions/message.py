"""The message that is being answered, as an action sees it, and the database behind it."""

from __future__ import annotations

from functools import cache
from typing import Any

from rasa_sdk import Tracker

from bot.codebook import code_ids
from bot.config import Settings
from bot.crisis import Kind, Level
from bot.storage import Database, open_database

_LIKELY = 0.3
Events = list[dict[str, Any]]
Button = dict[str, str]


@cache
def settings() -> Settings:
    """Return the installation's settings."""
    return Settings.from_environment()


@cache
def database() -> Database:
    """Return this process's database."""
    return open_database(settings())


def last_user_event(tracker: Tracker) -> dict[str, Any]:
    """Return the event of the message that is being answered; empty before the first."""
    return next((event for event in reversed(tracker.events) if event.get("event") == "user"), {})


def region(tracker: Tracker) -> str:
    """Return the region whose numbers and words he gets."""
    metadata = last_user_event(tracker).get("metadata") or {}
    return str(metadata.get("region") or settings().region)


def language(tracker: Tracker) -> str:
    """Return the language that his messenger reports, as an ISO 639-1 code."""
    metadata = last_user_event(tracker).get("metadata") or {}
    return str(metadata.get("language") or "en")


def screened_level(tracker: Tracker) -> Level:
    """Return the level that the gate gave this message."""
    metadata = last_user_event(tracker).get("metadata") or {}
    return Level(metadata.get("level", "none"))


def screened_kind(tracker: Tracker) -> Kind:
    """Return whose safety the gate took this message to be about."""
    metadata = last_user_event(tracker).get("metadata") or {}
    return Kind(metadata.get("kind", "self"))


def message_id(tracker: Tracker) -> str | None:
    """Return the inbox id of the message that is being answered."""
    found = last_user_event(tracker).get("message_id")
    return str(found) if found else None


def words(tracker: Tracker) -> str:
    """Return what he wrote; empty for a button."""
    text = str(last_user_event(tracker).get("text") or "")
    return "" if text.startswith("/") else text


def codes_read(tracker: Tracker) -> list[str]:
    """Return the codes recognised in the message, best first."""
    return list(codes_scored(tracker))


def parts_scored(tracker: Tracker) -> dict[str, float]:
    """Return the codes of the message's parts, each with its highest probability; empty where it has one part."""
    parts = (last_user_event(tracker).get("parse_data") or {}).get("parts") or []
    scored: dict[str, float] = {}
    for part in parts:
        if part["id"] in code_ids():
            scored[part["id"]] = max(float(part["score"]), scored.get(part["id"], 0.0))
    return scored


def codes_scored(tracker: Tracker) -> dict[str, float]:
    """Return the probability of each code recognised in the message, best first."""
    reading = (last_user_event(tracker).get("parse_data") or {}).get("reading") or {}
    return {row["id"]: float(row["score"]) for row in reading.get("codes", []) if row["id"] in code_ids()}


def ranked(tracker: Tracker) -> dict[str, float]:
    """Return the probability of each of the likeliest intents, best first."""
    ranking = (last_user_event(tracker).get("parse_data") or {}).get("intent_ranking") or []
    return {str(row["name"]): float(row["confidence"]) for row in ranking}


def intent_read(tracker: Tracker) -> str:
    """Return the intent that counted for this message."""
    return str((tracker.latest_message.get("intent") or {}).get("name") or "")


def is_likely(tracker: Tracker, least: float) -> bool:
    """Return whether the model gave the intent at least this probability; a button is always meant."""
    confidence = (tracker.latest_message.get("intent") or {}).get("confidence")
    return confidence is None or float(confidence) >= least


def likeliest_code(tracker: Tracker) -> str | None:
    """Return the code that stands highest in the ranking; None where even that one is unlikely."""
    return next((name for name, score in ranked(tracker).items() if name in code_ids() and score >= _LIKELY), None)


def pressed_value(tracker: Tracker, entity: str) -> str | None:
    """Return what the pressed button carries under an entity's name; None for words."""
    entities = (last_user_event(tracker).get("parse_data") or {}).get("entities") or []
    return next((str(row["value"]) for row in entities if row["entity"] == entity), None)


def button(title: str, payload: str) -> Button:
    """Return one choice below a bubble."""
    return {"title": title, "payload": payload}
