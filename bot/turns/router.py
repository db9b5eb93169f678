"""Decide what one received message needs: the first questions, a command, a button's meaning, or a turn of dialogue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.config import Settings
from bot.content import typed_choice, wished_time, word_for_sign
from bot.crisis import Level
from bot.escalation import conversations, follow_ups
from bot.escalation.flags import CRISIS_KINDS, has_open, has_open_red, note_held_erasure
from bot.storage.models import InboxMessage, Person
from bot.turns import offers, onboarding, pausing, staffed
from bot.turns.commands import TO_DIALOGUE, Desk, command_of
from bot.turns.dialogue import TurnRequest
from bot.turns.messages import Kind, without_slashes
from bot.turns.people import manner_of
from bot.turns.preferences import FIRST_QUESTIONS

GATE = "gate:"  # in front of what a button of the gate's own stands for


@dataclass(frozen=True)
class Erasure:
    """He confirmed that everything of his is to be wiped."""


Outcome = TurnRequest | Erasure | None


class Router:
    """Routes inside the transaction that its caller opened.

    Args:
        settings: The installation's settings.
    """

    def __init__(self, settings: Settings) -> None:
        self._desk = Desk(settings)
        self.region = settings.region

    def route(self, session: Any, person: Person, row: InboxMessage, *, at: datetime) -> Outcome:
        """Answer the message here, or return what to do about it outside this transaction.

        A message that is answered here is ``done`` (or ``held``) when the transaction commits.
        """
        body = row.body.reveal()
        level = Level(row.screening.reveal()["level"])
        if row.kind == Kind.EDIT and not body.get("risen"):  # only what is graver than before is taken up
            row.state = "done"
            return None
        if row.kind == Kind.FOLLOW_UP:
            return self._route_follow_up(session, person, row, body["payload"], at)
        if row.kind == Kind.BUTTON:
            return self._route_button(session, person, row, body, at)
        return self._route_words(session, person, row, body["text"] or "", level, at)

    def _route_words(
        self, session: Any, person: Person, row: InboxMessage, text: str, level: Level, at: datetime
    ) -> Outcome:
        command = command_of(text)
        if command != "pause":
            pausing.note_word(person)
        if command in ("forget", "person"):  # they work in every state
            self._desk.answer(session, person, row, command, at=at)
            return None
        talk = conversations.open_talk(session, person.id)
        if talk is not None and command == "stop":
            staffed.hand_back(session, talk, by="person", at=at)
        elif talk is not None and command is None and text:
            row.state = "done"  # staff read it on the flag's page
            return None
        if level < Level.HIGH and not _may_pass(session, person):
            self._first_questions(session, person, row, text, command, at)
            return None
        if command in TO_DIALOGUE:
            return _turn(session, person, row, payload=TO_DIALOGUE[command])
        if command is not None:
            self._desk.answer(session, person, row, command, at=at)
            return None
        return self._route_text(session, person, row, text, level, at)

    def _first_questions(
        self, session: Any, person: Person, row: InboxMessage, text: str, command: str | None, at: datetime
    ) -> None:
        choice = typed_choice(text) if person.introduced_at is not None else None
        if choice is not None:
            onboarding.answer_consent(session, person, row, choice, at=at)
        else:
            onboarding.introduce(session, person, row, has_words=bool(text) and command is None, at=at)

    def _route_text(
        self, session: Any, person: Person, row: InboxMessage, text: str, level: Level, at: datetime
    ) -> Outcome:
        if row.kind in (Kind.MEDIA, Kind.EDIT) and not text:
            self._desk.answer_content(session, person, row, at=at)
            return None
        if level is Level.NONE:
            payload = offers.typed(session, person.id, text, at=at)
            if payload is not None:
                return self._route_choice(session, person, row, payload, at)
            wish = wished_time(text)
            if wish is not None:
                self._desk.remind(session, person, row, wish, at=at)
                return None
        words = word_for_sign(text) or without_slashes(text)
        is_wordless = level is Level.NONE and not any(char.isalnum() for char in words)
        if is_wordless and not (words and has_open(session, person.id, CRISIS_KINDS)):  # a sign may answer a question
            self._desk.say(session, person, row, "empty_text", at=at)
            return None
        if row.body.reveal()["cut"] and row.attempts == 0:
            self._desk.say(session, person, row, "too_long", at=at)
            row.state = "pending"
        return _turn(session, person, row, text=words)

    def _route_button(
        self, session: Any, person: Person, row: InboxMessage, body: dict[str, Any], at: datetime
    ) -> Outcome:
        payload: str | None = body.get("payload")  # known already when the dialogue is asked again
        if payload is None:
            choice = offers.use(session, person.id, body["button"], at=at)
            if choice is None:
                self._desk.say(session, person, row, "stale_button", at=at)
                return None
            payload = choice["payload"]
            row.body = {"text": None, "button": choice["label"], "payload": payload}
        return self._route_choice(session, person, row, payload, at)

    def _route_choice(self, session: Any, person: Person, row: InboxMessage, payload: str, at: datetime) -> Outcome:
        """Do what a button stands for, whether he pressed it or typed what it says."""
        if not payload.startswith(GATE):
            return _turn(session, person, row, payload=payload)
        name = payload.removeprefix(GATE)
        if name == "forget_yes":
            return self._forget(session, person, row, at)
        if name in onboarding.CHOICES:
            onboarding.answer_consent(session, person, row, name, at=at)
        else:
            self._desk.press(session, person, row, name, at=at)
        return None

    def _route_follow_up(
        self, session: Any, person: Person, row: InboxMessage, payload: str, at: datetime
    ) -> TurnRequest | None:
        """Say what is due, unless he has answered, declined or begun to talk of his safety while it waited."""
        if not payload.startswith(GATE) and follow_ups.is_asked(session, row.id):
            return _turn(session, person, row, payload=payload)
        name = payload.removeprefix(GATE)
        is_wanted = follow_ups.is_asked(session, row.id) or name == FIRST_QUESTIONS
        if payload.startswith(GATE) and is_wanted and not follow_ups.is_question_open(session, person.id):
            self._desk.speak(session, person, row, name, at=at)
        row.state = "done"
        return None

    def _forget(self, session: Any, person: Person, row: InboxMessage, at: datetime) -> Erasure | None:
        """Have everything wiped, unless a person must look at a red flag first."""
        if not has_open_red(session, person.id):
            return Erasure()
        note_held_erasure(session, person.id, at=at)
        self._desk.say(session, person, row, "forget_held", at=at)
        return None


def _may_pass(session: Any, person: Person) -> bool:
    """Return whether what he writes may go on: an answer to the direct question waits for no form either."""
    return onboarding.may_pass(session, person) or follow_ups.is_question_open(session, person.id)


def _turn(session: Any, person: Person, row: InboxMessage, *, text: str = "", payload: str = "") -> TurnRequest:
    metadata = {**row.screening.reveal(), **manner_of(session, person)}
    return TurnRequest(person.id, row.id, text, payload, metadata)
