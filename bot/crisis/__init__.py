"""Screening: tell from a man's own words whether his life may be at risk.

Pure: reads only its own files, knows no database, network or dialogue. The doors of the room are

* `screen(text, earlier=..., asked_directly=...)`, which gives a `Screening` with a `Level`, a `Kind`, reasons a staff
  member can read, and the words that were matched;
* `load()`, which reads lexicon and classifier ahead of the first message, raises `LexiconError` if the first is
  broken and says what is wrong with the second;
* `inspect_classifier()`, which says the same without reading it into memory.

The rules live as data under ``lexicon/<language>/*.yml``, the trained classifier under ``model/``, the phrases that it
was trained on under ``phrases/``. Either may raise a level; only the lexicon's guards lower one, for their own words.
"""

from bot.crisis.classifier import forget_readings, inspect_classifier
from bot.crisis.findings import Finding, Kind, Level
from bot.crisis.lexicon import LexiconError
from bot.crisis.screening import Screening, load, screen

__all__ = [
    "Finding",
    "Kind",
    "Level",
    "LexiconError",
    "Screening",
    "forget_readings",
    "inspect_classifier",
    "load",
    "screen",
]
