"""The real bot process against a fake Bot API over HTTP, with a real Rasa server behind it."""

from __future__ import annotations

import itertools
import time

import pytest
import pytest_asyncio

from bot.clock import utc_now
from bot.codebook import code_ids
from bot.content import say
from bot.storage.models import FollowUp
from tests.path_fixtures import Bot, Ledger, Rasa, Switch, fake_telegram, shared_rasa, until

__all__ = ["shared_rasa"]
pytestmark = pytest.mark.asyncio(loop_scope="module")
CRISIS = "I want to kill myself"
KEEP = "I'm 18+, keep it"
_men = itertools.count(1001)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api():
    async with fake_telegram(first_update=10_001) as fake:
        yield fake


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rasa(shared_rasa: Rasa):
    """The way to Rasa, which a test may cut."""
    switch = Switch(shared_rasa.port)
    await switch.on()
    yield switch
    await switch.off()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bot(shared_rasa: Rasa, rasa: Switch, api):
    process = Bot(shared_rasa.house, api, rasa.url)
    await until(lambda: api.polls, what="the first poll")
    yield process
    assert process.process.poll() is None, "the bot must not end by itself"
    assert process.stop() == 0


@pytest.fixture
def ledger(shared_rasa: Rasa):
    database = shared_rasa.house.open()
    yield Ledger(database)
    database.close()


@pytest.fixture
def man() -> int:
    return next(_men)


async def begin(api, man):
    """Take him through the first questions with a press."""
    api.say(man, "/start")
    question = await api.wait_for_message(man, say("consent_question", "us-miami")[0])
    api.press(man, question.message_id, question.buttons[KEEP])
    await api.wait_for_message(man, say("consent_yes", "us-miami")[0])
    await api.wait_for_message(man, say("region_question", "us-miami")[-1])  # comes by itself, and no fault is for it


async def answered(api, man, ledger, *, within=20):
    """Wait until nothing of his is open and return what he reads, oldest first."""
    await until(lambda: api.pending == 0, within, "taking what he sent")
    await until(lambda: all(row.state in ("done", "failed") for row in ledger.inbox(man)), within, "his turn")
    await until(lambda: all(row.state == "sent" for row in ledger.outbox(man)), within, "sending")
    return [sent.text for sent in api.sent if sent.chat_id == man and sent.method == "sendMessage"]


async def test_first_conversation(bot, api, ledger, man):
    await begin(api, man)
    api.say(man, "I hide it from everyone at work, nobody may know")
    heard = await answered(api, man, ledger)
    assert len(heard) >= 7  # four to begin with, one after the press, a reflection and a question
    with ledger.database.read() as session:
        reading = session.merge(ledger.turns(man)[-1]).reading.reveal()
    assert reading["intent"] in code_ids()
    assert ledger.flags(man) == []
    assert ("sendChatAction", man) in [(name, payload.get("chat_id")) for name, payload in api.calls]


async def test_pressed_button_shows_the_choice_and_loses_its_keyboard(bot, api, ledger, man):
    await begin(api, man)
    question = next(sent for sent in api.sent if sent.chat_id == man and sent.buttons)
    await until(lambda: KEEP in api.messages[question.message_id]["text"], what="the edit")
    assert "reply_markup" not in api.messages[question.message_id]
    assert not any("consent" in data for data in question.buttons.values())


async def test_region_tone_and_a_daily_check_in_by_presses_alone(bot, api, ledger, man):
    await begin(api, man)

    async def press(question, label):
        sent = await api.wait_for_message(man, question)
        api.press(man, sent.message_id, sent.buttons[label])
        await until(lambda: f"> {label}" in api.messages[sent.message_id]["text"], what="the choice made")
        assert "reply_markup" not in api.messages[sent.message_id]
        assert sent.payload["protect_content"] is True

    await press(say("region_question", "us-miami")[0], "UK")
    await press(say("first_tone", "uk")[0], "Dry")
    api.say(man, "/remind")
    await press(say("check_in_question", "uk")[0], "Every day")
    await press(say("check_in_hour", "uk")[0], "19:00")
    await api.wait_for_message(man, say("check_in_done", "uk", words={"when": "each day at 19:00"})[0])
    with ledger.database.read() as session:
        (row,) = session.query(FollowUp).filter_by(person_id=ledger.person_id(man)).all()
    assert (row.kind, row.state, row.due_at > utc_now()) == ("check_in", "pending", True)


