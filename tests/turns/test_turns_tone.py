"""The tone that goes to the dialogue with each message."""

from __future__ import annotations

import pytest

from bot.storage.models import Flag, Person
from bot.turns.people import change_setting

pytestmark = pytest.mark.asyncio


@pytest.fixture
def dry(path):
    person_id = path.consent()
    with path.database.write() as session:
        change_setting(session.get(Person, person_id), "tone", "dry")
    return path


def tone_of_last(path):
    return path.dialogue.asked[-1].metadata["tone"]


async def test_his_tone_goes_with_the_message_and_his_other_settings_do_not(dry):
    await dry.says("work is long")
    assert dry.dialogue.asked[-1].metadata == {
        "level": "none",
        "kind": "self",
        "reasons": [],
        "region": "us-miami",
        "language": "en",
        "tone": "dry",
    }


async def test_who_has_not_chosen_is_spoken_to_plainly(path):
    path.consent()
    await path.says("work is long")
    assert tone_of_last(path) == "plain"


@pytest.mark.parametrize("text", ["I want to kill myself", "/person"])
async def test_no_humour_from_the_message_that_opens_a_flag_until_it_is_closed(dry, text):
    await dry.says(text)
    await dry.says("hm")
    assert {request.metadata["tone"] for request in dry.dialogue.asked} == {"plain"}
    with dry.database.write() as session:
        flag = session.query(Flag).one()
        flag.state, flag.closed_at = "resolved", dry.clock()
    await dry.says("hm")
    assert tone_of_last(dry) == "dry"
