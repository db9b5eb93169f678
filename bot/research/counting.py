"""Counts that may be shown: small ones hidden, with others so that no sum gives them away, and the rest rounded.

Source: the ONS's threshold of 10 for counts of people; rounding to 5 as NHS Digital does.
"""

from __future__ import annotations

from collections.abc import Mapping

SMALLEST_SHOWN = 10
ROUNDED_TO = 5
HIDDEN = f"<{SMALLEST_SHOWN}"
COVER = "hidden"  # large enough, but a small one beside it could be worked out from it


def shown_share(part: int, whole: int) -> bool:
    """Return whether a share of men may be shown: neither those in it nor those outside are few.

    Nor are they nobody: what is true of all of them is known of each.
    """
    return part >= SMALLEST_SHOWN and whole - part >= SMALLEST_SHOWN


def shown(count: int) -> str:
    """Return one count that is no part of a sum: hidden if small, else rounded."""
    return HIDDEN if count < SMALLEST_SHOWN else str(rounded(count))


def shown_parts(parts: Mapping[str, int]) -> dict[str, str]:
    """Return the parts of a whole as they may be shown beside their (rounded) sum.

    Where small parts alone would be too few to hide one another, the smallest of the rest are hidden with them.
    """
    small = {name for name, count in parts.items() if count < SMALLEST_SHOWN}
    hidden = set(small)
    rest = sorted((name for name in parts if name not in hidden), key=lambda name: (parts[name], name))
    while hidden and rest and (len(hidden) < 2 or sum(parts[name] for name in hidden) < SMALLEST_SHOWN):
        hidden.add(rest.pop(0))
    words = {name: HIDDEN if name in small else COVER for name in hidden}
    return {name: words.get(name) or str(rounded(count)) for name, count in parts.items()}


def rounded(count: int) -> int:
    """Return a count rounded to the nearest multiple of 5."""
    return ROUNDED_TO * ((count + ROUNDED_TO // 2) // ROUNDED_TO)
