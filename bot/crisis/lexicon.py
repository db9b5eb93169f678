"""The rules as data: read from ``lexicon/<language>/*.yml`` once, when first needed.

Each language folder holds ``words.yml`` (phrase lists, fillers, joining words, subjects, negation), ``spelling.yml``,
``guards.yml`` and any number of files with rule families. ``shared/`` holds emoji and the combinations of families
that together weigh more than each alone. A new language is a new folder; nothing in the code knows its words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.crisis.findings import Kind, Level
from bot.crisis.guards import Guards
from bot.crisis.patterns import Compiler, Pattern, PatternError
from bot.crisis.spelling import Spelling

FOLDER = Path(__file__).parent / "lexicon"
SHARED = "shared"
NOT_FAMILIES = ("words.yml", "spelling.yml", "guards.yml", "answers.yml", "contractions.yml")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # both safe; the C one is ten times faster


class LexiconError(RuntimeError):
    """A file of the lexicon is missing or not understood. The message names file, rule and remedy."""


@dataclass(frozen=True)
class Family:
    """Phrases that mean the same to a staff member.

    Attributes:
        name: Short id, used by combinations and tests.
        level: What a match alone makes of the message; ``none`` for signals that count only in combinations.
        reason: Sentence shown to staff.
        patterns: Any of these is a match.
        kind: Whose safety it is about.
        firm: Idioms and settings do not touch it, nor do denial, third person or past.
        guards: The guards of its language.
        targets: Kinds that certain words in the match make of it, such as whom he would hurt; the first counts.
    """

    name: str
    level: Level
    reason: str
    patterns: tuple[Pattern, ...]
    kind: Kind
    firm: bool
    guards: Guards
    targets: tuple[tuple[Kind, tuple[str, ...]], ...] = ()

    def kind_of(self, matched: str) -> Kind:
        """Return whose safety a match is about, by the words in it."""
        padded = f" {matched} "
        return next((kind for kind, said in self.targets if any(f" {one} " in padded for one in said)), self.kind)


@dataclass(frozen=True)
class Combination:
    """Families that together mean more: one of each group must be found in the message."""

    groups: tuple[frozenset[str], ...]
    level: Level
    reason: str


@dataclass(frozen=True)
class Lexicon:
    """Everything the rules know."""

    families: tuple[Family, ...]
    combinations: tuple[Combination, ...]
    spelling: Spelling


@cache
def read_lexicon() -> Lexicon:
    """Read the lexicon of this package; the result is kept.

    Raises:
        LexiconError: A file is missing, is not YAML, or holds a rule that cannot be read.
    """
    return lexicon_from(FOLDER)


def lexicon_from(folder: Path) -> Lexicon:
    """Read a lexicon from a folder with one sub-folder a language and ``shared``."""
    languages = sorted(path for path in folder.iterdir() if path.is_dir() and path.name != SHARED)
    if not languages:
        raise LexiconError(f"No language folder in {folder}. Install the package with its data files.")
    families = tuple(family for path in languages for family in _language(path))
    combinations = tuple(_combination(entry) for entry in _read(folder / SHARED / "combinations.yml"))
    _check_names(families, combinations)
    return Lexicon(families, combinations, _spelling(folder, languages, families))


def _language(path: Path) -> Iterator[Family]:
    words = _read(path / "words.yml")
    fillers, unbridged = (frozenset(words[name].split()) for name in ("fillers", "unbridged"))
    compiler = Compiler(_one_line_each(words["phrases"]), fillers, unbridged)
    try:
        guards = Guards.read(words, _read(path / "guards.yml"), compiler)
        for file in sorted(path.glob("*.yml")):
            if file.name not in NOT_FAMILIES:
                yield from (_family(entry, compiler, guards) for entry in _read(file))
    except (PatternError, KeyError, ValueError) as error:
        raise LexiconError(f"Lexicon folder {path.name!r}: {error}. Mend the named rule.") from error


def _family(entry: Mapping[str, Any], compiler: Compiler, guards: Guards) -> Family:
    return Family(
        name=entry["name"],
        level=Level(entry["level"]),
        reason=entry.get("reason", ""),
        patterns=compiler.compile_all(entry["patterns"]),
        kind=Kind(entry.get("kind", "self")),
        firm=bool(entry.get("firm", False)),
        guards=guards,
        targets=tuple((Kind(target["kind"]), _alternatives(target["words"])) for target in entry.get("targets", ())),
    )


def _alternatives(words: str) -> tuple[str, ...]:
    return tuple(" ".join(one.split()) for one in words.split("|"))


def _combination(entry: Mapping[str, Any]) -> Combination:
    groups = tuple(frozenset(group.split()) for group in entry["groups"])
    return Combination(groups, Level(entry["level"]), entry["reason"])


def _check_names(families: Sequence[Family], combinations: Sequence[Combination]) -> None:
    names = {family.name for family in families} | {"denial", "past"}
    for combination in combinations:
        if unknown := frozenset().union(*combination.groups) - names:
            raise LexiconError(f"combinations.yml names unknown families: {', '.join(sorted(unknown))}.")


def _spelling(folder: Path, languages: Sequence[Path], families: Sequence[Family]) -> Spelling:
    files = [_read(path / "spelling.yml") for path in languages]
    emoji = _read(folder / SHARED / "emoji.yml")
    fillers = (_read(path / "words.yml")["fillers"].split() for path in languages)
    named = (pattern.part.words for family in families for pattern in family.patterns)
    guarded = (family.guards.words for family in families)
    return Spelling(
        emoji={ord(char): f" {word} " for word, chars in emoji.items() for char in chars.split()},
        variants={k: tuple(v.split()) for file in files for k, v in _pairs(file["variants"])},
        phrases={tuple(k.split()): tuple(v.split()) for file in files for k, v in _pairs(file["phrases"])},
        fillers=frozenset(word for language in fillers for word in language),
        known=frozenset().union(*named, *guarded),
        keys=frozenset(word for file in files for word in file["keys"].split()),
        real=frozenset(word for file in files for word in file["real"].split()),
    )


def _pairs(block: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Meaning to its typed forms, separated by ``|``, turned round."""
    for meaning, typed in block.items():
        for form in typed.split("|"):
            yield form.strip(), "" if meaning == "drop" else meaning


def _one_line_each(phrases: Mapping[str, str]) -> dict[str, str]:
    return {name: " ".join(text.split()) for name, text in phrases.items()}


def _read(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506  a safe loader, see above
    except (OSError, yaml.YAMLError) as error:
        raise LexiconError(f"Cannot read {path}: {error}. Restore the file from the repository.") from error
