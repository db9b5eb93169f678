"""A long session is cut and nobody notices: slots and last turns are as before, in memory and from the database."""

from __future__ import annotations

import asyncio
import warnings

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.rasa.bounds import LONGEST, is_long, shortened, tail_begins
from bot.rasa.live import LiveTrackers
from bot.rasa.tracker_store import SealedTrackerStore
from bot.storage.models import Person

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
_DOMAIN = """
version: "3.1"
intents: [sleep_trouble]
actions: [action_reflect]
slots:
  theme: {type: text, influence_conversation: false, mappings: [{type: custom}]}
  theme_stage: {type: text, influence_conversation: false, mappings: [{type: custom}]}
"""
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    DOMAIN = Domain.from_yaml(_DOMAIN)


def turn(number):
    yield UserUttered(f"bad night {number}", {"name": "sleep_trouble"}, message_id=f"m{number}")
    yield ActionExecuted("action_reflect")
    yield BotUttered(f"answer {number}", metadata={"utter_action": "utter_a", "variation": number % 3})
    yield SlotSet("theme", f"theme {number}")
    yield ActionExecuted("action_listen")


def begun(sender="a"):
    tracker = DialogueStateTracker.from_events(sender, [], DOMAIN.slots)
    for event in (ActionExecuted("action_session_start"), SessionStarted(), SlotSet("theme_stage", "opened")):
        tracker.update(event)
    tracker.update(ActionExecuted("action_listen"))
    return tracker


def talk(tracker, turns):
    for number in turns:
        for event in turn(number):
            tracker.update(event)
    return tracker


def said(tracker):
    return [event.text for event in tracker.events if isinstance(event, (UserUttered, BotUttered))]


def kinds(tracker):
    """What happened since the session began; the action that begins it is stored with the session before."""
    found = [event.type_name for event in tracker.events]
    return found[found.index("session_started") :]


def test_a_shortened_tracker_has_its_slots_and_its_last_turns():
    long = talk(begun(), range(60))
    short = shortened(long)
    assert is_long(long)
    assert not is_long(short)
    assert short.current_slot_values() == long.current_slot_values()
    assert short.current_slot_values()["theme_stage"] == "opened"
    assert said(short) == said(long)[-len(said(short)) :]
    assert len(said(short)) >= 2 * 8
    assert short.latest_message.text == long.latest_message.text
    assert short.latest_action_name == long.latest_action_name
    assert short.sender_id == long.sender_id


def test_the_tail_begins_where_he_spoke():
    long = talk(begun(), range(60))
    assert isinstance(list(long.events)[tail_begins(long)], UserUttered)


def test_a_session_with_nothing_of_his_in_it_is_cut_all_the_same():
    long = begun()
    for _ in range(LONGEST):
        long.update(SlotSet("theme", "x"))
    assert not is_long(shortened(long))


@pytest.fixture
def store(database, monkeypatch, tmp_path):
    monkeypatch.setenv("BALLAST_HOME", str(tmp_path))
    return SealedTrackerStore(DOMAIN, database=database)


def stored(store, sender):
    store._live = LiveTrackers(600)
    return asyncio.run(store.retrieve(sender))


def speak(store, sender, turns):
    for number in turns:
        tracker = asyncio.run(store.retrieve(sender)) or begun(sender)
        asyncio.run(store.save(talk(tracker, [number])))
    return tracker


def test_what_is_read_back_is_what_was_kept_alive_at_every_length(store, person):
    sender = person()
    for number in range(90):
        speak(store, sender, [number])
        if number % 7 == 0:
            live = store._live.get(sender)
            read = stored(store, sender)
            assert said(read) == said(live)
            assert read.current_slot_values() == live.current_slot_values()
            assert read.latest_action_name == live.latest_action_name
            assert kinds(read) == kinds(live)
    assert len(read.events) <= LONGEST + 10


def test_all_that_was_said_stays_in_the_log(store, person):
    sender = person()
    speak(store, sender, range(70))
    whole = asyncio.run(store.retrieve_full_tracker(sender))
    assert said(whole) == [text for number in range(70) for text in (f"bad night {number}", f"answer {number}")]


def test_a_turn_that_failed_midway_leaves_nothing_behind(store, person):
    sender = person()
    speak(store, sender, [0])
    talk(asyncio.run(store.retrieve(sender)), [1])  # taken, changed, never saved
    assert said(asyncio.run(store.retrieve(sender))) == ["bad night 0", "answer 0"]


def test_what_another_process_wrote_is_seen(store, person, database, monkeypatch):
    sender = person()
    speak(store, sender, [0])
    speak(SealedTrackerStore(DOMAIN, database=database), sender, [1])
    assert said(asyncio.run(store.retrieve(sender))) == ["bad night 0", "answer 0", "bad night 1", "answer 1"]


def test_an_erased_man_is_a_stranger_at_once(store, person, database):
    sender = person()
    speak(store, sender, [0])
    with database.write() as session:
        session.delete(session.get(Person, sender))
    assert asyncio.run(store.retrieve(sender)) is None


def test_a_tracker_is_let_go_after_a_while_and_the_oldest_first():
    now = [0.0]
    live = LiveTrackers(10, most=2, now=lambda: now[0])
    for name in "abc":
        live.keep(begun(name), newest=1)
        now[0] += 1
    assert [name in live for name in "abc"] == [False, True, True]
    now[0] = 11.5
    live.purge()
    assert [name in live for name in "abc"] == [False, False, True]
    assert live.take("c", newest=2) is None
    assert "c" not in live
