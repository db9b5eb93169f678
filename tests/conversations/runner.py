"""Plays a scripted conversation on the real model and says where it went another way than it should."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from bot.storage.columns import new_id
from bot.storage.models import TrackerEvent
from tests.safety_fixtures import Man

FOLDER = Path(__file__).parent
LEAST_TURNS = 10
FRESH_FOR = 5  # turns within which no bubble may come again
MOST_CHARACTERS = 600
# Fixed wording, or said again on purpose while his life may be at stake.
MAY_REPEAT = ("utter_safety*", "utter_concern*", "utter_grounding", "utter_phq9*")
_KEYS = frozenset({"he", "press", "hours_later", "says", "never", "offers", "theme", "stage", "level"})


@dataclass
class Exchange:
    """One turn as it went.

    Attributes:
        wanted: The script's row.
        said: Names of the dialogue's responses; None for a text without a name.
        texts: Every bubble.
        payloads: What the buttons lead to, by label.
        theme: The open theme afterwards.
        stage: Its stage.
        level: What the screening made of the message.
    """

    wanted: dict[str, Any]
    said: list[str | None]
    texts: list[str]
    payloads: dict[str, str]
    theme: str | None
    stage: str | None
    level: str
    bubbles: list[tuple[str | None, str]] = field(default_factory=list)

    def faults(self) -> Iterator[str]:
        """Yield what is other than the script wants."""
        said = [name or "" for name in self.said]
        for pattern in self.wanted.get("says", ()):
            if not any(fnmatchcase(name, pattern) for name in said):
                yield f"{pattern} was not said but {said}"
        for pattern in self.wanted.get("never", ()):
            yield from (f"{name} was said" for name in said if fnmatchcase(name, pattern))
        leads = [intent_of(payload) for payload in self.payloads.values()]
        missing = [intent for intent in self.wanted.get("offers", ()) if intent not in leads]
        yield from (f"{intent} is not offered but {leads}" for intent in missing)
        for name in ("theme", "stage"):
            if name in self.wanted and self.wanted[name] != getattr(self, name):
                yield f"{name} is {getattr(self, name)} and not {self.wanted[name]}"
        if self.level != self.wanted.get("level", "none"):
            yield f"screened as {self.level}"
        if not self.texts:
            yield "silence"
        yield from (f"too long: {text[:40]}" for text in self.texts if len(text) > MOST_CHARACTERS and "\n" not in text)


def scripts() -> list[Path]:
    """Return the scripts, one a conversation."""
    return sorted(FOLDER.glob("*.yml"))


def read(path: Path) -> dict[str, Any]:
    """Return a script.

    Raises:
        ValueError: It has an unknown key, no words in a turn, or too few turns.
    """
    script: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    for row in script["turns"]:
        if not set(row) <= _KEYS or ("he" in row) == ("press" in row):
            raise ValueError(f"{path.name}: {row} must have he or press and none but {sorted(_KEYS)}")
    if len(script["turns"]) < LEAST_TURNS:
        raise ValueError(f"{path.name} has fewer than {LEAST_TURNS} turns")
    return script


def intent_of(payload: str) -> str:
    """Return the intent that a button leads to; the gate's own buttons keep their name."""
    return payload.removeprefix("/").split("{")[0]


async def play(he: Man, turns: list[dict[str, Any]]) -> list[Exchange]:
    """Say and press what the script says, and return how it went."""
    exchanges: list[Exchange] = []
    for row in turns:
        if "hours_later" in row:
            let_hours_pass(he, row["hours_later"])
        before = len(he.events()) if exchanges else 0
        offered = next((one.payloads for one in reversed(exchanges) if one.payloads), {})
        turn = await (he.say(row["he"]) if "he" in row else he.press(_label(row["press"], offered)))
        exchanges.append(_exchange(he, row, turn, he.events()[before:]))
    return exchanges


def _label(wanted: str, offered: dict[str, str]) -> str:
    found = [label for label, payload in offered.items() if wanted in (label, payload, intent_of(payload))]
    assert found, f"{wanted} is not offered but {offered}"
    return found[0]


def _exchange(he: Man, row: dict[str, Any], turn: Any, events: list[dict[str, Any]]) -> Exchange:
    bot = [event for event in events if event["event"] == "bot" and event.get("text")]
    buttons = [button for event in bot for button in (event.get("data") or {}).get("buttons") or []]
    payloads = {label: label for label in turn.buttons} | {button["title"]: button["payload"] for button in buttons}
    bubbles = [(event["metadata"].get("utter_action"), event["text"]) for event in bot]
    return Exchange(
        wanted=row,
        said=[name for name, _ in bubbles],
        texts=turn.texts,
        payloads=payloads,
        theme=he.slot("theme"),
        stage=he.slot("theme_stage"),
        level=turn.level,
        bubbles=bubbles,
    )


def faults(exchanges: list[Exchange]) -> list[str]:
    """Return everything that went another way than it should, with the turn's number."""
    found = [f"turn {number}: {fault}" for number, one in enumerate(exchanges, 1) for fault in one.faults()]
    sitting = 0
    for number, one in enumerate(exchanges):
        sitting = number if "hours_later" in one.wanted else sitting
        earlier = exchanges[max(sitting, number - FRESH_FOR) : number]
        lately = {text for before in earlier for _, text in before.bubbles}
        for name, text in one.bubbles:
            if name is not None and text in lately and not any(fnmatchcase(name, fixed) for fixed in MAY_REPEAT):
                found.append(f"turn {number + 1}: {name} repeats itself: {text[:60]}")
    return found


def let_hours_pass(he: Man, hours: float) -> None:
    """Make everything that was said so far older, as if that time had gone by."""
    with he.database.write() as session:
        query = select(TrackerEvent).filter_by(person_id=he.person_id).order_by(TrackerEvent.seq)
        for row in session.execute(query).scalars():
            event = row.event.reveal()
            if event.get("name") == "talk" and event.get("value"):
                event = {**event, "value": _days_ago(event["value"], hours)}
            row.event = {**event, "timestamp": event["timestamp"] - 3600 * hours}
        again = TrackerEvent(id=new_id(), person_id=row.person_id, session=row.session, at=row.at)
        session.add(again)  # one event more than Rasa holds in memory, so that it reads all of them anew
        again.event = row.event.reveal()


def _days_ago(remembered: dict[str, Any], hours: float) -> dict[str, Any]:
    """Return what the talk remembers, with its days as long ago as the rest; each was kept in the evening."""

    def earlier(day: str) -> str:
        evening = datetime.fromisoformat(f"{day}T20:00")
        return (evening - timedelta(hours=hours)).date().isoformat()

    moved = dict(remembered)
    if "steps" in moved:
        moved["steps"] = {step: earlier(day) for step, day in moved["steps"].items()}
    if "taken" in moved:
        moved["taken"] = {**moved["taken"], "on": earlier(moved["taken"]["on"])}
    return moved
