"""Stop: whatever is open ends or waits behind a button; nothing asks him anything more."""

from __future__ import annotations

from rasa_sdk import Tracker

from actions import guide, phq9_state, theme_talk
from actions.answers import normal
from actions.message import Events, words
from actions.talk_book import plain


def is_said(tracker: Tracker) -> bool:
    """Return whether he says stop and nothing else."""
    return normal(words(tracker)) in {normal(phrase) for phrase in plain("stop")}


def events(tracker: Tracker) -> Events:
    """Return the events that end what is open."""
    return [*theme_talk.close(tracker), *guide.closed(), *phq9_state.pause(tracker)]


def aside(tracker: Tracker) -> Events:
    """Return the events that let a theme and the nine questions wait while a tool is open."""
    theme = tracker.get_slot(theme_talk.THEME)
    return [*phq9_state.pause(tracker), *(theme_talk.at(theme, None) if theme else [])]
