"""Helplines, groups and services by need and region, each with its source and the day it was checked."""

from bot.directory.entries import Entry, entries, find, line, short_line
from bot.directory.search import NEED_OF, Position, Sign, signposts

__all__ = ["NEED_OF", "Entry", "Position", "Sign", "entries", "find", "line", "short_line", "signposts"]
