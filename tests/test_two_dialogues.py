"""Two real Rasa processes over one database: each man's talk is one talk, also while one of the two is killed."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from sqlalchemy import select

from bot.crypto import KeyRing
from bot.storage.models import InboxMessage, OutboxMessage, TrackerEvent, Turn
from bot.turns.dialogue import DialogueClient, TurnRequest
from scripts.speed import ours
from tests.path_fixtures import Rasa, shared_rasa

pytestmark = pytest.mark.asyncio
__all__ = ["shared_rasa"]
SAID = ("I hide it from everyone at work", "they would laugh", "cannot sleep", "yes", "what can I do")
MEN, ROUNDS = 6, 3


async def test_talks_go_on_and_nothing_is_said_twice_while_one_of_two_dies(shared_rasa):
    house = shared_rasa.house
    second = Rasa(house)
    database = house.open()
    token = KeyRing.load(house.settings().key_file).channel_token
    client = DialogueClient(f"{shared_rasa.url},{second.url}", token, 120)
    try:
        await asyncio.get_running_loop().run_in_executor(None, second.wait_until_ready)
        people = ours.men(database, range(7_000_000, 7_000_000 + MEN))
        for number in range(ROUNDS):
            if number == 1:
                second.kill()
            if number == 2:
                second = Rasa(house, second.port)
                await asyncio.get_running_loop().run_in_executor(None, second.wait_until_ready)
            asked = [
                ours.messages(database, [man] * len(SAID), SAID, 7_000_000 + 1_000 * number + 100 * place)
                for place, man in enumerate(people)
            ]
            await asyncio.gather(*(talk(client, messages) for messages in asked))
        await client.health()
        for man in people:
            check(database, man)
    finally:
        second.kill()
        await client.close()
        database.close()


async def talk(client, messages):
    for body in messages:
        request = TurnRequest(body["person"], body["message_id"], body["text"], "", body["metadata"])
        await client.turn(request)
        await client.turn(request)  # the gate asks again where an answer on the wire was lost


def check(database, man):
    """His messages are all answered, once and in order, and his dialogue remembers all of them in one session."""
    with database.read() as session:
        inbox = (
            session.execute(select(InboxMessage).filter_by(person_id=man).order_by(InboxMessage.seq)).scalars().all()
        )
        said = [row.body.reveal()["text"] for row in inbox]
        assert said == [*SAID] * ROUNDS
        assert {row.state for row in inbox} == {"done"}
        assert session.query(Turn).filter_by(person_id=man).count() == len(inbox)
        outbox = session.query(OutboxMessage).filter_by(person_id=man).order_by(OutboxMessage.seq).all()
        place = {row.id: number for number, row in enumerate(inbox)}
        answered = [place[row.turn_id] for row in outbox]
        assert answered == sorted(answered)
        assert set(answered) == set(place.values())
        rows = session.query(TrackerEvent).filter_by(person_id=man).order_by(TrackerEvent.seq).all()
        events = [row.event.reveal() for row in rows]
        assert [event["text"] for event in events if event["event"] == "user"] == said
        heard = Counter(event["message_id"] for event in events if event["event"] == "user")
        assert set(heard.values()) == {1}
        assert [event["event"] for event in events].count("session_started") == 1
