"""Compare recognition pipelines on phrases that nobody trained on: ``make recognition``.

``rasa train nlu`` trains each pipeline on ``data/nlu``; Rasa's own agent then reads every phrase of ``tests/heldout``.
Writes ``docs/recognition.md`` and ``docs/recognition.json``.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from bot.codebook import code_ids  # noqa: E402 - the script may be started from anywhere

_SETS = ("codes", "intents", "no_code")
_FALLBACK = "nlu_fallback"
_Z = 1.96  # two-sided 95 %
_PAIRS = 15
_N_GRAMS: list[dict[str, Any]] = [
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
]
# rasa/engine/recipes/config_files/default_config.yml of 3.6.21, without ResponseSelector, with a fixed seed.
_DEFAULT: list[dict[str, Any]] = [
    {"name": "WhitespaceTokenizer"},
    {"name": "RegexFeaturizer"},
    {"name": "LexicalSyntacticFeaturizer"},
    *_N_GRAMS,
    {"name": "DIETClassifier", "epochs": 100, "constrain_similarities": True, "random_seed": 1},
    {"name": "EntitySynonymMapper"},
    {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1},
]
_SPARSE: list[dict[str, Any]] = [
    {"name": "WhitespaceTokenizer"},
    *_N_GRAMS,
    {"name": "LogisticRegressionClassifier", "max_iter": 1_000},
]


@dataclass(frozen=True)
class Pipeline:
    """One way to recognise what a message is about.

    Attributes:
        id: Its key in the JSON file.
        title: Its name in the table.
        components: Rasa's ``pipeline`` list.
    """

    id: str
    title: str
    components: list[dict[str, Any]]


@dataclass(frozen=True)
class Phrase:
    """One held-out phrase: which set it is from, and what it is about."""

    set: str
    text: str
    label: str


@dataclass(frozen=True)
class Answer:
    """What a pipeline made of a phrase.

    Attributes:
        phrase: The phrase.
        top: Likeliest intent, whatever the FallbackClassifier said.
        codes: Codes given, best first.
        fell_back: Whether the FallbackClassifier would have asked him to say it again.
        milliseconds: Time for the whole parse.
    """

    phrase: Phrase
    top: str
    codes: tuple[str, ...]
    fell_back: bool
    milliseconds: float

    @property
    def first(self) -> str:
        """Return the first code of a phrase about a code, the likeliest intent of any other."""
        return self.codes[0] if self.codes and self.phrase.set != "intents" else self.top


@dataclass(frozen=True)
class Share:
    """How many of how many."""

    right: int
    of: int

    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval in per cent.

        Source: Wilson 1927, JASA 22:209-212.
        """
        share, spread = self.right / self.of, _Z**2 / self.of
        half = _Z * math.sqrt(share * (1 - share) / self.of + spread / (4 * self.of))
        low, high = ((share + spread / 2 + sign * half) / (1 + spread) for sign in (-1, 1))
        return max(0.0, 100 * low), min(100.0, 100 * high)  # rounding may leave a hair beyond either end

    @property
    def percent(self) -> float:
        """Return the share in per cent."""
        return 100 * self.right / self.of

    def __str__(self) -> str:
        """Return ``75.1 (70.4 to 79.4)``."""
        low, high = self.interval()
        return f"{self.percent:.1f} ({low:.1f} to {high:.1f})"


@dataclass(frozen=True)
class Result:
    """All figures of one pipeline."""

    pipeline: Pipeline
    shares: dict[str, Share]
    training_seconds: float
    median_milliseconds: float
    answers: tuple[Answer, ...]


def main() -> int:
    """Train, measure and write; progress goes to standard error.

    Returns:
        Zero; a pipeline that cannot be trained raises instead.
    """
    import skops.io  # noqa: F401 - before TensorFlow, see bot.rasa.serve

    from bot.rasa import quiet

    quiet.install("ERROR")
    with tempfile.TemporaryDirectory(prefix="ballast-recognition-") as folder:
        # A copy: whoever edits the phrases meanwhile would have the pipelines learn from different ones.
        lessons = Path(shutil.copytree(PROJECT / "data/nlu", Path(folder) / "nlu"))
        results = [_measure_aloud(pipeline, lessons) for pipeline in pipelines()]
        refuse_twins(results)
        write(results, training_phrases(lessons))
    return 0


def _measure_aloud(pipeline: Pipeline, lessons: Path) -> Result:
    sys.stderr.write(f"{pipeline.title}: ")
    sys.stderr.flush()
    result = measure(pipeline, lessons, held_out())
    sys.stderr.write(f"{result.shares['codes_first'].percent:.1f} % of the codes\n")
    return result


