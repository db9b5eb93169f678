"""What all flows share: an open safety question is never talked over."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import beside, direct_question, guide, phq9_state, plan_filling, stopping, theme_answers
from actions.follow_up import note_answer
from actions.message import Events, intent_read, words


class Flow(Action):
    """An action that yields to an open safety question before it does its own work."""

    is_safety = False  # the safety flow's own actions answer the question instead of yielding to it

    @abstractmethod
    def name(self) -> str:
        """Return the action's name in the domain."""

    @abstractmethod
    def turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Do this flow's work for one message."""

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        """Answer one message."""
        events = self._in_plan(dispatcher, tracker) if plan_filling.is_filling(tracker) else None
        if events is None:
            events = self._stop(dispatcher, tracker)
        if events is None and guide.is_open(tracker):
            events = self._in_guide(dispatcher, tracker)
        if events is None:
            events = self._answer(dispatcher, tracker)
        note_answer(tracker, events)
        return events

    def _in_plan(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events | None:
        """Take his words for the part of his plan that he is at; None where this flow must answer by itself."""
        if self.name() == "action_safety_plan":
            return None
        if not words(tracker):
            return [*plan_filling.pause(tracker), *self._answer(dispatcher, tracker)]
        if self.is_safety or plan_filling.is_new_concern(tracker):
            return [*plan_filling.keep_quietly(tracker), *self._answer(dispatcher, tracker)]
        events = plan_filling.take_words(dispatcher, tracker)
        if events is not None:
            return events
        return [*self._answer(dispatcher, tracker), *plan_filling.ask_again(dispatcher, tracker)]

    def _stop(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events | None:
        """Stop when he says so, whatever the model makes of it; an open question of safety stays what it was."""
        if self.is_safety or not stopping.is_said(tracker) or _is_safety_asked(tracker):
            return None
        dispatcher.utter_message(response="utter_stop")
        return stopping.events(tracker)

    def _in_guide(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events | None:
        """Give his words to the open guide; it waits while this flow answers what is something else."""
        if not words(tracker):
            is_guides_own = self.name() == "action_guide"
            return None if is_guides_own else [*guide.paused(tracker), *self._answer(dispatcher, tracker)]
        if self.is_safety or _is_safety_asked(tracker) or plan_filling.is_new_concern(tracker):
            return [*guide.paused(tracker), *self._answer(dispatcher, tracker)]
        events = guide.take_words(dispatcher, tracker)
        if events is not None:
            return events
        if guide.wants_out(tracker):
            dispatcher.utter_message(response="utter_stop")
            return stopping.events(tracker)
        return [*guide.paused(tracker), *self._answer(dispatcher, tracker)]

    def _answer(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        if self.is_safety:
            return self.turn(dispatcher, tracker)
        if direct_question.is_open(tracker):
            return self._answer_under_question(dispatcher, tracker)
        if beside.is_open(tracker):
            events = beside.take_answer(dispatcher, tracker)
            return events if events is not None else [*beside.closed(), *self.turn(dispatcher, tracker)]
        if phq9_state.is_open(tracker) and self.name() != "action_phq9_answer":
            from actions import phq9  # here, because its flows stand on this one

            if phq9.answers_question(tracker):  # typed in so many words: no model decides what "2" means
                return phq9.AnswerPhq9().turn(dispatcher, tracker)
        if theme_answers.is_open(tracker) and not phq9_state.is_open(tracker):
            return self._answer_in_theme(dispatcher, tracker)
        return self.turn(dispatcher, tracker)

    def _answer_in_theme(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        events = theme_answers.take_answer(dispatcher, tracker)
        if events is None:
            events = self.turn(dispatcher, tracker)
            theme_answers.way_back(dispatcher, tracker, events)
        return events

    def _answer_under_question(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        if direct_question.is_aside(tracker):
            fitting = direct_question.ASIDE_TEXTS.get(intent_read(tracker))
            if fitting is None:
                return [*self.turn(dispatcher, tracker), *direct_question.again(dispatcher, tracker)]
            dispatcher.utter_message(response=fitting)
            return direct_question.again(dispatcher, tracker)
        events = direct_question.take_answer(dispatcher, tracker)
        if events is not None:
            return events
        # He goes on with something else: a later yes is not an answer to the direct question any more.
        return [SlotSet(direct_question.STEP, direct_question.PASSED), *self.turn(dispatcher, tracker)]


def _is_safety_asked(tracker: Tracker) -> bool:
    return direct_question.is_open(tracker) or beside.is_open(tracker)


def set_slots(values: dict[str, Any]) -> Events:
    """Return the events that set several slots."""
    return [SlotSet(name, value) for name, value in values.items()]
