"""Declining: by the button below a check-back that one thing, in his own words whatever would come unasked."""

from __future__ import annotations

import pytest
from rasa_sdk import Tracker

from actions import follow_up
from bot.escalation import follow_ups, open_flag
from bot.storage.models import FollowUp, Person
from bot.turns import reminders
from bot.turns.reminders import Rhythm


@pytest.fixture
def owed(database, person, clock, monkeypatch):
    """A man who is owed check-backs and has a daily check-in."""
    monkeypatch.setattr(follow_up, "database", lambda: database)
    person_id = person()
    with database.write() as session:
        his = {"person_id": person_id, "at": clock()}
        flag = open_flag(session, level="orange", kind="screening", reasons=["says he wants to die"], **his)
        follow_ups.schedule(session, flag_id=flag.id, **his)
        follow_ups.answer(session, person_id, is_safe=True, at=clock())
        reminders.set_check_ins(session, session.get(Person, person_id), Rhythm(19), at=clock())
    return person_id


@pytest.mark.parametrize(("text", "left"), [("/decline_check_back", {"check_in"}), ("no check ins please", set())])
def test_a_button_drops_the_check_backs_and_words_drop_the_check_ins_too(owed, database, text, left):
    event = {"event": "user", "text": text, "parse_data": {"intent": {"name": "decline_check_back"}}}
    tracker = Tracker(owed, {}, event["parse_data"], [event], False, None, {}, None)
    assert follow_up.decline(tracker) is False
    with database.read() as session:
        assert {row.kind for row in session.query(FollowUp).filter_by(state="pending")} == left