def pipelines() -> list[Pipeline]:
    """Return what is compared; the last is the one that ``config.yml`` ships."""
    return [
        Pipeline("default", "Rasa's default: n-grams, DIET, 100 epochs", _DEFAULT),
        Pipeline("n_grams", "n-grams, Rasa's LogisticRegressionClassifier", _SPARSE),
        Pipeline("multilingual", "multilingual vectors, VectorClassifier", _shipped(["multilingual"])),
        Pipeline("english", "MiniLM vectors, VectorClassifier", _shipped(["english"])),
        Pipeline("both", "both vectors, VectorClassifier", _shipped()),
    ]


def _shipped(parts: list[str] | None = None) -> list[dict[str, Any]]:
    """Return the pipeline of ``config.yml`` without the screening, which is measured by itself."""
    components = yaml.safe_load((PROJECT / "config.yml").read_text(encoding="utf-8"))["pipeline"]
    kept = [part for part in components if not part["name"].endswith(".SafetyIntent")]
    changed = {"parts": parts} if parts else {}
    return [part | changed if part["name"].endswith(".SentenceFeaturizer") else part for part in kept]


def held_out() -> list[Phrase]:
    """Return the phrases of all three sets."""
    return [
        Phrase(name, row["text"], row["label"])
        for name in _SETS
        for row in yaml.safe_load((PROJECT / f"tests/heldout/{name}.yml").read_text(encoding="utf-8"))
    ]


def training_phrases(lessons: Path) -> list[str]:
    """Return all training phrases, without their marks for entities."""
    from rasa.shared.nlu.training_data.loading import load_data

    return [str(example.get("text")) for example in load_data(str(lessons)).intent_examples]


def refuse_twins(results: Sequence[Result]) -> None:
    """Raise where two pipelines answered all alike: then one of them is not the one that its row names.

    Raises:
        RuntimeError: Two pipelines gave the same top intent and codes to every phrase.
    """
    seen: dict[tuple[tuple[str, tuple[str, ...]], ...], str] = {}
    for result in results:
        answers = tuple((answer.top, answer.codes) for answer in result.answers)
        if answers in seen:
            raise RuntimeError(f"{seen[answers]} and {result.pipeline.id} answer alike: is a setting ignored?")
        seen[answers] = result.pipeline.id


def measure(pipeline: Pipeline, lessons: Path, phrases: Sequence[Phrase]) -> Result:
    """Train a pipeline in a folder of its own and let it read all phrases."""
    with tempfile.TemporaryDirectory(prefix="ballast-recognition-") as folder:
        started = time.perf_counter()
        model = _train(pipeline, lessons, Path(folder))
        seconds = time.perf_counter() - started
        answers = asyncio.run(_read(model, phrases))
    milliseconds = statistics.median(answer.milliseconds for answer in answers)
    return Result(pipeline, _shares(answers), seconds, milliseconds, tuple(answers))


