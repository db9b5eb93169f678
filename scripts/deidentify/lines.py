"""The lines that the tagger learns from: marked ones, the same with other names and numbers in them, and plain ones."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[2]
RESEARCH = PROJECT / "bot" / "research"
_MARK = re.compile(r"\{([di]):([^}]*)\}")
_ONE_WORD = re.compile(r"[^\W\d_]+")
_SYLLABLES = "ka mo ri ta lu be xo ji san del kwa nar vi tho ya zen ek pha gri mal os fen bri sha qu el ni da ro"
_ENDS = ("ton", "ham", "ville", "field", "ford", " creek", " hill", "burg", " beach", " park", "stedt", " springs")
_COUNTED = frozenset(
    (
        *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
        *("thirty", "forty", "fifty", "sixty", "seventy", "january", "february", "march", "april", "may", "june"),
        *("july", "august", "september", "october", "november", "december"),
    )
)
Marked = list[tuple[int, int, int]]  # first character, one past the last, 1 for direct and 2 for indirect


def marked(path: Path) -> tuple[list[str], list[str]]:
    """Return the lines with marks, and the clean ones, of a file like ``tests/research/identifiers.yml``."""
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found["planted"].splitlines(), found["clean"].splitlines()


def earlier() -> tuple[list[str], list[str]]:
    """Return the lines of ``tests/research/lines.yml`` in the same form; its identifiers all count as direct."""
    found = yaml.safe_load((PROJECT / "tests" / "research" / "lines.yml").read_text(encoding="utf-8"))
    lines = []
    for line in [*found["planted"], *found["later"]]:
        text = line["text"]
        for hidden in sorted(line["hide"], key=len, reverse=True):
            pattern = rf"(?<![\w{{:]){re.escape(hidden)}(?!\w)"
            text = re.sub(pattern, lambda _, hidden=hidden: "{d:" + hidden + "}", text)
        lines.append(text)
    return lines, list(found["clean"])


def ordinary() -> list[str]:
    """Return what men say to the dialogue; hardly any of it names anybody."""
    lines = []
    for path in sorted((PROJECT / "data" / "nlu").glob("*.yml")):
        for block in yaml.safe_load(path.read_text(encoding="utf-8")).get("nlu", []):
            lines += [line[2:].strip() for line in block["examples"].splitlines() if line.startswith("- ")]
    return [line for line in lines if "{" not in line and "[" not in line]


def unmarked(line: str) -> tuple[str, Marked]:
    """Return a line's text, and where its marks were."""
    text, spans, done = "", [], 0
    for match in _MARK.finditer(line):
        text += line[done : match.start()]
        spans.append((len(text), len(text) + len(match[2]), 1 if match[1] == "d" else 2))
        text += match[2]
        done = match.end()
    return text + line[done:], spans


class Varied:
    """Gives lines with other names, places and numbers in their marks, and now and then a slip of the thumb.

    Args:
        seed: Of what chance decides.
    """

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        lists = yaml.safe_load((RESEARCH / "names.yml").read_text(encoding="utf-8"))
        places = yaml.safe_load((RESEARCH / "places.yml").read_text(encoding="utf-8"))
        self._given = lists["plain"].split() + lists["ambiguous"].split()
        self._family = lists["surnames"].split()
        self._towns = sorted(" ".join(town.split()) for town in places["towns"].split(","))

    def of(self, line: str) -> str:
        """Return one variation of a marked line."""
        varied = _MARK.sub(self._other, line)
        return self._slip(varied) if self.chance.random() < 0.25 else varied

    def _other(self, mark: re.Match[str]) -> str:
        sort, surface = mark[1], mark[2]
        if re.search(r"\d", surface):
            return f"{{{sort}:{re.sub('[0-9]', lambda _: str(self.chance.randint(0, 9)), surface)}}}"
        if not _ONE_WORD.fullmatch(surface) or surface.lower() in _COUNTED:
            return mark[0]
        if self.chance.random() > (0.75 if sort == "d" else 0.5):
            return mark[0]
        other = self._name() if sort == "d" else self._town()
        return f"{{{sort}:{other.title() if surface[0].isupper() else other}}}"

    def _name(self) -> str:
        sort, choose = self.chance.random(), self.chance.choice
        if sort < 0.55:
            name = choose(self._given)
        elif sort < 0.7:
            name = choose(self._family)
        elif sort < 0.85:
            name = "".join(choose(_SYLLABLES.split()) for _ in range(choose((2, 2, 3))))
        else:
            one, two = choose(self._given), choose(self._given)
            name = one[: max(2, len(one) // 2)] + two[len(two) // 2 :]
        return f"{name} {choose(self._family)}" if self.chance.random() < 0.12 else name

    def _town(self) -> str:
        if self.chance.random() < 0.6:
            return self.chance.choice(self._towns)
        return self.chance.choice(self._family) + self.chance.choice(_ENDS)

    def _slip(self, line: str) -> str:
        places = [at for at in range(1, len(line) - 1) if line[at - 1 : at + 2].isalpha()]
        if not places:
            return line
        at = self.chance.choice(places)
        return line[:at] + line[at + 1] + line[at] + line[at + 2 :]

    def a_pass(self, planted: list[str], clean: list[str], plain: list[str]) -> Iterator[str]:
        """Yield the lines of one pass over everything, shuffled; some are two in one, as men write."""
        lines = [*planted, *(self.of(line) for line in planted for _ in range(VARIATIONS)), *clean, *clean]
        lines += self.chance.sample(plain, min(PLAIN, len(plain)))
        self.chance.shuffle(lines)
        for line in lines:
            if self.chance.random() < 0.15:
                line += self.chance.choice((". ", ", ", " ", "\n")) + self.chance.choice(lines)
            yield line


VARIATIONS, PLAIN = 5, 2_500
