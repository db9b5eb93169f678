"""Two things in one message: the stronger is taken up, the other is named and waits until he asks for it."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import theme_talk
from actions.message import Events, parts_scored, ranked, words
from actions.talk_book import are_near, themes
from actions.talk_memory import remember, remembered

FEWEST_WORDS = 6  # a shorter message holds one thing
LEAST_OF_PART = 0.4  # probability of a part's own code
LEAST_OF_WHOLE = 0.05  # of that code in the whole message: where it is lower still, the part was misread


def second_thing(tracker: Tracker, first: str) -> str | None:
    """Return the second theme of a message, one that a man would call another; None where there is none.

    It needs a part of the message to itself: two codes for the same words are the model's doubt.
    """
    if len(words(tracker).split()) < FEWEST_WORDS:
        return None
    likely = (code for code in clear_parts(tracker) if not are_near(first, code))
    return next(likely, None)


def clear_parts(tracker: Tracker) -> list[str]:
    """Return the codes that a part of the message is clearly about, and the whole at least a little; best first."""
    parts, whole = parts_scored(tracker), ranked(tracker)
    clear = [code for code, score in parts.items() if score >= LEAST_OF_PART and whole.get(code, 0.0) >= LEAST_OF_WHOLE]
    return sorted(clear, key=lambda code: -parts[code])


def open_theme(dispatcher: CollectingDispatcher, tracker: Tracker, theme: str) -> Events:
    """Take a theme up; what else the message holds, or what was open, waits."""
    other = second_thing(tracker, theme)
    if other is not None:
        named = {"topic": themes()[theme].title, "other": themes()[other].title}
        dispatcher.utter_message(response="utter_two_things", **named)
    events = theme_talk.take_up(dispatcher, theme)
    waits = other or _left_open(tracker, theme) or remembered(tracker).get("other")
    kept = remember(tracker, other=None if waits == theme else waits, kind=None, step=None)
    if other is not None:
        dispatcher.messages[-1]["buttons"] += theme_talk.other_button(tracker)
    return [*events, *kept]


def _left_open(tracker: Tracker, theme: str) -> str | None:
    """Return the theme that he left for this one before anything came of it."""
    left, stage = tracker.get_slot(theme_talk.THEME), tracker.get_slot(theme_talk.STAGE)
    return left if left in themes() and left != theme and stage in (theme_talk.OPENED, theme_talk.DEEPER) else None
