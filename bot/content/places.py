"""How a place reads: its line, and below it why it is named."""

from __future__ import annotations

from collections.abc import Sequence

from bot.content.texts import DEFAULT_LANGUAGE, piece
from bot.directory import Sign, line

MOST_REASONS = 2  # one short line


def sign_line(sign: Sign, *, reasons: Sequence[str] | None = None, language: str = DEFAULT_LANGUAGE) -> str:
    """Return a place with one line why, and its languages where his is not among them.

    Args:
        sign: The place.
        reasons: In place of the sign's own.
        language: Of the words.
    """
    named = [piece(f"why_{reason}", language) for reason in (sign.why if reasons is None else reasons)]
    parts = [line(sign.entry)]
    if named:
        parts.append(piece("why", language).format(reason=", ".join(named[:MOST_REASONS])))
    if sign.is_foreign:
        parts.append(piece("why_foreign", language).format(languages=_names(sign.entry.languages, language)))
    return "\n".join(parts)


def _names(codes: Sequence[str], language: str) -> str:
    return ", ".join(piece(f"language_{code}", language) for code in codes)
