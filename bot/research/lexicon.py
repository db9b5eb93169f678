"""The lists that tell a name or a town from an ordinary word; read from files when first used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

import yaml

# Endings that `words.yml` leaves out, each with what the bare word may have lost before it.
_ENDINGS = ("s", "es", "ed", "d", "ing", "in", "ly", "er", "ers", "y", "less", "ful", "ness", "nt")
_LONGEST_WORD = 24  # letters; longer ones are neither names nor words, and are not compared
_REMEMBERED_WORDS = 20_000
# An unknown word that ends so is a misspelt verb or adverb, hardly ever a name.
_UNNAMELIKE = ("ed", "ing", "ly", "nt", "tion", "ness", "able", "ful", "less", "ment")


@cache
def _lists(file: str) -> Mapping[str, str]:
    found: Mapping[str, str] = yaml.safe_load(Path(__file__).with_name(file).read_text(encoding="utf-8"))
    return found


@cache
def _ordinary() -> frozenset[str]:
    return frozenset(word for words in _lists("words.yml").values() for word in words.split())


@cache
def phrases(kind: str) -> frozenset[str]:
    """Return one list of ``places.yml`` (towns, ambiguous, keep or employers), in lower case."""
    return frozenset(" ".join(phrase.split()) for phrase in _lists("places.yml")[kind].split(","))


@cache
def cues(kind: str) -> frozenset[str]:
    """Return one list of ``cues.yml``, as written there."""
    return frozenset(" ".join(phrase.split()) for phrase in _lists("cues.yml")[kind].split(","))


@cache
def given_names() -> Mapping[str, str]:
    """Return each given name with its rule: plain, ambiguous, capital or cue (see ``names.yml``)."""
    lists = _lists("names.yml")
    return {name: rule for rule in ("cue", "capital", "ambiguous", "plain") for name in lists[rule].split()}


@cache
def surnames() -> frozenset[str]:
    """Return common family names, in lower case."""
    return frozenset(_lists("names.yml")["surnames"].split())


@lru_cache(maxsize=_REMEMBERED_WORDS)
def is_ordinary(word: str) -> bool:
    """Return whether a word in lower case is in everyday use: inflected, contracted or with a slip."""
    bare, _, contracted = word.replace("’", "'").partition("'")
    if contracted in ("", "s", "d", "m", "ll", "re", "ve"):
        word = bare
    bare = word.replace("'", "").replace("’", "")
    if len(bare) < 2 or _is_inflected(bare):
        return True
    if "-" in word:
        return all(is_ordinary(part) for part in word.split("-") if part)
    return len(bare) <= _LONGEST_WORD and any(form in _ordinary() for form in _unslipped(bare))


def looks_like_a_name(word: str) -> bool:
    """Return whether a word that no list knows may be a name, by its form alone."""
    if len(word) > _LONGEST_WORD or (len(word) > 4 and word.endswith(_UNNAMELIKE)):
        return False
    return word not in phrases("keep") and not is_ordinary(word)


def _is_inflected(word: str) -> bool:
    words = _ordinary()
    if word in words:
        return True
    return any(stem in words for stem in _stems(word))


def _stems(word: str) -> list[str]:
    found = []
    for ending in _ENDINGS:
        stem = word[: -len(ending)]
        if word.endswith(ending) and len(stem) > 2:
            found += [stem, stem + "e"]
            if stem[-1] == stem[-2]:
                found.append(stem[:-1])  # stopped, stop
            if stem.endswith("i"):
                found.append(stem[:-1] + "y")  # cried, cry
    return found


def _unslipped(word: str) -> list[str]:
    """What a thumb may have meant: two letters swapped, or one struck twice or held down."""
    swapped = [word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)]
    single = re.sub(r"(.)\1+", r"\1", word)
    return [*(swapped if len(word) > 3 else []), single]
