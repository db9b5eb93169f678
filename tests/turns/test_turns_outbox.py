"""The outbox and its sender: order, the crisis lane, and what each failure means for the message."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from bot.errors import NotSentError, SlowDownError, UncertainSendError, UnreachableError
from bot.storage.models import OutboxMessage
from bot.turns import Reply, ReplyButton, outbox

pytestmark = pytest.mark.asyncio


def owe(path, *texts, chat="4711", **more):
    person_id = path.consent(chat) if more.pop("consent", True) else path.person(chat).id
    with path.database.write() as session:
        outbox.queue(session, person_id, [Reply(text) for text in texts], at=path.clock(), **more)
    return person_id


async def test_bubbles_leave_in_order(path):
    owe(path, "one", "two", "three")
    await path.sender.drain()
    assert path.heard() == ["one", "two", "three"]
    assert path.outbox_states() == ["sent"] * 3
    assert [row.delivery_ref for row in path.rows(OutboxMessage)] == [1, 2, 3]


async def test_crisis_lane_overtakes(path):
    owe(path, "chat one", "chat two")
    owe(path, "numbers", lane=outbox.CRISIS)
    await path.sender.drain()
    assert path.heard() == ["numbers", "chat one", "chat two"]


async def test_man_in_crisis_is_served_before_other_men(path):
    owe(path, "chat", chat="1")
    owe(path, "numbers", chat="2", lane=outbox.CRISIS)
    await path.sender.drain()
    assert [chat for chat, _, _ in path.messenger.sent] == ["2", "1"]


async def test_slow_down_delays_one_chat_only_and_keeps_its_order(path):
    owe(path, "one", "two", chat="1")
    owe(path, "other", chat="2")
    path.messenger.failures_of["1"] = [SlowDownError(30)]
    await path.sender.drain()
    assert (path.heard("1"), path.heard("2")) == ([], ["other"])
    path.clock.forward(seconds=29)
    await path.sender.drain()
    assert path.heard("1") == []
    path.clock.forward(seconds=1)
    await path.sender.drain()
    assert path.heard("1") == ["one", "two"]


async def test_crisis_lane_does_not_wait_for_a_delayed_chat_lane(path):
    owe(path, "one")
    path.messenger.failures.append(NotSentError("no"))
    await path.sender.drain()
    owe(path, "numbers", lane=outbox.CRISIS)
    await path.sender.drain()
    assert path.heard() == ["numbers"]


async def test_refused_message_is_tried_again_with_growing_pauses_and_given_up(path):
    owe(path, "one")
    path.messenger.failures += [NotSentError("no", is_refused=True)] * outbox.MOST_ATTEMPTS
    waits = []
    while path.outbox_states() == ["pending"]:
        before = path.clock()
        path.clock.now = path.rows(OutboxMessage)[0].due_at
        waits.append((path.clock() - before).total_seconds())
        await path.sender.drain()
    assert waits[:4] == [0, 2, 4, 8]
    assert max(waits) == 60
    assert path.outbox_states() == ["undeliverable"]


async def test_blocked_man_is_noted_on_his_open_flag_and_not_tried_again(path):
    path.consent()
    path.receive("I want to kill myself")
    path.messenger.failures.append(UnreachableError("blocked"))
    await path.sender.drain()
    assert set(path.outbox_states()) == {"undeliverable"}
    assert any("blocked the bot" in reason for reason in path.reasons())
    assert path.person().unreachable_at == path.clock()


async def test_blocked_man_who_writes_again_is_reachable(path):
    owe(path, "one")
    path.messenger.failures.append(UnreachableError("blocked"))
    await path.sender.drain()
    assert await path.says("back again") == ["re: back again"]
    assert path.person().unreachable_at is None


@pytest.mark.parametrize(("resend", "heard", "state"), [(True, ["one"], "sent"), (False, [], "uncertain")])
async def test_uncertain_message_is_sent_again_only_where_twice_does_no_harm(path, resend, heard, state):
    owe(path, "one", resend=resend)
    path.messenger.failures.append(UncertainSendError("cut off"))
    await path.sender.drain()
    path.clock.forward(seconds=2)
    await path.sender.drain()
    assert (path.heard(), path.outbox_states()) == (heard, [state])


@pytest.mark.parametrize(("resend", "state"), [(True, "pending"), (False, "uncertain")])
async def test_message_cut_off_midway_by_a_crash_is_settled_at_the_next_start(path, resend, state):
    person_id = owe(path, "one", "two", resend=resend)
    with path.database.write() as session:
        assert outbox.take_next(session, person_id, at=path.clock()).text == "one"
    path.restart()
    await path.sender.drain()
    assert path.outbox_states() == ["pending", "pending"] if resend else ["uncertain", "sent"]
    path.clock.forward(seconds=2)
    await path.sender.drain()
    assert path.heard() == (["one", "two"] if resend else ["two"])
    assert path.outbox_states() == ["sent" if resend else state, "sent"]


async def test_only_its_own_door_is_recovered_and_sent(path):
    person_id = owe(path, "one")
    with path.database.write() as session:
        outbox.take_next(session, person_id, at=path.clock())
        assert outbox.due_persons(session, "console", at=path.clock()) == []
        assert outbox.due_persons(session, "telegram", at=path.clock()) == [person_id]


async def test_erased_while_on_its_way_is_no_error(path):
    from bot.storage.retention import erase_person

    person_id = owe(path, "one")
    with path.database.write() as session:
        parcel = outbox.take_next(session, person_id, at=path.clock())
    with path.database.write() as session:
        erase_person(session, person_id)
    await path.sender._send_one(parcel)
    assert path.rows(OutboxMessage) == []


async def test_sent_message_is_not_forgotten_while_the_database_is_locked(path, monkeypatch):
    from bot.errors import StorageError
    from bot.turns import sender

    owe(path, "one")
    monkeypatch.setattr(sender, "IDLE_SECONDS", 0)
    write, refusals = path.database.write, [StorageError("locked")]

    def sometimes():
        if path.messenger.sent and refusals:
            raise refusals.pop()
        return write()

    monkeypatch.setattr(path.database, "write", sometimes)
    await path.sender.drain()
    assert (path.heard(), path.outbox_states()) == (["one"], ["sent"])


async def test_waiting_message_does_not_keep_the_sender_spinning(path, monkeypatch):
    owe(path, "one", "two")
    path.messenger.failures.append(SlowDownError(30))
    await path.sender.drain()
    looks = []
    due = outbox.due_persons
    monkeypatch.setattr(outbox, "due_persons", lambda *a, **k: looks.append(1) or due(*a, **k))
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(path.sender.run(), 0.3)
    assert len(looks) <= 3


async def test_outage_costs_no_message_and_a_man_in_crisis_is_tried_every_two_seconds(path):
    owe(path, "chat")
    owe(path, "numbers", lane=outbox.CRISIS)
    path.messenger.failures += [NotSentError("Telegram is away")] * 3 * outbox.MOST_ATTEMPTS
    waits = {outbox.CRISIS: [], outbox.TURN: []}
    while path.messenger.failures:
        await path.sender.drain()
        for row in path.rows(OutboxMessage):
            waits[row.lane].append((row.due_at - path.clock()).total_seconds())
        path.clock.forward(seconds=1)
    path.clock.forward(seconds=60)
    await path.sender.drain()
    assert path.heard() == ["numbers", "chat"]
    assert max(waits[outbox.CRISIS]) == 2
    assert max(waits[outbox.TURN]) == 60


async def test_what_is_a_day_old_is_given_up(path):
    owe(path, "one")
    path.clock.forward(hours=24)
    path.messenger.failures.append(NotSentError("Telegram is away"))
    await path.sender.drain()
    assert path.outbox_states() == ["undeliverable"]


@pytest.mark.parametrize(
    ("payload", "resend"), [('/phq9_answer{"a": 1}', False), ('/mood_checkin{"mood": "1"}', False), ("/ask_gp", True)]
)
async def test_question_of_a_questionnaire_is_never_shown_twice(path, payload, resend):
    person_id = path.consent()
    with path.database.write() as session:
        reply = Reply("2 of 9", (ReplyButton("Several days", payload),))
        outbox.queue(session, person_id, [reply], at=path.clock())
    assert [row.resend for row in path.rows(OutboxMessage)] == [resend]


async def test_receipt_of_a_setting_is_not_sent_twice_and_a_helpline_is(path):
    path.consent()
    path.receive("/region")
    await path.work()
    path.messenger.failures += [UncertainSendError("cut off")] * 2
    await path.presses("UK")
    await path.says("I want to kill myself")
    states = {row.resend: row.state for row in path.rows(OutboxMessage)}
    assert states[False] == "uncertain"
    path.clock.forward(seconds=2)
    await path.work()
    assert path.wording("region_done")[0] not in " ".join(path.heard())


async def test_taken_over_by_another_process_is_not_settled_twice(path):
    person_id = owe(path, "one")
    with path.database.write() as session:
        parcel = outbox.take_next(session, person_id, at=path.clock())
    with path.database.write() as session:
        outbox.recover(session, person_id, at=path.clock())
    path.clock.forward(seconds=2)
    with path.database.write() as session:
        outbox.take_next(session, person_id, at=path.clock())
    await path.sender._settle(parcel, NotSentError("late"), None)
    (row,) = path.rows(OutboxMessage)
    assert (row.state, row.attempts) == ("sending", 2)
