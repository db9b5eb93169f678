"""Write docs/conversation_map.md and data/review.yml from the data: every sentence, where it is said, who signed it.

    python scripts/conversation_map.py

A reviewer signs in data/review.yml: his name under ``reviewed_by``, the day under ``reviewed_at``. The next run notes
which wording he signed (``of``); a text that is changed afterwards counts as unsigned again, and the map says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from actions.guide_book import Step, guides
from bot.config import PROJECT
from bot.records import phq9

MAP, REVIEW = PROJECT / "docs" / "conversation_map.md", PROJECT / "data" / "review.yml"
GATE = PROJECT / "bot" / "content" / "en.yml"
UNSIGNED = {"reviewed_by": "", "reviewed_at": "", "of": ""}
_HEAD = """# Conversation map

Every sentence that a man can read, where it is said, and what leads on. Written by `scripts/conversation_map.py` from
the data; a test fails when it is out of date. Do not edit it by hand.

**Review.** {signed} of {count} texts are signed by a clinician. A text without a name beside it has been read by
nobody but those who wrote it. To sign one, put a name and a day into `data/review.yml` and run the script; a text that
is changed later counts as unsigned again.

Words in braces are filled in: the region's doctor, numbers and lines, his own words, a score.
"""


@dataclass(frozen=True)
class Text:
    """One text with its variations; each variation may be several bubbles."""

    name: str
    place: str
    variations: tuple[str, ...]

    @property
    def wording(self) -> str:
        """Return a short hash of the words, so that a signature holds for these and no others."""
        return hashlib.sha256("\x00".join(self.variations).encode()).hexdigest()[:12]


def read(path: Path) -> dict[str, Any]:
    """Return the object in a YAML file."""
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


@cache
def topics() -> Mapping[str, dict[str, Any]]:
    """Return the files of data/nlu by name."""
    return {path.stem: read(path) for path in sorted((PROJECT / "data" / "nlu").glob("*.yml"))}


def _labels(answers: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what the buttons below a question say; some kinds of answer have none."""
    return tuple(kind["label"] for kind in answers.values() if "label" in kind)


def texts() -> Iterator[Text]:
    """Yield every text: the dialogue's, the guides' and themes' buttons, the gate's, the fixed questionnaire."""
    for topic, found in topics().items():
        for name, rows in (found.get("responses") or {}).items():
            yield Text(name, f"data/nlu/{topic}.yml", tuple(row["text"] for row in rows))
        for name, row in (found.get("themes") or {}).items():
            labels = _labels(row["answers"])
            yield Text(f"theme/{name}", f"data/nlu/{topic}.yml", (row["title"], *labels))
        for name, row in (found.get("questions") or {}).items():
            yield Text(f"answers/{name}", f"data/nlu/{topic}.yml", _labels(row["answers"]))
    for name, guide in guides().items():
        labels = tuple(dict.fromkeys(pick.label for step in guide.steps.values() for pick in step.picks))
        yield Text(f"guide/{name}", f"data/guides/{name}.yml", (guide.title, *labels, *guide.words.values()))
    for name, rows in read(GATE).items():
        if isinstance(rows, list):
            yield Text(f"gate/{name}", "bot/content/en.yml", tuple("\n\n".join(bubbles) for bubbles in rows))
    for part in ("pieces", "buttons"):
        yield Text(f"gate/{part}", "bot/content/en.yml", tuple(str(label) for label in read(GATE)[part].values()))
    fixed = (phq9.STEM, *phq9.ITEMS, *phq9.ANSWERS)
    yield Text("fixed/phq9", "bot/records/phq9.py, public domain, never reworded", fixed)


