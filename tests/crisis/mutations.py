"""The many ways to type the same sentence; each keeps what it says."""

from __future__ import annotations

import re
from collections.abc import Callable


def without_marks(text: str) -> str:
    return re.sub(r"[.,!?'’]", "", text)


def longest_word(text: str) -> str:
    return max(re.findall("[a-z]+", text.lower()) or [""], key=len)


def longest_word_stretched(text: str) -> str:
    word = longest_word(text)
    return text.lower().replace(word, word[:-1] + word[-1] * 3, 1)


def letter_doubled(text: str) -> str:
    word = longest_word(text)
    return text.lower().replace(word, word[:1] + word[1:2] * 2 + word[2:], 1)


def one_typo(text: str) -> str:
    """Swap the two middle letters of the longest word."""
    word = longest_word(text)
    if len(word) < 4:
        return text
    at = text.lower().find(word) + len(word) // 2
    return text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]


def split_in_two(text: str) -> tuple[str, str]:
    words = text.split()
    return " ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])


MUTATIONS: dict[str, Callable[[str], str]] = {
    "upper case": str.upper,
    "lower case": str.lower,
    "title case": str.title,
    "curly quotes": lambda text: text.replace("'", "’"),
    "no apostrophes": lambda text: text.replace("'", ""),
    "no marks": without_marks,
    "one typo": one_typo,
    "doubled letter": letter_doubled,
    "stretched word": longest_word_stretched,
    "zero width": lambda text: "\u200b".join(text),
    "soft hyphens": lambda text: text.replace("e", "e\u00ad"),
    "double spaces": lambda text: text.replace(" ", "  "),
    "emoji between": lambda text: text.replace(" ", " 😔 ", 1),
    "emoji after": lambda text: text + " 😂😂",
    "full width": lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
    "look-alike letters": lambda text: text.replace("a", "а").replace("e", "е"),
    "harmless before": lambda text: "had a long week at work. " + text,
    "harmless after": lambda text: text + ". watched the match with my brother earlier",
    "greeting before": lambda text: "hi mate, " + text,
}
