"""Look up a text by name, language and region, with the region's numbers filled in.

A text has one or more variations; each is a list of bubbles. Nothing here is chosen at random: the caller counts how
often it said a thing, so that a second time says it differently.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.directory import Entry, find, short_line

DEFAULT_LANGUAGE = "en"
MOST_LINES = 10  # more than any region has: the first that can be texted may stand last
Bubble = str
_SIGN_MODIFIERS = "\ufe0f\u200d\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"  # skin tones, joiners

# The words of the region: what a family doctor is called there. The dialogue fills {doctor} from here too.
DOCTOR = {
    "us-miami": "primary-care doctor",
    "us": "primary-care doctor",
    "uk": "GP",
    "de": "GP",
    "elsewhere": "doctor",
}


@cache
def texts_of(language: str) -> Mapping[str, Any]:
    """Return all that stands in a language's file; English where there is none."""
    path = Path(__file__).with_name(f"{language}.yml")
    source = path if path.is_file() else Path(__file__).with_name(f"{DEFAULT_LANGUAGE}.yml")
    found: Mapping[str, Any] = yaml.safe_load(source.read_text(encoding="utf-8"))
    return found


def say(
    name: str,
    region: str,
    *,
    language: str = DEFAULT_LANGUAGE,
    turn: int = 0,
    staff: str = "",
    words: Mapping[str, str] | None = None,
) -> list[Bubble]:
    """Return the bubbles of one text.

    Args:
        name: Name of the text in ``<language>.yml``.
        region: Region whose numbers are filled in.
        language: ISO 639-1 code; English where there is no file.
        turn: How often this was said already; picks the variation.
        staff: The clinic's own sentence on when somebody reads; a general one where it is empty.
        words: What else is filled in, by the names of its placeholders.
    """
    variations = texts_of(language)[name]
    staff = staff or texts_of(language)["staff_default"][0][0]
    filled = {**region_words(region), "staff": staff, **(words or {})}
    return [bubble.format_map(filled) for bubble in variations[turn % len(variations)]]


def piece(name: str, language: str = DEFAULT_LANGUAGE) -> str:
    """Return a few words that are put together with others."""
    found: str = texts_of(language)["pieces"][name]
    return found


def label(name: str, *, language: str = DEFAULT_LANGUAGE) -> str:
    """Return what a button says."""
    found: str = texts_of(language)["buttons"][name]
    return found


def typed_choice(text: str, *, language: str = DEFAULT_LANGUAGE) -> str | None:
    """Return which answer to the consent question he typed, or None."""
    said = text.strip().strip(".!").lower().replace("\u2019", "'").replace(",", "")
    words = texts_of(language)["consent_words"]
    labels = {choice: label(choice, language=language).lower().replace(",", "") for choice in words}
    return next((choice for choice, forms in words.items() if said in forms or said == labels[choice]), None)


def word_for_sign(text: str, *, language: str = DEFAULT_LANGUAGE) -> str | None:
    """Return the word that a lone sign such as a thumb stands for, or None."""
    signs = texts_of(language)["signs"]
    bare = "".join(char for char in text if not (char.isspace() or char in _SIGN_MODIFIERS))
    found: str | None = signs.get(bare[:1]) if bare and set(bare) == {bare[0]} else None
    return found


def _emergency(region: str) -> str:
    entry = find("emergency", region, most=1)[0]
    return entry.phone or entry.name


def _first_way(lines: list[Entry], *ways: Callable[[Entry], str]) -> str:
    """Return the first line that can be reached in the first of these ways that there is; never nothing."""
    found = next(((entry, way(entry)) for way in ways for entry in lines if way(entry)), None)
    return f"{found[0].name} ({found[1]})" if found else short_line(lines[0])


def region_words(region: str) -> dict[str, str]:
    """Return the words that differ by region: doctor, numbers, crisis lines, one to call, one to text."""
    services = find("therapy", region, most=1)
    lines = find("crisis", region, most=MOST_LINES)
    return {
        "doctor": DOCTOR[region],
        "emergency": _emergency(region),
        "crisis": "\n".join(short_line(entry) for entry in find("crisis", region)),
        "call_line": _first_way(lines, lambda entry: entry.phone and f"call {entry.phone}"),
        "text_line": _first_way(lines, lambda entry: entry.text, lambda entry: entry.web.removeprefix("https://")),
        "local_service": services[0].name if services else "a therapist near you",
    }
