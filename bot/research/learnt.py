"""What no list and no cue reaches: a small tuned sentence encoder reads each word in its sentence.

It stands beside the other recognisers and only adds. Its weights are a low-rank change to MiniLM (`bot.vectors`) and
three outputs a word (nothing, direct, indirect), made by ``scripts/deidentify`` from lines of this project alone.
"""

from __future__ import annotations

import hashlib
import io
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.errors import BallastError
from bot.research.contacts import ID_NUMBER
from bot.research.message import Message, Span
from bot.research.names import NAME
from bot.research.papers import DATE
from bot.research.places import EMPLOYER, TOWN
from bot.vectors import minilm
from bot.vectors.wordpiece import WORD_OR_SIGN

FILE = Path(__file__).parent / "model" / "identifiers.npz"
DIGEST = FILE.with_suffix(".sha256")
WINDOW = 120  # pieces of words; a longer message is read in windows that overlap by a third
_STRIDE = 80
MESSAGES_KNOWN = 10_000  # as places in them only; some 7 MB
_COMMAND = re.compile(r"/[a-z_]{2,32}")
_SHORT_NUMBER = 4  # characters
_AGE, _DETAIL = "AGE", "DETAIL"
_BETWEEN = frozenset(" '’-.&@:/#+")  # what may stand inside one identifier
_CALENDAR = re.compile(
    r"\b(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec|januar|mon|tues?|wed|thur?s?|fri|sat|sun|easter|whit"
    r"|christmas|summer|winter|spring|autumn)|\d{1,4}(?:st|nd|rd|th)|\d[/.]\d|(?:19|20)\d\d",
    re.IGNORECASE,
)
_BEFORE_AGE = re.compile(
    r"(?:i['’]?m|am|aged?|turned|turns?|now|is|she['’]?s|he['’]?s|just|nearly|gone|at|only)\W*$", re.I
)
_COUNT = re.compile(r"(?:\d{1,3}|[a-z]+(?:teen|ty|ve|ne|ee|ur|ix|en|ht)(?:[ -]?\w+)?)\W*", re.IGNORECASE)
_BEFORE_PLACE = re.compile(r"\b(?:in|from|near|to|of|on|by|around|round|outside|past|up|out|back|in the|aus)\W*$", re.I)
_BEFORE_WORK = re.compile(r"\b(?:at|for|with|bei|called|firm|company|shop|run|own|owns|drive for)(?: the)?\W*$", re.I)


class Learnt:
    """Marks the words of a message that identify somebody.

    Args:
        arrays: What the model file holds.
    """

    def __init__(self, arrays: dict[str, NDArray[np.float32]]) -> None:
        changes = {name.removeprefix("change:"): part for name, part in arrays.items() if name.startswith("change:")}
        self._encoder = minilm.tuned(changes, int(arrays["layers"]))
        self._weights, self._biases = arrays["head.weight"].astype(np.float32), arrays["head.bias"].astype(np.float32)
        self._bound = float(arrays["bound"])
        self._tokenizer = minilm.tokenizer(most_tokens=100_000)

    def find(self, message: Message) -> Iterator[Span]:
        """Find stretches of words that are more likely than the threshold to identify."""
        if len(message.text) < _SHORT_NUMBER and not any(char.isalpha() for char in message.text):
            return  # a score, a count
        if _COMMAND.fullmatch(message.text):
            return
        words = [(match.start(), match.end()) for match in WORD_OR_SIGN.finditer(message.text)]
        marks = self._marks(message.text, words)
        for first, last, direct in _stretches(message.text, words, marks):
            start = words[first][0]
            end = _without_possessive(message.text, start, words[last][1])
            if start < end:
                yield Span(start, end, _kind(message.text, start, end, is_direct=direct), -1)

    def _marks(self, text: str, words: list[tuple[int, int]]) -> list[int]:
        """Return 0, 1 (direct) or 2 (indirect) for each word."""
        return [
            (1 if direct >= indirect else 2) if direct + indirect >= self._bound else 0
            for _, direct, indirect in self.shares(text, words)
        ]

    def shares(self, text: str, words: list[tuple[int, int]]) -> NDArray[np.float32]:
        """Return one row a word: how likely it is nothing, direct, indirect; its least innocent piece counts."""
        start, end = self._tokenizer.tokens("")
        pieces: list[int] = []
        owners: list[int] = []
        for number, (first, last) in enumerate(words):
            inner = self._tokenizer.tokens(text[first:last])[1:-1]
            pieces += inner
            owners += [number] * len(inner)
        found = np.tile(np.array([1, 0, 0], dtype=np.float32), (len(words), 1))
        for at in range(0, max(1, len(pieces) - WINDOW + _STRIDE), _STRIDE):
            rows = self._encoder.rows([start, *pieces[at : at + WINDOW], end])[1:-1]
            for owner, row in zip(
                owners[at : at + WINDOW], _softmax(rows @ self._weights.T + self._biases), strict=True
            ):
                if row[0] < found[owner, 0]:
                    found[owner] = row
        return found


