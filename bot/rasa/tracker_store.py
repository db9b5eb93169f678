"""Rasa tracker store: sealed events, and the turn's replies in the same transaction.

Loads only the latest session. Appends only what is new. A read that fails raises: a man is never started over as new
because the database hiccuped (Rasa's own fail-safe wrapper would do that; the channel takes it off).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, Event, SessionStarted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy import func, select

from bot.clock import utc_now
from bot.config import Settings
from bot.logs import log_event
from bot.rasa.vector_classifier import READING
from bot.storage import Database, open_database
from bot.storage.columns import new_id
from bot.storage.models import Person, TrackerEvent
from bot.turns.commit import came_through_inbox, commit_turn, is_committed, keeps_log
from bot.turns.messages import Reply, ReplyButton
from bot.turns.people import find_or_begin

_STORED = "ballast_stored_events"
_MOST_IN_MEMORY = 1_000
_log = logging.getLogger("ballast.rasa")


class SealedTrackerStore(TrackerStore):
    """Keeps Rasa's events sealed and commits turns.

    Args:
        domain: Rasa's domain.
        event_broker: Ignored on purpose: a broker would carry what he wrote outside.
        url: What the endpoints file gives; the database comes from Ballast's own settings.
        database: Given by tests.
    """

    def __init__(
        self,
        domain: Domain | None = None,
        event_broker: EventBroker | None = None,
        database: Database | None = None,
        **kwargs: Any,
    ) -> None:
        self.database = database or open_database(Settings.from_environment())
        self.model = "untrained"
        # Men who want no log: their dialogue's state lives here and dies with the process.
        self._unlogged: dict[str, DialogueStateTracker] = {}
        super().__init__(domain, None)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """Return the tracker of his latest session, or None where there is none."""
        return self._load(sender_id, every_session=False)

    async def retrieve_full_tracker(self, conversation_id: str) -> DialogueStateTracker | None:
        """Return the tracker of all his sessions."""
        return self._load(conversation_id, every_session=True)

    def _load(self, sender_id: str, *, every_session: bool) -> DialogueStateTracker | None:
        with self.database.read() as session:
            if sender_id in self._unlogged and not keeps_log(session, sender_id):
                return self._unlogged[sender_id]
            query = select(TrackerEvent).filter_by(person_id=sender_id).order_by(TrackerEvent.seq)
            if not every_session:
                query = query.filter_by(session=_latest_session(session, sender_id))
            events = [row.event.reveal() for row in session.execute(query).scalars()]
        if not events:
            return None
        tracker = DialogueStateTracker.from_dict(sender_id, events, self.domain.slots)
        setattr(tracker, _STORED, len(tracker.events))
        return tracker

    async def keys(self) -> Iterable[str]:
        """Return the pseudonyms of all persons with a dialogue."""
        with self.database.read() as session:
            return list(session.execute(select(TrackerEvent.person_id).distinct()).scalars())

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Append the tracker's new events and commit the turn that they belong to, in one transaction."""
        new = list(tracker.events)[getattr(tracker, _STORED, 0) :]
        with self.database.write() as session:
            person_id = self._person(session, tracker.sender_id)
            message = next((event for event in reversed(new) if isinstance(event, UserUttered)), None)
            if message is not None and came_through_inbox(session, message.message_id):
                self._commit(session, person_id, message, new)
            if keeps_log(session, person_id):
                self._append(session, person_id, new)
            else:
                self._remember(tracker)
        setattr(tracker, _STORED, len(tracker.events))
        log_event(_log, "tracker.saved", person=person_id, events=len(new))

    def has_turn(self, message_id: str) -> bool:
        """Return whether a message was answered before."""
        with self.database.read() as session:
            return is_committed(session, message_id)

    def _person(self, session: Any, sender_id: str) -> str:
        if session.get(Person, sender_id) is not None:
            return sender_id
        # Somebody at Rasa's own shell or tests: he gets a person too, so that everything is sealed with a key.
        region = Settings.from_environment().region
        person = find_or_begin(session, "rasa", sender_id, region=region, language="en", at=utc_now())
        found: str = person.id
        return found

    def _commit(self, session: Any, person_id: str, message: UserUttered, new: list[Event]) -> None:
        if is_committed(session, message.message_id):
            return
        reading = (message.parse_data or {}).get(READING) or {
            "intent": message.intent_name,
            "confidence": 1.0,
        }
        commit_turn(
            session,
            person_id=person_id,
            message_id=message.message_id,
            replies=[_reply(event) for event in new if isinstance(event, BotUttered) and event.text],
            reading={"codes": [], **reading},
            model=self.model,
            at=utc_now(),
        )

    def _append(self, session: Any, person_id: str, new: list[Event]) -> None:
        number = _latest_session(session, person_id)
        for event in new:
            if isinstance(event, SessionStarted):
                number += 1
            at = datetime.fromtimestamp(event.timestamp, timezone.utc)
            row = TrackerEvent(id=new_id(), person_id=person_id, session=number, at=at)
            session.add(row)
            row.event = event.as_dict()

    def _remember(self, tracker: DialogueStateTracker) -> None:
        """Keep the tracker in memory only, and only as long as a session lasts."""
        self._unlogged.pop(tracker.sender_id, None)
        self._unlogged[tracker.sender_id] = tracker
        oldest = utc_now().timestamp() - 60 * self.domain.session_config.session_expiration_time
        while len(self._unlogged) > _MOST_IN_MEMORY or _last_spoke(next(iter(self._unlogged.values()))) < oldest:
            self._unlogged.pop(next(iter(self._unlogged)))


def _last_spoke(tracker: DialogueStateTracker) -> float:
    """Return the time of the newest event; now for a tracker that has none."""
    return tracker.events[-1].timestamp if tracker.events else utc_now().timestamp()


def _latest_session(session: Any, person_id: str) -> int:
    query = select(func.max(TrackerEvent.session)).filter_by(person_id=person_id)
    return session.execute(query).scalar() or 0


def _reply(event: BotUttered) -> Reply:
    data = event.data or {}
    buttons = tuple(ReplyButton(button["title"], button["payload"]) for button in data.get("buttons") or [])
    return Reply(event.text, buttons, (data.get("custom") or {}).get("paper"))
