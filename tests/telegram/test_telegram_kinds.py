"""Every kind of update that Telegram can send, through the real gate and the real path to its answer."""

from __future__ import annotations

import asyncio

import pytest
from telegram import Bot, Message, Update
from telegram.constants import MessageType

from bot.content import say
from bot.storage.models import Flag, InboxMessage, Person
from bot.telegram.feed import parse
from bot.telegram.kinds import CONTENT, SERVICE
from bot.turns.people import find_or_begin
from tests.telegram.kinds import EVERY, MESSAGES, NOTHING, OTHERS, PRIVATE, WORDS, member, message

pytestmark = pytest.mark.asyncio
CHAT = "7"
# Marks on a message of another kind, not kinds of their own.
MARKS = {"business_connection_id", "effect_id", "reply_to_story", "sender_boost_count", "sender_business_bot"}
# Of a poll, a group's ads or a gift there is no small example; they are told by name as their neighbours are.
NO_EXAMPLE = {"unique_gift", "poll_option_added", "poll_option_deleted"}
NO_EXAMPLE |= {f"suggested_post_{what}" for what in ("info", "approved", "approval_failed", "paid")}


@pytest.mark.parametrize("name", EVERY)
async def test_every_kind_is_taken_and_answered_as_it_should_be(line, name):
    raw, reads = EVERY[name]
    line.path.consent(CHAT)
    await line.take(raw)
    heard = line.path.heard(CHAT)
    if reads == NOTHING:
        assert heard == []
    elif reads == WORDS:
        assert heard[0].startswith("re: ")
    else:
        assert heard == say(reads, "us-miami")
    assert line.path.rows(Flag) == []
    assert {row.state for row in line.path.rows(InboxMessage)} <= {"done"}
    asked = {method for method, _ in line.api.calls}  # nothing is downloaded
    assert asked <= {"getMe", "leaveChat", "answerCallbackQuery", "editMessageText"}


@pytest.mark.parametrize("name", [name for name, (raw, _) in OTHERS.items() if "group" in name or "channel" in name])
async def test_nothing_of_a_group_or_channel_is_stored(line, name):
    await line.take(OTHERS[name][0])
    assert (line.path.rows(Person), line.path.rows(InboxMessage)) == ([], [])


@pytest.mark.parametrize(
    ("name", "calls"),
    [
        ("group", 1),
        ("small group", 1),
        ("channel_post", 1),
        ("my_chat_member in a group", 1),
        ("my_chat_member out of a group", 0),
        ("callback_query", 0),
    ],
)
async def test_groups_and_channels_are_left(line, name, calls):
    await line.take(OTHERS[name][0])
    assert [method for method, _ in line.api.calls].count("leaveChat") == calls


@pytest.mark.parametrize("name", [name for name, (raw, _) in OTHERS.items() if "callback_query" in raw])
async def test_every_press_is_answered_so_that_its_clock_stops(line, name):
    line.path.consent(CHAT)
    await line.take(OTHERS[name][0])
    assert [method for method, _ in line.api.calls].count("answerCallbackQuery") == 1


async def test_every_update_type_and_every_message_type_that_the_library_knows_has_its_example():
    examples = {key for raw, _ in EVERY.values() for key in raw}
    assert {str(kind.value) for kind in Update.ALL_TYPES} - examples == set()
    held = {key for fields, _ in MESSAGES.values() for key in fields}
    assert {kind.value for kind in MessageType} - held - MARKS - NO_EXAMPLE == set()


async def test_every_message_type_that_the_library_knows_is_told_as_his_or_as_telegrams_own():
    """A new version of the library that knows a new kind fails here, so that somebody decides."""
    told = {name for names in CONTENT.values() for name in names} | set(SERVICE) | {"text"} | MARKS
    assert {kind.value for kind in MessageType} - told == set()
    assert told - set(Message.__slots__) <= {"sender_boost_count", "sender_business_bot"}


@pytest.mark.parametrize("name", [name for name in EVERY if name not in ("not an object", "without a chat")])
async def test_every_example_is_one_that_the_library_reads_whole(name):
    """Else the example is wrong, or is read by the door's emergency reading only."""
    Update.de_json({"update_id": 1, **EVERY[name][0]}, None)


async def test_unreadable_update_is_passed_over():
    async with Bot("42:TEST", base_url="http://127.0.0.1:9/bot").request:
        assert parse({"update_id": 1, "message": "hello"}, Bot("42:TEST")) is None


async def test_place_is_of_use_while_he_looks_for_a_service_and_its_coordinates_are_not_kept(line):
    line.path.consent(CHAT)
    line.path.dialogue.intent = "ask_local_service"
    await line.take({"message": message(text="/find")})
    await line.take({"message": message(location={"latitude": 25.77, "longitude": -80.19})})
    assert line.path.heard(CHAT)[1].endswith("Where you are is forgotten already.")
    with line.path.database.read() as session:
        bodies = [str(row.body.reveal()) for row in session.query(InboxMessage)]
    assert not any("25.77" in body or "80.19" in body for body in bodies)
    line.path.clock.forward(minutes=11)
    await line.take({"message": message(location={"latitude": 25.77, "longitude": -80.19})})
    assert line.path.heard(CHAT)[-1:] == say("place_not_needed", "us-miami")


async def test_man_who_blocks_the_bot_is_noted_once_on_his_flag_and_his_return_is_noted_too(line):
    await line.take({"message": message(text="I want to kill myself")})
    for _ in range(2):
        await line.take({"my_chat_member": member("kicked", PRIVATE)})
    assert [reason for reason in line.path.reasons() if "blocked the bot" in reason] == [
        "he has blocked the bot or left the chat; he cannot be reached through it"
    ]
    assert line.path.person(CHAT).unreachable_at is not None
    await line.take({"my_chat_member": member("member", PRIVATE)})
    assert line.path.person(CHAT).unreachable_at is None


async def test_stranger_who_blocks_the_bot_leaves_no_trace(line):
    await line.take({"my_chat_member": member("kicked", PRIVATE)})
    assert line.path.rows(Person) == []


async def test_block_that_could_not_be_written_down_is_not_acknowledged(line, monkeypatch):
    from bot.errors import StorageError

    with line.path.database.write() as session:
        find_or_begin(session, "telegram", CHAT, region="uk", language="en", at=line.path.clock())

    def gone():
        raise StorageError("The database is gone.")

    monkeypatch.setattr(line.path.database, "write", gone)
    with pytest.raises(StorageError):
        await line.take({"my_chat_member": member("kicked", PRIVATE)})


async def test_words_of_polls_and_checklists_are_screened(line):
    line.path.consent(CHAT)
    raw, _ = EVERY["message: poll"]
    poll = {**raw["message"]["poll"], "question": "should I kill myself tonight"}
    await line.take({"message": message(poll=poll)})
    checklist = {"title": "tonight", "tasks": [{"id": 1, "text": "I want to kill myself"}]}
    await line.take({"message": message(message_id=4, checklist=checklist)})
    assert len(line.path.rows(Flag)) == 1
    assert len(line.path.rows(InboxMessage)) == 2


async def test_small_tasks_end():
    assert asyncio.all_tasks() - {asyncio.current_task()} == set()
