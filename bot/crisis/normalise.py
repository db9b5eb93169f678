"""From what he typed to plain words: one spelling for the many ways to write the same thing.

First the characters (case, Unicode forms, quotes, invisible marks, emoji), then the words (`bot.crisis.spelling`).
Every expression here is linear: no quantifier stands inside another over the same characters.
"""

from __future__ import annotations

import re
import unicodedata

from bot.crisis.line import PAUSE, STOP
from bot.crisis.spelling import Spelling

MAX_CHARACTERS = 4096  # Telegram's own limit for one message
LONGEST_SPACED_RUN = 120

_QUOTES = dict.fromkeys(map(ord, "’‘ʼ`´′＇ʹ‛ꞌ"), "'")
# Cyrillic and Greek letters that look Latin; the bot has no Russian or Greek lexicon that would miss them.
_LOOKALIKES = str.maketrans("абеіјкмоһрстухѕԁѵаοαιντρκ", "abeijkmohpctyxsdvaoaivtpk")
_EXPANSION = 3  # NFKC can turn one character into many; a hostile message may not grow beyond this factor

_SPACED = re.compile(r"(?<![a-z0-9])[a-z0-9](?:[ .\-_*·/]{1,3}[a-z0-9](?![a-z0-9'])){2,}")
_SPACED_MARKS = re.compile(r"[.\-_*·/]")
_DROPPED_G = re.compile(r"in'(?![a-z])")
_INNER_QUOTE = re.compile(r"(?<=[a-z0-9])'(?=[a-z])")
_TOKENS = re.compile(
    r"[$@]?[a-z0-9]+(?:[*@$!+]+[a-z0-9]+)*"  # a word, perhaps with symbols for letters: d!e, su*cide
    r"|(?P<pause>\.{2,}|…|[,;:()\[\]\"“”«»|/–—]| - )"
    r"|(?P<stop>[.!?\n]+)"
)
_BREATHS = re.compile(r"\.{2,}|…|\n+")


def characters(text: str, spelling: Spelling) -> str:
    """One form for each character: lower case, plain quotes, no accents, emoji as words or gone."""
    text = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS])[: MAX_CHARACTERS * _EXPANSION]
    text = text.translate(_QUOTES).translate(spelling.emoji).casefold().translate(_LOOKALIKES)
    return "".join(_plain(char) for char in unicodedata.normalize("NFKD", text))


def _plain(char: str) -> str:
    if char.isascii():
        return char if char >= " " or char == "\n" else " "
    category = unicodedata.category(char)
    if category in ("Cf", "Mn", "Me"):  # zero-width characters, accents, enclosing marks
        return ""
    if category[0] in "SZC" or char in "⠀ㅤ":  # other emoji, odd spaces; blanks posing as letters
        return " "
    return char


def words(text: str, spelling: Spelling) -> list[str]:
    """Words and marks of a message in their normal spelling.

    Args:
        text: Anything; only the first 4,096 characters are read.
        spelling: The known words and spellings of the lexicon.

    Returns:
        Lower-case words without apostrophes, with ``.`` between sentences and ``,`` where he pauses.
    """
    plain = characters(text, spelling)
    plain = _SPACED.sub(lambda run: _joined(run.group(), spelling), plain)
    plain = _INNER_QUOTE.sub("", _DROPPED_G.sub("ing", plain))
    tokens: list[str] = []
    for match in _TOKENS.finditer(plain):
        if match.lastgroup:
            mark = PAUSE if match.lastgroup == "pause" else STOP
            if tokens and tokens[-1] not in (PAUSE, STOP):
                tokens.append(mark)
        else:
            tokens.extend(spelling.correct(match.group()))
    weighty = [token for token in tokens if token not in spelling.fillers]
    return spelling.phrased([token for at, token in enumerate(weighty) if weighty[max(0, at - 2) : at] != [token] * 2])


def _joined(run: str, spelling: Spelling) -> str:
    """``k i l l  m y s e l f`` as words, if they are words that the lexicon knows; otherwise as it was."""
    if len(run) > LONGEST_SPACED_RUN * 2:
        return run
    parts = [_SPACED_MARKS.sub("", part).replace(" ", "") for part in re.split(r" {2,}", run)]
    found = [spelling.segment(part) for part in parts]
    if all(found) and any(len(part) > 2 for part in parts):
        return " ".join(word for segments in found for word in segments)
    return run


def breathless(text: str) -> str | None:
    """The text without its line breaks and dots, if it has any: men press return in mid-sentence."""
    joined = _BREATHS.sub(" ", text[:MAX_CHARACTERS])
    return joined if joined != text[:MAX_CHARACTERS] else None
