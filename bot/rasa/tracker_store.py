"""Rasa tracker store: sealed events, and the turn's replies in the same transaction.

Appends only what is new, and loads only the latest session, which is bounded (`bot.rasa.bounds`): a chatty man's turn
costs what a quiet man's does. Between his turns a tracker stays in memory for some minutes; the database is asked
whether it is still the newest. A read that fails raises: a man is never started over as new because the database
hiccuped (Rasa's own fail-safe wrapper would do that; the channel takes it off).
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
from sqlalchemy import select

from bot.clock import utc_now
from bot.config import Settings
from bot.crash import crash_point
from bot.logs import log_event
from bot.rasa.bounds import is_long, shortened, snapshot, tail_begins, tail_from
from bot.rasa.live import LiveTrackers
from bot.rasa.vector_classifier import READING
from bot.storage import Database, open_database
from bot.storage.columns import new_id
from bot.storage.models import Person, TrackerEvent
from bot.turns.commit import came_through_inbox, commit_turn, is_committed, keeps_log
from bot.turns.messages import Reply, ReplyButton
from bot.turns.people import find_or_begin

_STORED = "ballast_stored_events"
_LIVE_SECONDS = 600
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
        super().__init__(domain, None)
        self._live = LiveTrackers(_LIVE_SECONDS)
        # Men who want no log: their dialogue's state lives here, as long as a session lasts, and dies with the process.
        self._unlogged = LiveTrackers(60 * self.domain.session_config.session_expiration_time)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """Return the tracker of his latest session, or None where there is none."""
        with self.database.read() as session:
            if sender_id in self._unlogged and not keeps_log(session, sender_id):
                return self._unlogged.get(sender_id)
            number, newest = _newest(session, sender_id)
            live = self._live.take(sender_id, newest)  # gone if the turn fails: the next one reads the database
            if live is not None:
                return live
            events = _events_of(session, sender_id, number)
        return self._tracker(sender_id, events)

    async def retrieve_full_tracker(self, conversation_id: str) -> DialogueStateTracker | None:
        """Return the tracker of all his sessions."""
        with self.database.read() as session:
            query = select(TrackerEvent).filter_by(person_id=conversation_id).order_by(TrackerEvent.seq)
            events = [row.event.reveal() for row in session.execute(query).scalars()]
        return self._tracker(conversation_id, events)

    def _tracker(self, sender_id: str, events: list[dict[str, Any]]) -> DialogueStateTracker | None:
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
            is_kept = keeps_log(session, person_id)
            newest = self._append(session, person_id, tracker, new) if is_kept else 0
            crash_point("turn-open")
        crash_point("turn-committed")
        log_event(_log, "tracker.saved", person=person_id, events=len(new))
        tracker = shortened(tracker) if is_long(tracker) else tracker
        setattr(tracker, _STORED, len(tracker.events))
        if is_kept:
            self._live.keep(tracker, newest)
        else:
            self._unlogged.keep(tracker)

    def drop_idle(self) -> None:
        """Forget the trackers of men who have not written for a while; called from time to time."""
        self._live.purge()
        self._unlogged.purge()

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

    @staticmethod
    def _append(session: Any, person_id: str, tracker: DialogueStateTracker, new: list[Event]) -> int:
        """Write the new events, and a snapshot behind them when the session has grown long; return the last number."""
        number, _ = _newest(session, person_id)
        rows = []
        for event in new:
            if isinstance(event, SessionStarted):
                number += 1
            rows.append(_row(session, person_id, number, event))
        if is_long(tracker):
            session.flush()
            rows += _snapshot(session, person_id, number + 1, tracker)
        session.flush()
        return int(rows[-1].seq) if rows else _newest(session, person_id)[1]


def _row(session: Any, person_id: str, number: int, event: Event) -> TrackerEvent:
    at = datetime.fromtimestamp(event.timestamp, timezone.utc)
    row = TrackerEvent(id=new_id(), person_id=person_id, session=number, at=at)
    session.add(row)
    row.event = event.as_dict()
    return row


def _snapshot(session: Any, person_id: str, number: int, tracker: DialogueStateTracker) -> list[TrackerEvent]:
    """Begin a session of its own that says where its tail lies, among the rows that are there."""
    count = len(tracker.events) - tail_begins(tracker)
    query = select(TrackerEvent.seq).filter_by(person_id=person_id).order_by(TrackerEvent.seq.desc())
    begins = session.execute(query.offset(count - 1).limit(1)).scalar()
    return [_row(session, person_id, number, event) for event in snapshot(tracker, begins)]


def _events_of(session: Any, person_id: str, number: int) -> list[dict[str, Any]]:
    """Return the events of a session; one that began with a snapshot has the tail of the session before in it."""
    own = select(TrackerEvent).filter_by(person_id=person_id, session=number).order_by(TrackerEvent.seq)
    rows = session.execute(own).scalars().all()
    events = [row.event.reveal() for row in rows]
    begins, places = tail_from(events)
    if begins is None:
        return events
    before = select(TrackerEvent).filter_by(person_id=person_id).order_by(TrackerEvent.seq)
    before = before.where(TrackerEvent.seq >= begins, TrackerEvent.seq < rows[0].seq)
    tail = [row.event.reveal() for row in session.execute(before).scalars()]
    return [*events[:places], *tail, *events[places:]]


def _newest(session: Any, person_id: str) -> tuple[int, int]:
    """Return the number of his latest session and of his latest event; 0 where there is none."""
    query = select(TrackerEvent.session, TrackerEvent.seq).filter_by(person_id=person_id)
    query = query.order_by(TrackerEvent.session.desc(), TrackerEvent.seq.desc()).limit(1)
    found = session.execute(query).first()
    return (int(found.session), int(found.seq)) if found else (0, 0)


def _reply(event: BotUttered) -> Reply:
    data = event.data or {}
    buttons = tuple(ReplyButton(button["title"], button["payload"]) for button in data.get("buttons") or [])
    return Reply(event.text, buttons, (data.get("custom") or {}).get("paper"))