async def test_crisis_gets_the_numbers_first_and_a_flag(bot, api, ledger, man):
    await begin(api, man)
    started = time.monotonic()
    api.say(man, CRISIS)
    safety = await api.wait_for_message(man, "988")
    assert safety.at - started < 2
    heard = await answered(api, man, ledger)
    assert len(heard) >= 8  # the safety flow goes on after the gate
    assert [(flag.level, flag.kind, flag.state) for flag in ledger.flags(man)] == [("orange", "screening", "open")]


async def test_crisis_as_the_first_message_of_a_stranger(bot, api, ledger, man):
    api.say(man, CRISIS)
    await api.wait_for_message(man, "988")
    await answered(api, man, ledger)
    assert len(ledger.flags(man)) == 1


async def test_photo_with_a_crisis_in_its_caption(bot, api, ledger, man):
    await begin(api, man)
    api.photo(man, CRISIS)
    await api.wait_for_message(man, "988")
    await answered(api, man, ledger)
    assert len(ledger.flags(man)) == 1


async def test_crisis_edited_into_an_old_message(bot, api, ledger, man):
    await begin(api, man)
    update = api.say(man, "hello")
    api.edit(man, api.updates[update]["message"]["message_id"], CRISIS)
    await api.wait_for_message(man, "988")
    assert len(ledger.flags(man)) == 1


@pytest.mark.parametrize("kind", ["photo", "sticker", "voice"])
async def test_what_cannot_be_read_is_answered_in_words(bot, api, ledger, man, kind):
    await begin(api, man)
    getattr(api, kind)(man)
    await api.wait_for_message(man, say("cannot_see", "us-miami")[0])


@pytest.mark.parametrize(
    "text",
    ["x" * 4096, "\N{PENSIVE FACE}" * 3, '/nonsense{"a":"b"}', "\u3000/affirm", "не могу спать", "もう疲れた"],
    ids=["long", "emoji", "nonsense", "hidden slash", "Russian", "Japanese"],
)
async def test_odd_text_gets_an_answer_and_opens_no_flag(bot, api, ledger, man, text):
    await begin(api, man)
    before = len(await answered(api, man, ledger))
    api.say(man, text)
    assert len(await answered(api, man, ledger)) > before
    if turns := ledger.turns(man):
        with ledger.database.read() as session:
            assert session.merge(turns[-1]).reading.reveal()["confidence"] < 1  # guessed, never ordered


async def test_duplicates_change_nothing(bot, api, ledger, man):
    await begin(api, man)
    update = api.say(man, CRISIS)
    heard = await api.wait_for_message(man, "988")
    before = await answered(api, man, ledger)
    polls = api.polls
    for _ in range(3):
        api.redeliver(update)
    await until(lambda: api.pending == 0 and api.polls > polls, what="the repeats")
    assert await answered(api, man, ledger) == before
    assert heard.text in before
    assert len(ledger.inbox(man)) == 3
    assert len(ledger.flags(man)) == 1


async def test_press_repeated_under_a_new_id_is_stale_and_not_a_second_choice(bot, api, ledger, man):
    await begin(api, man)
    presses = [(n, update["callback_query"]) for n, update in api.updates.items() if "callback_query" in update]
    press = next(n for n, query in presses if query["from"]["id"] == man)
    api.redeliver(press, new_id=True)
    await api.wait_for_message(man, say("stale_button", "us-miami")[0])


async def test_group_is_left_and_nothing_of_it_is_stored(bot, api, ledger):
    api.group_message(-4_000, CRISIS)
    await until(lambda: any(name == "leaveChat" for name, _ in api.calls), what="leaving")
    assert ledger.person_id(-4_000) is None


async def test_messages_in_a_row_are_answered_in_their_order(bot, api, ledger, man):
    await begin(api, man)
    for text in ("/help", "cannot sleep", "/region", "my wife left", "/research"):
        api.say(man, text)
    heard = await answered(api, man, ledger)
    heard = heard[heard.index(say("help", "us-miami")[0]) :]  # the first meeting asked for his region as well
    places = [heard.index(say(name, "us-miami")[0]) for name in ("help", "region_question", "research_question")]
    assert places == sorted(places)
    assert places[1] - places[0] > 2
    assert places[2] - places[1] > 1
    seqs = [row.seq for row in ledger.outbox(man)]
    assert [row.delivery_ref for row in ledger.outbox(man)] == sorted(row.delivery_ref for row in ledger.outbox(man))
    assert seqs == sorted(seqs)


