"""Screening: tell from a man's own words whether his life may be at risk.

Pure: reads only its own lexicon, knows no database, network or dialogue. The doors of the room are

* `screen(text, earlier=...)`, which gives a `Screening` with a `Level`, a `Kind`, reasons a staff member can
  read, and the words that were matched;
* `load()`, which reads the lexicon ahead of the first message and raises `LexiconError` if it is broken.

The rules live as data under ``lexicon/<language>/*.yml``. Anything else that can judge a text (a classifier) joins
as a further detector, see `bot.crisis.screening.Detector`.
"""

from bot.crisis.findings import Finding, Kind, Level
from bot.crisis.lexicon import LexiconError
from bot.crisis.screening import Screening, load, screen

__all__ = ["Finding", "Kind", "Level", "LexiconError", "Screening", "load", "screen"]
