"""What the check-in keeps and shows: the number at once, then the word and the night, and the line after three."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import keeping, today
from actions.guide import Here, hook
from actions.guide_book import guides
from actions.message import button, database
from bot.records import mood_trend

MOOD = "mood"
_LOW = 3  # and below: a minute and a person are offered with the answer


@hook("checkin_rated")
def take_rating(here: Here) -> str | None:
    """Keep the number at once, so that who stops here has not tapped for nothing."""
    if not str(here.given.get("rating", "")).isdecimal():
        return "checkin.begin"
    earlier = keeping.kept(here.tracker, MOOD)
    here.given["before"] = str(earlier[0][MOOD]) if earlier else ""
    if keeping.keep(here.tracker, MOOD, {MOOD: int(here.given["rating"])}):
        here.given["record"] = keeping.kept(here.tracker, MOOD)[0]["id"]
    return None


@hook("checkin_done")
def finish(here: Here) -> str | None:
    """Add the word and the night, answer the number, show the line, and ask about the one thing of last time."""
    rating, before = here.given.get("rating"), here.given.get("before")
    if rating is None:
        return "checkin.begin"
    more = {name: here.given[key] for name, key in (("word", "word"), ("sleep", "night")) if here.given.get(key)}
    if more and here.given.get("record"):
        keeping.change(here.tracker, here.given["record"], more)
    _show_line(here.dispatcher, here.tracker)
    buttons = [button("A steady minute", '/guide{"go": "minute.begin"}'), button("A person", "/ask_helpline")]
    offered = buttons if int(rating) <= _LOW else []
    here.dispatcher.utter_message(response=_reply(rating, before), buttons=offered, mood=rating, before=before or "")
    return today.open_question(here.tracker, here.given)


def _reply(rating: str, before: str | None) -> str:
    if before and before != rating:
        return "utter_mood_up" if int(rating) > int(before) else "utter_mood_down"
    return "utter_mood_low" if int(rating) <= _LOW else "utter_mood_noted"


def _show_line(dispatcher: CollectingDispatcher, tracker: Tracker) -> None:
    with database().read() as session:
        points = mood_trend.points_of(session, tracker.sender_id)
    if not points:
        return
    words = guides()["checkin"].words
    content = {"points": points, "title": words["chart"]}
    paper = {"make": "mood_trend", "content": content, "alt": words["alt"].format_map(mood_trend.told(points))}
    dispatcher.utter_message(response="utter_checkin_trend", json_message={"paper": paper})