async def test_slow_down_delays_one_man_only(bot, api, ledger, man):
    await begin(api, man)
    other = next(_men)
    await begin(api, other)
    api.fail_next("sendMessage", 429, retry_after=3)
    started = time.monotonic()
    api.say(man, "/help")
    await until(lambda: any(row.attempts and row.state == "pending" for row in ledger.outbox(man)), what="429")
    api.say(other, CRISIS)
    await api.wait_for_message(other, "988")
    assert time.monotonic() - started < 3
    texts = say("help", "us-miami")
    first = await api.wait_for_message(man, texts[0])
    last = await api.wait_for_message(man, texts[-1])
    assert first.at - started >= 3
    assert first.at <= last.at


@pytest.mark.parametrize("fault", ["500", "lost before", "lost after"])
async def test_passing_failure_costs_no_answer(bot, api, ledger, man, fault):
    await begin(api, man)
    if fault == "500":
        api.fail_next("sendMessage", 500, times=2)
    else:
        api.time_out_next("sendMessage", after_effect=fault == "lost after", seconds=0.2)
    api.say(man, "/help")
    copies = 2 if fault == "lost after" else 1  # nobody can know; this text does no harm twice
    await api.wait_for_messages(man, copies, containing=say("help", "us-miami")[0])
    heard = await answered(api, man, ledger)
    assert heard.count(say("help", "us-miami")[0]) == copies
    assert heard[-1] == say("help", "us-miami")[-1]


async def test_blocked_bot_is_noted_on_the_flag_and_a_return_is_answered(bot, api, ledger, man):
    await begin(api, man)
    api.fail_next("sendMessage", 403)
    api.say(man, CRISIS)
    await until(lambda: any(row.state == "undeliverable" for row in ledger.outbox(man)), what="the block")
    await until(lambda: all(row.state == "done" for row in ledger.inbox(man)), what="the turn")
    with ledger.database.read() as session:
        (flag,) = [session.merge(flag) for flag in ledger.flags(man)]
        reasons = [reason for entry in flag.reasons.reveal() for reason in entry["reasons"]]
    assert any("blocked the bot" in reason for reason in reasons)
    api.say(man, "/help")
    await api.wait_for_message(man, say("help", "us-miami")[-1])


async def test_telegram_that_fails_for_a_while_is_polled_again(bot, api, ledger, man):
    api.fail_next("getUpdates", 502, times=2)
    await begin(api, man)


async def test_forget_leaves_nothing_of_him(bot, api, ledger, man):
    await begin(api, man)
    api.say(man, "/forget")
    question = await api.wait_for_message(man, say("forget_question", "us-miami")[0])
    person_id = ledger.person_id(man)
    api.press(man, question.message_id, question.buttons["Wipe it"])
    await api.wait_for_message(man, say("forget_done", "us-miami")[0])
    assert ledger.person_id(man) is None
    with ledger.database.read() as session:
        from bot.storage.models import InboxMessage, PersonKey, TrackerEvent

        for model in (InboxMessage, PersonKey, TrackerEvent):
            assert session.query(model).filter_by(person_id=person_id).count() == 0


async def test_channel_refuses_who_does_not_know_the_token(shared_rasa: Rasa):
    body = {"person": "x", "message_id": "y", "text": "hi", "payload": "", "metadata": {}}
    assert shared_rasa.turn(body, token="guessed").status_code == 401


async def test_while_rasa_is_down_crisis_is_answered_at_once_and_talk_when_it_is_back(rasa, bot, api, ledger, man):
    other = next(_men)
    await begin(api, man)
    await begin(api, other)
    await rasa.off()
    try:
        started = time.monotonic()
        api.say(man, CRISIS)
        safety = await api.wait_for_message(man, "988")
        assert safety.at - started < 2
        await api.wait_for_message(man, say("safety_static", "us-miami")[0])
        api.say(other, "cannot sleep since the divorce")
        told = await api.wait_for_message(other, say("failure", "us-miami")[0])
        assert "988" in told.text
        assert ledger.inbox(other)[-1].state == "pending"
        since = len(api.sent)
    finally:
        await rasa.on()
    await api.wait_for_message(other, since=since, timeout=30)
    assert say("failure", "us-miami")[0] not in (await answered(api, other, ledger, within=30))[-1]
    await answered(api, man, ledger, within=30)
    assert len(ledger.flags(man)) == 1
