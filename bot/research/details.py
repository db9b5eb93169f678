"""Details that tell little about a man alone and much together: his work, kinds of places, what happened to him."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

JOB, PLACE, EVENT = "job", "place", "event"
AS_SAID, WIDER, OUT = 0, 1, 2  # rungs: in his words, by its group, by its sort alone
_OWN_JOB = "his_own_job"
_FILE = Path(__file__).with_name("details.yml")
_SURROGATE = re.compile(r"\[[^\]]*\]")
_IS_ONE = re.compile(
    r"\b(?:i['’]?m|i am|i was|i['’]?ve been|been|being|become|became|works?|worked|working|job|trained|qualified"
    r"|retired|career|shifts?|nights|days|years)(?:\s+(?:as|still|just|only|now|also))*(?:\s+(?:a|an|the|one of the))?"
    r"(?:\s+[\w-]+)?\s+$",
    re.IGNORECASE,
)
_LOOKS_BACK = 50  # characters


@dataclass(frozen=True, order=True)
class Detail:
    """One detail, whichever of its forms he typed.

    Attributes:
        sort: ``job``, ``place`` or ``event``.
        group: What it belongs to, ``transport``.
        name: Its first form in the list, ``bus driver``.
    """

    sort: str
    group: str
    name: str

    def at(self, rung: int) -> str | None:
        """Return what a reader learns of it on a rung: itself, its group, or nothing."""
        return (self.name, f"[{self.group}]", None)[rung]

    def surrogate(self, rung: int) -> str:
        """Return what stands in its place, ``[JOB: transport]`` or ``[JOB]``."""
        return f"[{self.sort.upper()}: {self.group}]" if rung == WIDER else f"[{self.sort.upper()}]"


def details_in(text: str) -> set[Detail]:
    """Return the details that a text of his holds."""
    return {detail for _, _, detail in _found(text)}


def generalised(text: str, rungs: Mapping[Detail, int]) -> str:
    """Return a de-identified text with the details on higher rungs replaced."""
    pieces, done = [], 0
    for start, end, detail in _found(text):
        if rungs.get(detail, AS_SAID) != AS_SAID:
            pieces += [text[done:start], detail.surrogate(rungs[detail])]
            done = end
    return "".join(pieces) + text[done:]


def _found(text: str) -> Iterator[tuple[int, int, Detail]]:
    pattern, known, own = _lists()
    gone = [match.span() for match in _SURROGATE.finditer(text)]
    for match in pattern.finditer(text):
        form = _folded(match[1])
        if any(start < match.end() and match.start() < end for start, end in gone):
            continue
        if form in known:
            yield match.start(), match.end(), known[form]
        elif _IS_ONE.search(text[max(0, match.start() - _LOOKS_BACK) : match.start()]):
            yield match.start(), match.end(), own[form]


@cache
def _lists() -> tuple[re.Pattern[str], Mapping[str, Detail], Mapping[str, Detail]]:
    """Return what finds every form, the details by form, and those that count where he says that he is one."""
    known: dict[str, Detail] = {}
    own: dict[str, Detail] = {}
    for sort, groups in yaml.safe_load(_FILE.read_text(encoding="utf-8")).items():
        for group, listed in groups.items():
            for detail in listed.split(","):
                forms = [_folded(form) for form in detail.split("|")]
                made = Detail(JOB if sort == _OWN_JOB else sort, group, forms[0])
                (own if sort == _OWN_JOB else known).update(dict.fromkeys(forms, made))
    longest_first = sorted({*known, *own}, key=lambda form: (-len(form), form))
    spaced = (re.escape(form).replace(r"\ ", r"[\s-]+") for form in longest_first)
    return re.compile(rf"(?<!\w)({'|'.join(spaced)})s?(?!\w)", re.IGNORECASE), known, own


def _folded(form: str) -> str:
    return " ".join(form.lower().replace("-", " ").replace("’", "'").split())
