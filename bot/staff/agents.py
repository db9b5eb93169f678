"""A browser in a few words, so that somebody knows his own sessions apart. What it says of itself is not kept."""

from __future__ import annotations

_PROGRAMS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Mac OS X", "a Mac"),
    ("Linux", "Linux"),
)
UNKNOWN = "A browser"


def browser_words(user_agent: str) -> str:
    """Return such as ``Firefox on Linux``."""
    program = next((word for sign, word in _PROGRAMS if sign in user_agent), UNKNOWN)
    system = next((word for sign, word in _SYSTEMS if sign in user_agent), "")
    return f"{program} on {system}" if system else program
