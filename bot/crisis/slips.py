"""Mend the slip of a thumb, so that the encoder reads the word that was meant: "myslef" is no word to it.

Only a word that is in no list, and is not formed from one that is, is touched, and only where two letters swapped, one
struck twice, or, in a longer word, one left out, added or replaced by the key beside it make it a word that men write
here. The commonest such word is taken. The first letter is seldom missed, and a last letter more or less is grammar:
both stay. Source: Norvig 2007, with the words of our own phrases.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

FEWEST_LETTERS = 4  # a shorter word has too many neighbours
_LONG = 6  # letters from which on one may be missing, added or wrong: sump is not jump
_MOST_LETTERS = 20
_MOST_MENDED = 40  # in one message; whoever types more slips than that is not typing words
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_KEYS_BESIDE = "sqz vgn xvd sfe wrd dgr fht gjy uok hku jli kop nj bmh ipl ol wa etf adw ryg yij cbf qes zcs tuh xas"
BESIDE = dict(zip(_LETTERS, _KEYS_BESIDE.split(), strict=True))
"""The keys beside each letter's key."""
_ENDINGS = ("s", "es", "d", "ed", "ing", "ings", "r", "er", "ers", "y")
_WORD = re.compile(rf"(?<![\w'])[a-z]{{{FEWEST_LETTERS},{_MOST_LETTERS}}}(?![\w'])")


class Mender:
    """Mends words.

    Args:
        likely: The words to mend to, the commonest first, in lower case.
        is_word: Whether something is a word that is left alone.
    """

    def __init__(self, likely: Sequence[str], is_word: Callable[[str], bool]) -> None:
        self._rank = {word: at for at, word in reversed(list(enumerate(likely)))}
        self._is_word = is_word

    def __call__(self, text: str) -> str:
        """Return the text, in lower case as it must come, with its slips mended."""
        left = _MOST_MENDED

        def mend(found: re.Match[str]) -> str:
            nonlocal left
            word = found[0]
            if left <= 0 or self._is_known(word):
                return word
            left -= 1
            return min(
                (near for near in _neighbours(word) if near in self._rank), key=self._rank.__getitem__, default=word
            )

        return _WORD.sub(mend, text)

    def _is_known(self, word: str) -> bool:
        """Return whether it is a word, or one with an ending: stools, mowing, shaved, hanger."""
        stems = [word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending)]
        stems += [f"{stem}e" for stem in stems] + [stem[:-1] for stem in stems if stem[-1:] == stem[-2:-1]]
        return any(stem in self._rank or self._is_word(stem) for stem in (word, *stems) if len(stem) > 2)


def _neighbours(word: str) -> Iterator[str]:
    """Yield every spelling one slip away."""
    for at, letter in enumerate(word):
        head, rest = word[:at], word[at + 1 :]
        if rest and rest[0] != letter:
            yield head + rest[0] + letter + rest[1:]
        if rest and rest[0] == letter:
            yield head + rest
        if at and len(word) >= _LONG:
            yield from (head + beside + rest for beside in BESIDE[letter])
            yield from (head + missing + word[at:] for missing in _LETTERS)
            if rest:
                yield head + rest
