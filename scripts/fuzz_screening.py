"""Let a coverage-guided fuzzer look for a message that breaks the screening or holds it up: ``make fuzz``.

Every input is a message, with a line feed between it and those before it. Options are libFuzzer's:
``-max_total_time=300``, ``-atheris_runs=5000``. It ends with status 0 when nothing was found, and otherwise keeps the
input in ``.fuzz`` (or where BALLAST_FUZZ says) and tells what happened.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import atheris
import yaml

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

with atheris.instrument_imports(include=["bot.crisis", "bot.vectors.wordpiece"]):
    from bot.crisis import Level, Screening, answers, classifier, load, rules, screen

CORPUS = Path(os.environ.get("BALLAST_FUZZ", PROJECT / ".fuzz"))
SECONDS = 1.0  # of processor time that one input may take with four others before it; instrumented code is slow
WHOLE = 32  # one input in so many goes through the encoder too, which has no branch to find
OPTIONS = ("-max_len=5000", "-timeout=20", "-rss_limit_mb=2000", "-verbosity=0")


def one_input(data: bytes) -> None:
    """Screen one input."""
    *earlier, text = data.decode("utf-8", errors="surrogateescape").rsplit("\n", 4)
    text = text.encode("utf-8", errors="replace").decode("utf-8")
    earlier = [line.encode("utf-8", errors="replace").decode("utf-8") for line in earlier]
    started = time.process_time()
    rules.find(text, earlier)
    rules.settled(text)
    answers.find(text)
    classifier.prepared(text)
    took = time.process_time() - started
    assert took < SECONDS, f"{took:.2f} s for {len(data)} bytes"
    if len(data) % WHOLE == 0:
        found = screen(text[:400], earlier=earlier, asked_directly=True)
        assert isinstance(found, Screening)
        assert (found.level is Level.NONE) == (not found.reasons)


def main() -> None:
    """Begin with the rules' own phrases and go on from there."""
    load()
    CORPUS.mkdir(exist_ok=True)
    groups = yaml.safe_load((PROJECT / "tests" / "crisis" / "phrases.yml").read_text(encoding="utf-8"))
    for number, group in enumerate(groups):
        (CORPUS / f"seed-{number}").write_text(group["lines"], encoding="utf-8")
    atheris.Setup([sys.argv[0], *OPTIONS, f"-artifact_prefix={CORPUS}/", *sys.argv[1:], str(CORPUS)], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
