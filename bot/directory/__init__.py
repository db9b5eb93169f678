"""Helplines, groups and services by need and region, each with its source and the day it was checked."""

from bot.directory.entries import Entry, entries, find, line, short_line

__all__ = ["Entry", "entries", "find", "line", "short_line"]
