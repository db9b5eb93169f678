"""What stands in a dialogue for each identifier: the same for the same name, wherever it comes back."""

from __future__ import annotations

from bot.research.lexicon import given_names, is_ordinary
from bot.research.names import PARTNER, PEOPLE
from bot.research.places import EMPLOYER, TOWN

NUMBERED = PEOPLE | {TOWN, EMPLOYER}


class Surrogates:
    """The surrogates of one dialogue."""

    def __init__(self) -> None:
        self._by_name: dict[str, tuple[str, str]] = {}
        self._counts: dict[str, int] = {}

    def of(self, kind: str, surface: str) -> str:
        """Return what stands for this identifier, ``[PERSON 2]`` or ``[PHONE]``, and remember names."""
        if kind not in NUMBERED:
            return f"[{kind}]"
        name = _folded(surface)
        first = name.split()[0]
        known = self._by_name.get(name) or (self._by_name.get(first) if kind in PEOPLE else None)
        if known is None:
            known = (kind, self._new(kind))
        self._remember(name, known)
        return known[1]

    def kind_of(self, word: str) -> str | None:
        """Return the kind under which a word in lower case is known, or None."""
        known = self._by_name.get(word)
        return None if known is None else known[0]

    def _new(self, kind: str) -> str:
        number = self._counts[kind] = self._counts.get(kind, 0) + 1
        return f"[{kind}]" if kind == PARTNER and number == 1 else f"[{kind} {number}]"

    def _remember(self, name: str, known: tuple[str, str]) -> None:
        self._by_name.setdefault(name, known)
        parts = name.split() if known[0] in PEOPLE else name.split()[:1]
        for part in parts:
            if given_names().get(part) in ("plain", "ambiguous") or not is_ordinary(part):
                self._by_name.setdefault(part, known)


def _folded(surface: str) -> str:
    return " ".join(surface.lower().replace("’", "'").split())
