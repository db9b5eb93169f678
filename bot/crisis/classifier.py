"""The trained detector: a small tuned sentence encoder that reads what no list of words reaches.

It stands beside the rules and can only raise a level. Its weights are a low-rank change to MiniLM (`bot.vectors`),
four rows of a linear layer, three thresholds and where messages end, in one file made by ``scripts/screening`` from the
phrases of this package alone. Without that file, or with a broken one, the rules go on alone and `fault` says so.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import yaml
from numpy.typing import NDArray

from bot.crisis.findings import Finding, Kind, Level
from bot.crisis.lexicon import read_lexicon
from bot.crisis.normalise import MAX_CHARACTERS, characters
from bot.crisis.seams import Seams
from bot.crisis.slips import Mender
from bot.errors import ClassifierError
from bot.vectors import minilm
from bot.vectors.transformer import Transformer

FILE = Path(__file__).parent / "model" / "screening.npz"
DIGEST = FILE.with_suffix(".sha256")
FAMILY = "classifier"
REMEDY = "Restore it from the repository, or run `make setup`; until then the rules screen alone."
LEVELS = tuple(Level)
WINDOW, STRIDE = 96, 72  # tokens; a longer message is read in windows that overlap, and the gravest counts
_MOST_WINDOWS = 24  # 1,752 tokens: every message of 4,096 characters that is made of words; else its start and its end
_REMEMBERED = 256  # readings kept, by text, in memory: an earlier message need not be read again

_BARE_WORD = re.compile(r"(?<![\w'])[a-z]+(?![\w'])")
Numbers = NDArray[np.float32]


@dataclass(frozen=True)
class Reading:
    """What the classifier makes of one text.

    Attributes:
        level: The level that its thresholds give.
        chances: Its four outputs, none to imminent; for tests and tuning, never shown to staff as a risk.
        alike: The training phrase of that level whose vector is nearest; empty for none.
    """

    level: Level
    chances: tuple[float, float, float, float]
    alike: str = ""

    @property
    def danger(self) -> float:
        """The share of high and imminent in its outputs."""
        return self.chances[2] + self.chances[3]


class Classifier:
    """The tuned encoder with its layer, thresholds and nearest phrases.

    Args:
        arrays: What the model file holds.
    """

    def __init__(self, arrays: dict[str, Numbers]) -> None:
        changes = {name.removeprefix("change:"): part for name, part in arrays.items() if name.startswith("change:")}
        self._encoder: Transformer = minilm.tuned(changes, int(arrays["layers"]))
        self._weights, self._biases = arrays["head.weight"].astype(np.float32), arrays["head.bias"].astype(np.float32)
        self._concern, self._high, self._imminent = (float(bound) for bound in arrays["thresholds"])
        self._projection = arrays["projection"].astype(np.float32)
        self._phrases, self._phrase_levels = arrays["phrases"], arrays["phrase_levels"]
        self._known = arrays["phrase_vectors"].astype(np.float32)
        self._tokenizer = minilm.tokenizer(most_tokens=MAX_CHARACTERS)
        self._mend = Mender([str(word) for word in arrays["words"]], self._tokenizer.is_word)
        self._seams = Seams(*(arrays[f"seam.{name}"] for name in ("words", "ends", "begins", "rare", "weights")))

    def read(self, text: str) -> Reading:
        """Return the gravest reading of a text's windows."""
        windows = list(self._windows(text))
        if len(windows) > _MOST_WINDOWS:
            windows = [*windows[: _MOST_WINDOWS // 2], *windows[-_MOST_WINDOWS // 2 :]]
        vectors = [self._encoder.mean(window) for window in windows]
        chances = np.array([_softmax(self._weights @ vector + self._biases) for vector in vectors])
        gravest = int(np.argmax(chances[:, 2:].sum(axis=1) + 1e-3 * (1 - chances[:, 0])))
        worried = chances[int(np.argmin(chances[:, 0]))]
        level = max(self._level(chances[gravest]), self._level(worried))
        alike = self._nearest(vectors[gravest], level) if level > Level.NONE else ""
        return Reading(level, tuple(float(value) for value in chances[gravest]), alike)  # type: ignore[arg-type]

    def are_one(self, first: str, second: str, *, joined: float, alone: float) -> bool:
        """Whether two messages that look dark together are one sentence that was cut; see `Seams.signs`."""
        return self._seams.are_one(prepared(first), prepared(second), joined=joined, alone=alone)

    def mended(self, text: str) -> str:
        """Return the text with its slips mended; empty where it has none."""
        plain = prepared(text)
        mended = self._mend(plain)
        return mended if mended != plain else ""

    def _windows(self, text: str) -> Iterator[list[int]]:
        first, *inner, last = self._tokenizer.tokens(with_apostrophes(self._mend(prepared(text))))
        for start in range(0, max(1, len(inner) - WINDOW + STRIDE), STRIDE):
            yield [first, *inner[start : start + WINDOW], last]

    def _level(self, chances: Numbers) -> Level:
        danger = float(chances[2] + chances[3])
        if danger >= self._high:
            return Level.IMMINENT if float(chances[3]) >= self._imminent else Level.HIGH
        return Level.CONCERN if 1 - float(chances[0]) >= self._concern else Level.NONE

    def _nearest(self, vector: Numbers, level: Level) -> str:
        among = np.flatnonzero(self._phrase_levels == level.rank)
        if not len(among):
            return ""
        point = vector @ self._projection
        return str(self._phrases[among[int(np.argmax(self._known[among] @ (point / np.linalg.norm(point))))]])


def find(text: str, earlier: Sequence[str] = ()) -> list[Finding]:
    """What the classifier sees in a message, alone and as the end of the sentence he began just before.

    Args:
        text: The message.
        earlier: His messages just before, oldest first. Joined to the last of them the message may be dark where
            neither is, which is a sentence cut in two; what one of them says by itself is not found again.
    """
    if fault() is not None or not text.strip():
        return []
    readings = [_read(text)]
    if earlier and earlier[-1].strip():
        readings += _joined(earlier[-1], text)
    return [_finding(reading, text) for reading in readings if reading.level > Level.NONE]


def _joined(first: str, second: str) -> list[Reading]:
    """Return the reading of both as one sentence, where neither is dark alone and they are one."""
    apart = _read(first), _read(second)
    if max(reading.level for reading in apart) >= Level.HIGH:
        return []
    joined = _read(f"{first} {second}")
    alone = max(reading.danger for reading in apart)
    is_cut = joined.level >= Level.HIGH and _classifier().are_one(first, second, joined=joined.danger, alone=alone)
    return [joined] if is_cut else []


def mended(text: str) -> str:
    """The message as the classifier reads it, if a slip of the thumb was mended in it; empty if there was none."""
    return _classifier().mended(text)


def _finding(reading: Reading, text: str) -> Finding:
    reason = f"reads like what was written for {reading.level}; nearest known phrase: “{reading.alike}”"
    return Finding(reading.level, Kind.SELF, reason, prepared(text)[:200].strip(), FAMILY, knows_whom=False)


def prepared(text: str) -> str:
    """The text in plain characters, lower case, with one blank between words."""
    return " ".join(characters(text, read_lexicon().spelling).split())


def with_apostrophes(text: str) -> str:
    """Put back the apostrophes that men leave out on a phone: the encoder knows "don't" better than "dont"."""
    return _BARE_WORD.sub(lambda found: _contractions().get(found[0], found[0]), text)


@cache
def _contractions() -> dict[str, str]:
    """Return every language's contractions by what they are without their apostrophe."""
    paths = sorted((Path(__file__).parent / "lexicon").glob("*/contractions.yml"))
    found = (word for path in paths for word in yaml.safe_load(path.read_text(encoding="utf-8")))
    return {word.replace("'", ""): word for word in found}


def fault() -> str | None:
    """Why the classifier cannot be used, or None when it can."""
    try:
        _classifier()
    except ClassifierError as error:
        return str(error)
    return None


def inspect_classifier() -> str | None:
    """Why the classifier could not be used, or None, without reading its encoder into memory."""
    try:
        seen = FILE.stat()
        return _inspected(FILE, seen.st_mtime_ns, seen.st_size)
    except OSError:
        return _inspected(FILE, 0, 0)


@lru_cache(1)
def _inspected(path: Path, _changed_at: int, _size: int) -> str | None:
    """Look into the file once for each state of it."""
    try:
        _arrays(path, DIGEST)
    except ClassifierError as error:
        return str(error)
    return None


def forget_readings() -> None:
    """Drop the texts that were read lately; called when a man has everything wiped."""
    _read.cache_clear()


def forget_model() -> None:
    """Read the file anew at the next message."""
    forget_readings()
    _loaded.cache_clear()
    _inspected.cache_clear()


@lru_cache(_REMEMBERED)
def _read(text: str) -> Reading:
    return _classifier().read(text)


@cache
def _loaded() -> Classifier | ClassifierError:
    try:
        classifier = Classifier(_arrays(FILE, DIGEST))
        classifier.read("warm up")
    except ClassifierError as error:
        return error
    except (KeyError, ValueError, IndexError, OSError, ModuleNotFoundError) as error:
        return ClassifierError(f"The screening's encoder does not fit its file ({type(error).__name__}). {REMEDY}")
    return classifier


def _classifier() -> Classifier:
    found = _loaded()
    if isinstance(found, ClassifierError):
        raise found
    return found


def _arrays(path: Path, digest: Path) -> dict[str, Numbers]:
    """Read the model file; every array, none of them an object."""
    try:
        content = path.read_bytes()
        wanted = digest.read_text(encoding="ascii").split()[0]
    except (OSError, IndexError, UnicodeDecodeError) as error:
        raise ClassifierError(
            f"{path.name} of the screening cannot be read ({type(error).__name__}). {REMEDY}"
        ) from error
    if hashlib.sha256(content).hexdigest() != wanted:
        raise ClassifierError(f"{path.name} of the screening is not the file that was shipped. {REMEDY}")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, KeyError, EOFError, BadZipFile, ModuleNotFoundError) as error:
        raise ClassifierError(f"{path.name} of the screening is broken ({type(error).__name__}). {REMEDY}") from error


def _softmax(values: Numbers) -> Numbers:
    powers = np.exp(values - values.max())
    return np.asarray(powers / powers.sum())
