"""The trained model: where it lies, and whether it still fits what it was trained from."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from bot.config import PROJECT

INPUTS = (
    "config.yml",
    "domain.yml",
    "data/nlu",
    "data/rules",
    "data/stories",
    "bot/rasa/sentence_featurizer.py",
    "bot/rasa/vector_classifier.py",
    "bot/rasa/code_words.py",
    "bot/rasa/clauses.py",
    "bot/crisis/slips.py",
    "bot/vectors",
    "bot/codebook",
    "requirements.lock",
)
_SUFFIXES = frozenset({".yml", ".py", ".lock"})


def model_path() -> Path:
    """Return where the model lies, trained or not yet: what BALLAST_MODEL names, else in the checkout."""
    named = os.environ.get("BALLAST_MODEL")
    return Path(named) if named else PROJECT / "models" / "ballast.tar.gz"


def inputs_hash() -> str:
    """Return a SHA-256 over everything that training reads, in hexadecimal."""
    digest = hashlib.sha256()
    for path in sorted(_input_files()):
        digest.update(str(path.relative_to(PROJECT)).encode() + b"\x00" + path.read_bytes() + b"\x00")
    return digest.hexdigest()


def is_current() -> bool:
    """Return whether the model was trained from what lies here now."""
    mark = _mark()
    return model_path().is_file() and mark.is_file() and mark.read_text().strip() == inputs_hash()


def mark_current() -> None:
    """Write down what the model was trained from."""
    _mark().write_text(inputs_hash() + "\n")


def _mark() -> Path:
    return model_path().with_suffix(".inputs")


def _input_files() -> list[Path]:
    found: list[Path] = []
    for name in INPUTS:
        place = PROJECT / name
        files = place.rglob("*") if place.is_dir() else [place]
        found += [path for path in files if path.is_file() and path.suffix in _SUFFIXES]
    return found
