"""Point to people: a doctor, a men-only group, a therapist, a local service, a helpline, somebody from the clinic."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import direct_question, guide
from actions.flagging import raise_flag
from actions.flow import Flow
from actions.message import Events, intent_read, language, region
from bot.content import sign_line
from bot.directory import NEED_OF, signposts
from bot.escalation.flags import YELLOW

# What is offered below the places, by what he asked: the guide's steps.
_MORE = {"ask_gp": "visit", "ask_group": "groups"}


class Signpost(Flow):
    """Give up to three places for what he asked, best first."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_signpost"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Say a lead-in and the places; where none is known, say so."""
        intent = intent_read(tracker)
        dispatcher.utter_message(response=f"utter_{intent}")
        signs = signposts(NEED_OF[intent], region(tracker), language=language(tracker))
        if signs:
            dispatcher.utter_message(text="\n\n".join(sign_line(sign) for sign in signs))
        else:
            dispatcher.utter_message(response="utter_no_place_known")
        if intent not in _MORE or direct_question.is_open(tracker):
            return []
        return guide.enter(dispatcher, tracker, f"{_MORE[intent]}.begin")


class AskForPerson(Flow):
    """He wants somebody from the clinic to get in touch: staff are told."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_ask_for_person"

    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Open a flag, and only then say that it is done."""
        raise_flag(tracker, level=YELLOW, kind="person", reason="asked for a person to get in touch")
        dispatcher.utter_message(response="utter_talk_to_person")
        return []
