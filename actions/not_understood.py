"""He said something that was not recognised: what it might be, then other words, then a menu with a person on it.

Which of the three comes is read from what was said to his last message, so that nothing has to be remembered.
"""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.flow import Flow
from actions.message import Button, Events, button, last_user_event, words
from actions.talk_book import title

GUESSES = 2
LIKELY = 0.06  # probability below which a guess would be a shot in the dark


class NotUnderstood(Flow):
    """He said something that was not recognised."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_not_understood"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Offer guesses by their human titles; where that did not do, ask for other words; at last, the menu."""
        if is_plain_answer(tracker):
            return hear(dispatcher)
        before = said_last(tracker)
        guesses = _guesses(tracker)
        if guesses and not before & {"utter_guess", "utter_default"}:
            dispatcher.utter_message(response="utter_guess", buttons=[*guesses, NEITHER])
        elif "utter_default" in before:
            dispatcher.utter_message(response="utter_menu", buttons=menu())
        else:
            dispatcher.utter_message(response="utter_default")
        return []


NEITHER = button("Neither", "/nlu_fallback")
# These ask him something about himself; whatever words come next are his answer.
_ASK = frozenset(
    f"utter_{name}"
    for name in ("low_mood", "drinking", "anger", "grief", "feeling_better", "mood_noted", "mood_low", "mood_up")
) | {"utter_mood_down", "utter_heard_plain", "utter_step_left", "utter_follow_did", "utter_follow_badly"}


def is_plain_answer(tracker: Tracker) -> bool:
    """Return whether he was asked about himself, outside a theme, and these are his words to it."""
    return bool(words(tracker)) and bool(said_last(tracker) & _ASK)


def hear(dispatcher: CollectingDispatcher) -> Events:
    """Take what he tells as told, with what he may want next."""
    buttons = [button("Something to do", "/next_step"), button("A person from the clinic", "/talk_to_person")]
    dispatcher.utter_message(response="utter_heard_plain", buttons=buttons)
    return []


def said_last(tracker: Tracker) -> set[str]:
    """Return the names of the responses between his last message and the one before."""
    names: set[str] = set()
    is_before = False
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            if is_before:
                break
            is_before = True
        elif event.get("event") == "bot" and is_before:
            names.add(str((event.get("metadata") or {}).get("utter_action")))
    return names


def _guesses(tracker: Tracker) -> list[Button]:
    """Return a button for each likely reading that has a human title; what belongs to a crisis has none."""
    ranking = (last_user_event(tracker).get("parse_data") or {}).get("intent_ranking") or []
    likely = [row["name"] for row in ranking if row["confidence"] >= LIKELY]
    titled = [(name, title(name)) for name in likely]
    return [button(_capital(said), f"/{name}") for name, said in titled if said][:GUESSES]


def _capital(said: str) -> str:
    return said[:1].upper() + said[1:]


def menu() -> list[Button]:
    """Return what can be had by a tap."""
    return [
        button("Talk about it", "/want_to_talk"),
        button("Rate my mood", "/mood_checkin"),
        button("The nine questions", "/phq9"),
        button("Get ready for the doctor", "/ask_gp"),
        button("Groups for men", "/ask_group"),
        button("A person from the clinic", "/talk_to_person"),
    ]
