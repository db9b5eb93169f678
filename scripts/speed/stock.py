"""Stock Rasa 3.6 on our phrases: `rasa init`'s default pipeline and policies, REST channel, SQL store, action server.

Our own flows need our own actions, so the stock project has a rule an intent instead: one half of them answers with a
response, the other through a plain custom action that sets one slot. That is less work than our actions do.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import rasa
import yaml

from bot.config import PROJECT

# Accuracy is not compared here, and what a turn costs does not depend on how long was trained. Recognition is trained
# long enough to know our own phrases again, so that turns do not end in the fallback, which would cost more.
EPOCHS = {"DIETClassifier": 12, "ResponseSelector": 1, "UnexpecTEDIntentPolicy": 1, "TEDPolicy": 3}
_DEFAULTS = Path(rasa.__file__).parent / "engine" / "recipes" / "config_files" / "default_config.yml"
_ACTION = '''"""A plain action: an answer by what was said, and one slot."""

import json
from pathlib import Path

from rasa_sdk import Action
from rasa_sdk.events import SlotSet

TEXTS = json.loads((Path(__file__).parent / "texts.json").read_text())


class ActionAnswer(Action):
    """Answers."""

    def name(self):
        return "action_answer"

    def run(self, dispatcher, tracker, domain):
        intent = tracker.latest_message["intent"]["name"]
        dispatcher.utter_message(text=TEXTS.get(intent, "Go on."))
        return [SlotSet("theme", intent)]
'''


def derive(folder: Path) -> None:
    """Write the stock project into an empty folder."""
    (folder / "data").mkdir(parents=True)
    (folder / "actions").mkdir()
    examples, texts = _examples(), _texts()
    intents = sorted(examples)
    answers = {intent: texts[number % len(texts)] for number, intent in enumerate(intents)}
    _write(folder / "config.yml", _config())
    _write(folder / "domain.yml", _domain(intents, answers))
    nlu = [{"intent": intent, "examples": examples[intent]} for intent in intents]
    _write(folder / "data" / "nlu.yml", {"version": "3.1", "nlu": nlu})
    _write(folder / "data" / "rules.yml", {"version": "3.1", "rules": [_rule(intents, one) for one in intents]})
    _write(folder / "data" / "stories.yml", {"version": "3.1", "stories": _stories(intents)})
    (folder / "actions" / "__init__.py").touch()
    (folder / "actions" / "actions.py").write_text(_ACTION)
    (folder / "actions" / "texts.json").write_text(_json(answers))


def train(folder: Path) -> Path:
    """Train and return the model's file; Rasa's output lies beside it.

    Raises:
        CalledProcessError: It could not be trained.
    """
    command = [sys.executable, "-m", "rasa", "train", "--fixed-model-name", "stock"]
    with (folder / "train.log").open("wb") as output:
        subprocess.run(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, check=True)  # noqa: S603 - ours
    return folder / "models" / "stock.tar.gz"


def _examples() -> dict[str, str]:
    """Return the phrases of each intent, as they stand in our files."""
    found: dict[str, str] = {}
    for path in sorted((PROJECT / "data" / "nlu").glob("*.yml")):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8")).get("nlu") or []:
            if "intent" in entry:
                found[entry["intent"]] = found.get(entry["intent"], "") + entry["examples"]
    return found


def _texts() -> list[str]:
    """Return what we answer, as far as no placeholder has to be filled."""
    found = []
    for path in sorted((PROJECT / "data" / "nlu").glob("*.yml")):
        responses = yaml.safe_load(path.read_text(encoding="utf-8")).get("responses") or {}
        found += [variations[0]["text"] for variations in responses.values() if "{" not in variations[0]["text"]]
    return found


def _config() -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(_DEFAULTS.read_text(encoding="utf-8"))
    for part in (*config["pipeline"], *config["policies"]):
        if part["name"] in EPOCHS:
            part["epochs"] = EPOCHS[part["name"]]
    return {"recipe": "default.v1", "assistant_id": "stock", "language": "en", **config}


def _domain(intents: list[str], answers: dict[str, str]) -> dict[str, Any]:
    plain = [intent for intent in intents if not _has_action(intents, intent)]
    return {
        "version": "3.1",
        "intents": intents,
        "slots": {"theme": {"type": "text", "influence_conversation": False, "mappings": [{"type": "custom"}]}},
        "responses": {f"utter_{intent}": [{"text": answers[intent]}] for intent in plain},
        "actions": ["action_answer"],
        "session_config": {"session_expiration_time": 60, "carry_over_slots_to_new_session": True},
    }


def _has_action(intents: list[str], intent: str) -> bool:
    return intents.index(intent) % 2 == 1


def _answer(intents: list[str], intent: str) -> dict[str, str]:
    return {"action": "action_answer" if _has_action(intents, intent) else f"utter_{intent}"}


def _rule(intents: list[str], intent: str) -> dict[str, Any]:
    return {"rule": intent, "steps": [{"intent": intent}, _answer(intents, intent)]}


def _stories(intents: list[str]) -> list[dict[str, Any]]:
    """Return our stories with the stock project's answers in place of ours."""
    found = []
    for path in sorted((PROJECT / "data" / "stories").glob("*.yml")):
        for story in yaml.safe_load(path.read_text(encoding="utf-8"))["stories"]:
            said = [step["intent"] for step in story["steps"] if step.get("intent") in intents]
            steps = [step for intent in said for step in ({"intent": intent}, _answer(intents, intent))]
            if steps:
                found.append({"story": story["story"], "steps": steps})
    return found


def place_endpoints(folder: Path, *, actions_port: int, database_url: str = "") -> None:
    """Write where the server finds its actions and keeps its trackers: in a SQLite file unless told otherwise."""
    store: dict[str, Any] = {"type": "SQL", "dialect": "sqlite", "db": str(folder / "rasa.db")}
    if database_url:
        place, _, host = database_url.removeprefix("postgresql://").partition("?host=")
        user, _, name = place.partition("@/")
        query = {"host": host}
        store = {"type": "SQL", "dialect": "postgresql", "db": name, "username": user, "query": query}
    endpoint = {"url": f"http://127.0.0.1:{actions_port}/webhook"}
    _write(folder / "endpoints.yml", {"tracker_store": store, "action_endpoint": endpoint})
    (folder / "credentials.yml").write_text("rest:\n")


def copy(source: Path, target: Path) -> None:
    """Copy a trained project without its database."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("rasa.db*", ".rasa"))


def _write(path: Path, content: Any) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=10_000), encoding="utf-8")


def _json(content: Any) -> str:
    import json

    return json.dumps(content)