def learnt(message: Message) -> Iterator[Span]:
    """Find what the tuned encoder takes for an identifier.

    Raises:
        BallastError: Its file is missing or not the one that was shipped: nobody may export without it.
    """
    yield from _recent.find(message)


class _Recent:
    """What was found in the latest messages, each under a keyed hash, so that no word of them is kept.

    Half of a dialogue are texts of ours that come again and again, and a page of a man's last turn reads all of his.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._found: OrderedDict[bytes, tuple[Span, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, message: Message) -> tuple[Span, ...]:
        text = message.text.encode("utf-8", "surrogatepass")
        name = hashlib.blake2b(text, key=self._key, digest_size=16).digest()
        with self._lock:
            found = self._found.get(name)
        if found is None:
            found = tuple(_loaded().find(message))
        with self._lock:
            self._found[name] = found
            self._found.move_to_end(name)
            if len(self._found) > MESSAGES_KNOWN:
                self._found.popitem(last=False)
        return found


_recent = _Recent()


def _stretches(text: str, words: list[tuple[int, int]], marks: list[int]) -> Iterator[tuple[int, int, bool]]:
    """Yield first and last word of each run of marked words, and whether it is a direct identifier."""
    at = 0
    while at < len(words):
        if not marks[at] or not text[words[at][0] : words[at][1]].isalnum():
            at += 1
            continue
        last = at
        for follower in range(at + 1, len(words)):
            inner = text[words[follower][0] : words[follower][1]]
            gap = text[words[last][1] : words[follower][0]]
            if not marks[follower] and inner not in _BETWEEN:
                break
            if marks[follower] and inner.isalnum():
                if len(gap) > 3 or not set(gap) <= _BETWEEN:
                    break
                last = follower
        yield at, last, 1 in marks[at : last + 1]
        at = last + 1


def _without_possessive(text: str, start: int, end: int) -> int:
    """Return where a name ends: its ``'s`` stays, as with the other recognisers, so that the name is the same one."""
    is_possessive = text[end - 1 : end].lower() == "s" and text[max(0, end - 2) : end - 1] in ("'", "’")
    return max(start, end - 2) if is_possessive else end


def _kind(text: str, start: int, end: int, *, is_direct: bool) -> str:
    surface, before = text[start:end], text[max(0, start - 24) : start]
    digits = sum(char.isdigit() for char in surface)
    if is_direct:
        return ID_NUMBER if digits > 3 else NAME
    if _BEFORE_AGE.search(before) and _COUNT.fullmatch(surface):
        return _AGE
    if _CALENDAR.search(surface):
        return DATE
    if _BEFORE_WORK.search(before):
        return EMPLOYER
    return TOWN if _BEFORE_PLACE.search(before) else _DETAIL


@cache
def _loaded() -> Learnt:
    try:
        content = FILE.read_bytes()
        wanted = DIGEST.read_text(encoding="ascii").split()[0]
        if hashlib.sha256(content).hexdigest() != wanted:
            raise BallastError(f"{FILE.name} of the de-identification is not the file that was shipped.")
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            return Learnt({name: file[name] for name in file.files})
    except (OSError, IndexError, KeyError, ValueError) as error:
        raise BallastError(
            f"{FILE.name} of the de-identification cannot be used ({type(error).__name__}). Restore the file."
        ) from error


def _softmax(values: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