def _train(pipeline: Pipeline, lessons: Path, folder: Path) -> Path:
    config = {"recipe": "default.v1", "assistant_id": "ballast", "language": "en"}
    (folder / "config.yml").write_text(yaml.safe_dump(config | {"pipeline": pipeline.components}))
    command = [sys.executable, "-m", "rasa", "train", "nlu", "--nlu", str(lessons), "--fixed-model-name", "m"]
    log = Path(tempfile.gettempdir()) / f"ballast-recognition-{pipeline.id}.log"
    with log.open("wb") as output:
        done = subprocess.run(  # noqa: S603 - our own interpreter and arguments
            [*command, "--config", str(folder / "config.yml"), "--out", str(folder)],
            cwd=PROJECT,
            # A size of nothing: what an earlier run has cached would make this one look fast.
            env=os.environ | {"RASA_TELEMETRY_ENABLED": "false", "RASA_MAX_CACHE_SIZE": "0"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    if done.returncode or not (folder / "m.tar.gz").is_file():
        raise RuntimeError(f"Training {pipeline.id} failed. Rasa's output: {log}")
    return folder / "m.tar.gz"


async def _read(model: Path, phrases: Iterable[Phrase]) -> list[Answer]:
    from rasa.core.agent import Agent

    agent = Agent.load(str(model))
    await agent.parse_message("the first message is slower than all later ones")
    answers = []
    for phrase in phrases:
        started = time.perf_counter()
        parsed = await agent.parse_message(phrase.text)
        answers.append(_answer(phrase, parsed, 1000 * (time.perf_counter() - started)))
    return answers


def _answer(phrase: Phrase, parsed: dict[str, Any], milliseconds: float) -> Answer:
    ranking = [row["name"] for row in parsed["intent_ranking"] if row["name"] != _FALLBACK]
    if "reading" in parsed:
        codes = [code["id"] for code in parsed["reading"]["codes"]]
    else:  # no rule of ours: codes are given where the likeliest intent is one
        codes = [name for name in ranking if name in code_ids()] if ranking[0] in code_ids() else []
    fell_back = parsed["intent"]["name"] == _FALLBACK
    return Answer(phrase, ranking[0], tuple(codes), fell_back, milliseconds)


def _shares(answers: Sequence[Answer]) -> dict[str, Share]:
    codes, intents, no_code = ([a for a in answers if a.phrase.set == name] for name in _SETS)
    return {
        "codes_first": _share(answer.codes[:1] == (answer.phrase.label,) for answer in codes),
        "codes_in_two": _share(answer.phrase.label in answer.codes[:2] for answer in codes),
        "codes_as_top_intent": _share(answer.top == answer.phrase.label for answer in codes),
        "intents": _share(answer.top == answer.phrase.label for answer in intents),
        "no_code": _share(not answer.codes for answer in no_code),
        "fell_back": _share(answer.fell_back for answer in answers),
        "right_and_not_fallen_back": _share(
            answer.first == answer.phrase.label and not answer.fell_back for answer in codes + intents
        ),
    }


def _share(outcomes: Iterable[bool]) -> Share:
    found = list(outcomes)
    return Share(sum(found), len(found))


def write(results: Sequence[Result], lessons: Sequence[str]) -> None:
    """Write the page and the figures behind it."""
    day = datetime.now(timezone.utc).date().isoformat()
    asked = [answer.phrase.text for answer in results[-1].answers]
    facts = {"lessons": len(lessons), "seen": len({_bare(t) for t in asked} & {_bare(t) for t in lessons})}
    figures = {"date": day, **facts, "pipelines": {r.pipeline.id: _figures(r) for r in results}}
    pairs = [{"said": said, "read": read, "times": n} for (said, read), n in _confusions(results[-1])]
    text = json.dumps(figures | {"confusions": pairs}, indent=2)
    (PROJECT / "docs/recognition.json").write_text(text + "\n", encoding="utf-8")
    (PROJECT / "docs/recognition.md").write_text(_page(day, facts, results), encoding="utf-8")


def _bare(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def _figures(result: Result) -> dict[str, Any]:
    shares = {
        name: {"right": share.right, "of": share.of, "interval": [round(end, 1) for end in share.interval()]}
        for name, share in result.shares.items()
    }
    times = {
        "training_seconds": round(result.training_seconds, 1),
        "median_milliseconds": round(result.median_milliseconds, 1),
    }
    return {"title": result.pipeline.title, "components": result.pipeline.components} | shares | times


def _confusions(result: Result) -> list[tuple[tuple[str, str], int]]:
    asked = [answer for answer in result.answers if answer.phrase.set != "no_code"]
    wrong = Counter((a.phrase.label, a.first) for a in asked if a.first != a.phrase.label)
    return sorted(wrong.items(), key=lambda item: (-item[1], item[0]))[:_PAIRS]


def _page(day: str, facts: dict[str, int], results: Sequence[Result]) -> str:
    best = max(results, key=lambda result: result.shares["codes_first"].percent)
    ours, others = results[-1], results[:-1]
    next_best = max(others, key=lambda result: result.shares["codes_first"].percent)
    values = {
        "day": day,
        **facts,
        "table": "\n".join(_row(result) for result in results),
        "ours": ours.pipeline.title,
        "standing": "It reads the codes best" if best is ours else "It does **not** read the codes best",
        "codes": f"{ours.shares['codes_first'].percent:.1f}",
        "next": f"{next_best.shares['codes_first'].percent:.1f} ({next_best.pipeline.title})",
        "default": f"{results[0].shares['right_and_not_fallen_back'].percent:.1f}",
        "default_asks": f"{results[0].shares['fell_back'].percent:.1f}",
        "kept": f"{ours.shares['right_and_not_fallen_back'].percent:.1f}",
        "asks": f"{ours.shares['fell_back'].percent:.1f}",
        "pairs": "\n".join(f"| {said} | {read} | {n} |" for (said, read), n in _confusions(ours)),
    }
    return Path(__file__).with_name("recognition.md.txt").read_text(encoding="utf-8").format(**values)


def _row(result: Result) -> str:
    names = ("codes_first", "codes_in_two", "codes_as_top_intent", "intents", "no_code")
    cells = [str(result.shares[name]) for name in names]
    cells += [f"{result.training_seconds:.0f}", f"{result.median_milliseconds:.1f}"]
    return f"| {result.pipeline.title} | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.exit(main())