def review(signed: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the review of every text: what stood there, else empty; a fresh signature gets its wording."""
    found = {}
    for text in texts():
        row = {**UNSIGNED, **{key: str(value or "") for key, value in (signed.get(text.name) or {}).items()}}
        if row["reviewed_by"] and row["reviewed_at"] and not row["of"]:
            row["of"] = text.wording
        found[text.name] = row
    return dict(sorted(found.items()))


def state_of(text: Text, row: Mapping[str, str]) -> str:
    """Return how a text stands: by whom and when, or why not."""
    if not (row["reviewed_by"] and row["reviewed_at"]):
        return "not reviewed"
    if row["of"] != text.wording:
        return f"changed since {row['reviewed_by']} signed it on {row['reviewed_at']}: not reviewed"
    return f"reviewed by {row['reviewed_by']} on {row['reviewed_at']}"


@cache
def _rules() -> Mapping[str, str]:
    """Return the action to which a rule leads from each intent."""
    found: dict[str, str] = {}
    for path in sorted((PROJECT / "data" / "rules").glob("*.yml")):
        for rule in read(path)["rules"]:
            first = rule["steps"][0]
            names = [row["intent"] for row in first.get("or", [first]) if "intent" in row]
            found |= dict.fromkeys(names, rule["steps"][-1]["action"])
    return found


def _intents() -> Iterator[str]:
    counts: dict[str, tuple[int, str]] = {}
    for topic, found in topics().items():
        for row in found.get("nlu") or []:
            before = counts.get(row["intent"], (0, ""))[0]
            counts[row["intent"]] = (before + len(row["examples"].splitlines()), f"data/nlu/{topic}.yml")
    yield "## What he says, and what answers\n"
    yield "| intent | phrases | learnt from | answered by |\n|---|---|---|---|"
    for intent in read(PROJECT / "domain.yml")["intents"]:
        count, place = counts.get(intent, (0, "never guessed: a button or the screening"))
        yield f"| {intent} | {count or ''} | {place} | {_rules().get(intent, 'the flow that is open')} |"


def _steps() -> Iterator[str]:
    yield "\n## The tools, step by step\n"
    for guide in guides().values():
        opened = ", ".join(sorted(guide.opens)) or "buttons only"
        yield f"### {guide.title} (`{guide.name}`), opened by: {opened}\n"
        yield from (_step(step) for step in guide.steps.values())
        yield ""


def _step(step: Step) -> str:
    leads = [f"{pick.label} -> `{pick.target}`" for pick in step.picks]
    if step.ask:
        leads.insert(0, f"his own words -> `{step.then}`")
    elif step.then:
        leads.append(f"goes on -> `{step.then}`")
    said = f"`{step.say}`" if step.say else "what its hook makes"
    done = f", does `{step.do}`" if step.do else ""
    return f"- `{step.at}` says {said}{done}: {'; '.join(leads) or 'ends'}"


def _themes() -> Iterator[str]:
    yield "\n## The themes of the study\n"
    for found in topics().values():
        for code, row in (found.get("themes") or {}).items():
            yield f"- **{row['title']}** (`{code}`): people `{row['people']}`; near: {', '.join(row['near']) or 'none'}"
            for name, kind in row["answers"].items():
                yield f"  - {kind['label']} -> `utter_{code}_answer_{name}`"


def _sentences(signed: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    yield "\n## Every sentence\n"
    place = ""
    for text in texts():
        if text.place != place:
            place = text.place
            yield f"\n### {place}\n"
        yield f"`{text.name}` ({state_of(text, signed[text.name])})\n"
        yield "\n".join(f"- {' / '.join(variation.split(chr(10)))}" for variation in text.variations)
        yield ""


def page(signed: Mapping[str, Mapping[str, str]]) -> str:
    """Return the map."""
    states = [state_of(text, signed[text.name]) for text in texts()]
    done = sum(state.startswith("reviewed by") for state in states)
    head = _HEAD.format(signed=done, count=len(states))
    return "\n".join([head, *_intents(), *_themes(), *_steps(), *_sentences(signed)]).rstrip() + "\n"


def review_file(rows: Mapping[str, Mapping[str, str]]) -> str:
    """Return the review file."""
    head = (
        "# Who read which text, and when: see docs/conversation_map.md. Empty means that no clinician has signed it.\n"
    )
    return head + yaml.safe_dump(dict(rows), allow_unicode=True, sort_keys=True, width=120, default_flow_style=None)


def main() -> None:
    """Write both files."""
    rows = review(read(REVIEW) if REVIEW.is_file() else {})
    REVIEW.write_text(review_file(rows), encoding="utf-8")
    MAP.write_text(page(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
