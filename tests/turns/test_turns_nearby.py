"""A shared location: used while he looks for a place, never stored, and never a reason to stay silent."""

from __future__ import annotations

import json

import pytest

from bot.config import REGIONS
from bot.storage.models import InboxMessage, OutboxMessage
from bot.turns import Kind
from bot.turns.nearby import SEARCH_OPEN_FOR

pytestmark = pytest.mark.asyncio
HERE = (25.8312345, -80.2212345)


async def share(path, place=HERE):
    return await path.says(kind=Kind.MEDIA, content="place", place=place)


async def look_for(path, intent):
    path.consent()
    path.dialogue.intent = intent
    await path.says("is there a group near me")


def stored(path):
    with path.database.read() as session:
        rows = [*session.query(InboxMessage), *session.query(OutboxMessage)]
        return json.dumps([row.body.reveal() for row in rows if row.body is not None])


@pytest.mark.parametrize("intent", ["ask_group", "find_group"])
async def test_the_nearest_comes_first_while_he_looks(path, intent):
    await look_for(path, intent)
    said = await share(path)
    assert said[0] == path.wording("near_places")[0]
    assert said[1].startswith("Circle of Brotherhood: ")
    assert "Why this one: close to you" in said[1]


async def test_where_he_is_lies_nowhere_afterwards(path):
    await look_for(path, "ask_group")
    await share(path)
    assert "25.8" not in stored(path)
    assert "80.2" not in stored(path)


async def test_without_a_search_it_is_not_used(path):
    await look_for(path, "greet")
    assert await share(path) == path.wording("place_not_needed")
    assert "near" not in stored(path).replace("near me", "")


async def test_a_search_is_open_for_a_while_only(path):
    await look_for(path, "ask_group")
    path.clock.forward(seconds=SEARCH_OPEN_FOR.total_seconds() + 1)
    assert await share(path) == path.wording("place_not_needed")


async def test_who_sends_a_place_that_is_no_position_is_asked_for_his_region(path):
    await look_for(path, "ask_group")
    said = await share(path, place=None)
    assert said == path.wording("place_by_region")
    assert len(path.messenger.sent[-1][2]) == len(REGIONS)


async def test_far_away_nothing_is_called_near(path):
    await look_for(path, "ask_group")
    said = await share(path, place=(51.5, -0.1))
    assert "close to you" not in said[1]
