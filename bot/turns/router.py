"""Decide what one received message needs: the first questions, a command, a button's meaning, or a turn of dialogue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.config import Settings
from bot.content import typed_choice, word_for_sign
from bot.crisis import Level
from bot.escalation import conversations, follow_ups
from bot.escalation.flags import CRISIS_KINDS, has_open, has_open_red, note_held_erasure
from bot.storage.models import ButtonToken, InboxMessage, Person
from bot.turns import onboarding, staffed
from bot.turns.commands import TO_DIALOGUE, Desk, command_of
from bot.turns.dialogue import TurnRequest
from bot.turns.messages import Kind, without_slashes
from bot.turns.people import settings_of


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
            return _route_follow_up(session, person, row, body)
        if row.kind == Kind.BUTTON:
            return self._route_button(session, person, row, body, at)
        return self._route_words(session, person, row, body["text"] or "", level, at)

    def _route_words(
        self, session: Any, person: Person, row: InboxMessage, text: str, level: Level, at: datetime
    ) -> TurnRequest | None:
        command = command_of(text)
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
            return _turn(person, row, payload=TO_DIALOGUE[command])
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
    ) -> TurnRequest | None:
        if row.kind in (Kind.MEDIA, Kind.EDIT) and not text:
            self._desk.answer_content(session, person, row, at=at)
            return None
        words = word_for_sign(text) or without_slashes(text)
        is_wordless = level is Level.NONE and not any(char.isalnum() for char in words)
        if is_wordless and not (words and has_open(session, person.id, CRISIS_KINDS)):  # a sign may answer a question
            self._desk.say(session, person, row, "empty_text", at=at)
            return None
        if row.body.reveal()["cut"] and row.attempts == 0:
            self._desk.say(session, person, row, "too_long", at=at)
            row.state = "pending"
        return _turn(person, row, text=words)

    def _route_button(
        self, session: Any, person: Person, row: InboxMessage, body: dict[str, Any], at: datetime
    ) -> Outcome:
        payload: str | None = body.get("payload")  # known already when the dialogue is asked again
        if payload is None:
            choice = _use(session, person, body["button"], at)
            if choice is None:
                self._desk.say(session, person, row, "stale_button", at=at)
                return None
            payload = choice["payload"]
            row.body = {"text": None, "button": choice["label"], "payload": payload}
        if not payload.startswith("gate:"):
            return _turn(person, row, payload=payload)
        name = payload.removeprefix("gate:")
        if name == "forget_yes":
            return self._forget(session, person, row, at)
        if name in onboarding.CHOICES:
            onboarding.answer_consent(session, person, row, name, at=at)
        else:
            self._desk.press(session, person, row, name, at=at)
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


def _route_follow_up(session: Any, person: Person, row: InboxMessage, body: dict[str, Any]) -> TurnRequest | None:
    """Give a check-back its turn, unless he has answered or declined while it waited."""
    if follow_ups.is_asked(session, row.id):
        return _turn(person, row, payload=body["payload"])
    row.state = "done"
    return None


def _turn(person: Person, row: InboxMessage, *, text: str = "", payload: str = "") -> TurnRequest:
    metadata = {**row.screening.reveal(), **settings_of(person)}
    return TurnRequest(person.id, row.id, text, payload, metadata)


def _use(session: Any, person: Person, token: str | None, at: datetime) -> dict[str, str] | None:
    """Use up a button together with the others of its message; None if it is unknown, another's or spent."""
    button = session.get(ButtonToken, token or "")
    if button is None or button.person_id != person.id or button.used_at is not None:
        return None
    choice: dict[str, str] = button.choice.reveal()
    siblings = session.query(ButtonToken).filter_by(outbox_id=button.outbox_id).all()
    for sibling in siblings:
        sibling.used_at = at
    return choice
