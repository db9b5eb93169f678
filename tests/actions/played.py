"""A man who talks to the flows without a model: a test says what is read; rules and database are real."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import yaml
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher

from bot.config import PROJECT
from bot.storage.columns import new_id

_PAYLOAD = re.compile(r"^/(\w+)(\{.*\})?$")


@cache
def flows() -> dict[str, Action]:
    executor = ActionExecutor()
    executor.register_package("actions")
    return {name: function.__self__ for name, function in executor.actions.items()}


@cache
def actions_by_intent() -> dict[str, str]:
    """Return the action to which a rule leads from each intent."""
    found = {}
    for path in sorted((PROJECT / "data" / "rules").glob("*.yml")):
        for rule in yaml.safe_load(path.read_text(encoding="utf-8"))["rules"]:
            first, last = rule["steps"][0], rule["steps"][-1]
            for row in first.get("or", [first]):
                if "intent" in row and "action" in last:
                    found[row["intent"]] = last["action"]
    return found


class Played:
    """One man; ``said`` holds the names of what the last turn said, texts without a name as None."""

    def __init__(self, person_id: str = "nobody", **metadata: str) -> None:
        self.person_id, self.slots = person_id, {}
        self.metadata = {"level": "none", "kind": "self", "region": "us-miami", **metadata}
        self.messages: list[dict[str, Any]] = []
        self.said: list[str | None] = []

    def says(self, text: str, intent: str = "nlu_fallback", **metadata: str) -> list[str | None]:
        return self._turn(text, intent, {}, metadata)

    def presses(self, label: str) -> list[str | None]:
        return self.sends(self.buttons[label])

    def sends(self, payload: str) -> list[str | None]:
        intent, entities = _PAYLOAD.match(payload).groups()
        return self._turn(payload, intent, json.loads(entities or "{}"), {})

    @property
    def buttons(self) -> dict[str, str]:
        """Label and payload of every button of the last turn."""
        return {row["title"]: row["payload"] for message in self.messages for row in message["buttons"]}

    @property
    def at(self) -> str | None:
        """Where he is in a guide; None where none waits for his words."""
        state = self.slots.get("guide") or {}
        return None if state.get("paused") else state.get("at")

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.messages if message["text"]]

    @property
    def papers(self) -> list[dict[str, Any]]:
        return [message["custom"]["paper"] for message in self.messages if message["custom"]]

    def _turn(self, text: str, intent: str, entities: dict[str, str], metadata: dict[str, str]) -> list[str | None]:
        read = [{"entity": name, "value": value} for name, value in entities.items()]
        event = {"event": "user", "text": text, "parse_data": {"entities": read}, "message_id": new_id()}
        event["metadata"] = self.metadata | metadata
        latest = {"intent": {"name": intent, "confidence": 0.9}, "text": text, "entities": read}
        earlier = {"event": "user", "text": "hm", "metadata": {}}
        tracker = Tracker(self.person_id, dict(self.slots), latest, [earlier, event], False, None, {}, None)
        dispatcher = CollectingDispatcher()
        for change in flows()[actions_by_intent()[intent]].run(dispatcher, tracker, {}):
            self.slots[change["name"]] = change["value"]
        self.messages = dispatcher.messages
        self.said = [message.get("response") for message in self.messages]
        return self.said
