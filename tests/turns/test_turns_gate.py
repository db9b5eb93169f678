"""The gate: committed, screened and answered in one transaction, before anything else."""

from __future__ import annotations

import pytest
from sqlalchemy import event
from sqlalchemy import text as sql

from bot.crisis import Kind as CrisisKind
from bot.crisis import Level, Screening
from bot.errors import StorageError
from bot.escalation.hours import Hours, change_hours
from bot.storage.models import AuditEntry, Flag, InboxMessage, OutboxMessage, Person
from bot.turns import Kind, Reply, ReplyButton, outbox
from bot.turns.gate import RULES_ALONE
from bot.turns.messages import MAX_TEXT_UNITS

CRISIS = "I want to kill myself"


def body(path, index=-1):
    with path.database.read() as session:
        return session.query(InboxMessage).order_by(InboxMessage.seq).all()[index].body.reveal()


def test_message_is_in_the_inbox_when_receive_returns(path):
    path.receive("cannot sleep")
    assert body(path)["text"] == "cannot sleep"
    assert path.inbox_states() == ["pending"]


def test_duplicate_update_has_no_second_effect(path):
    first = path.receive(CRISIS, update_id=9)
    replies = len(path.rows(OutboxMessage))
    assert path.receive(CRISIS, update_id=9) is None
    assert first.level is Level.HIGH
    assert (len(path.rows(InboxMessage)), len(path.rows(OutboxMessage))) == (1, replies)
    assert len(path.reasons()) == 1


@pytest.mark.parametrize(
    ("text", "level"), [(CRISIS, "orange"), ("I'm going to kill myself tonight, the rope is ready", "red")]
)
def test_crisis_puts_reply_flag_and_audit_into_the_same_transaction(path, text, level):
    commits = []
    event.listen(path.database.engine, "commit", lambda connection: commits.append(1))
    path.receive(text)
    assert len(commits) == 1
    assert {row.lane for row in path.rows(OutboxMessage)} == {"crisis"}
    assert [(row.level, row.kind, row.state) for row in path.rows(Flag)] == [(level, "screening", "open")]
    assert [row.action for row in path.rows(AuditEntry)] == ["flag.open"]
    assert "988" in " ".join(path.outbox_texts())


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("i want to kill that man", "violence"),
        ("i hit my wife", "partner_harm"),
        ("i shook the baby", "child_harm"),
        (CRISIS, "screening"),
    ],
)
def test_flag_says_who_is_in_danger(path, text, kind):
    path.receive(text)
    assert [row.kind for row in path.rows(Flag)] == [kind]
    assert "911" in " ".join(path.outbox_texts()) or kind == "screening"


@pytest.mark.parametrize("kind", [CrisisKind.OTHER_PERSON, CrisisKind.BEREAVED])
def test_worry_about_another_sends_numbers_and_opens_no_flag_on_him(path, kind, monkeypatch):
    """Today's rules never put another's danger above concern; a later detector may."""
    monkeypatch.setattr("bot.turns.gate.screen", lambda *_, **__: Screening(Level.HIGH, ("worried",), kind=kind))
    path.receive("my brother says he will do it tonight")
    assert path.rows(Flag) == []
    assert "988" in " ".join(path.outbox_texts())


def test_plain_message_queues_nothing_and_opens_no_flag(path):
    path.receive("work was long")
    assert (path.rows(OutboxMessage), path.rows(Flag)) == ([], [])


def test_storage_error_commits_nothing(path):
    def refuse(*_):
        raise StorageError("The disk is full.")

    event.listen(Flag, "before_insert", refuse)
    try:
        with pytest.raises(StorageError):
            path.receive(CRISIS, update_id=5)
    finally:
        event.remove(Flag, "before_insert", refuse)
    assert not any(path.rows(model) for model in (Person, InboxMessage, OutboxMessage, Flag, AuditEntry))
    assert path.receive(CRISIS, update_id=5).level is Level.HIGH  # the same update, delivered again
    assert len(path.rows(Flag)) == 1


def test_sentence_split_over_two_messages_is_read_as_one(path):
    assert path.receive("I do not want to").level is Level.NONE
    assert path.receive("be here").level >= Level.HIGH
    assert len(path.rows(Flag)) == 1


def ask(path, *, lane=outbox.TURN):
    """Put the direct question to him, as the dialogue or a text of the gate does."""
    person_id = path.consent()
    question = Reply("Are you thinking of ending your life?", (ReplyButton("Yes", "/safety_yes"),))
    with path.database.write() as session:
        outbox.queue(session, person_id, [question], at=path.clock(), lane=lane)


def test_yes_to_the_direct_question_is_flagged_and_answered_before_the_dialogue_sees_it(path):
    ask(path)
    assert path.receive("yes, sometimes").level is Level.HIGH
    assert [(row.level, row.kind) for row in path.rows(Flag)] == [("orange", "screening")]
    assert "answered yes" in str(path.reasons())
    assert "988" in " ".join(path.outbox_texts())


@pytest.mark.parametrize("text", ["no", "not really", "why do you ask", "work was long"])
def test_only_a_yes_is_taken_from_the_dialogue(path, text):
    ask(path)
    assert path.receive(text).level is Level.NONE
    assert path.rows(Flag) == []


def test_yes_is_no_answer_once_something_else_was_said(path):
    ask(path)
    with path.database.write() as session:
        outbox.queue(session, path.rows(Person)[0].id, [Reply("Fancy a walk?")], at=path.clock())
    assert path.receive("yes").level is Level.NONE


def test_numbers_are_not_repeated_to_one_who_answers_the_question_beside_them(path):
    path.receive(CRISIS)
    ask(path)
    told = len(path.outbox_texts())
    path.receive("yes")
    assert len(path.outbox_texts()) == told
    assert "answered yes" in str(path.reasons())
    path.clock.forward(minutes=11)
    path.receive("yes")
    assert "988" in " ".join(path.outbox_texts()[told:])


def test_question_that_cannot_be_opened_counts_as_asked(path):
    ask(path)
    with path.database.write() as session:
        session.execute(sql("UPDATE buttons SET choice_sealed = :broken"), {"broken": bytes(80)})
    assert path.receive("sometimes").level is Level.HIGH


@pytest.mark.parametrize("how", ["another man", "eleven minutes later"])
def test_halves_that_do_not_belong_together_are_read_alone(path, how):
    path.receive("I do not want to")
    if how == "eleven minutes later":
        path.clock.forward(minutes=11)
    alone = path.receive("be here", chat="8" if how == "another man" else "4711")
    assert alone.level is Level.NONE


def test_refused_storage_leaves_no_trace_in_the_memory_of_recent_texts(path, monkeypatch):
    def refuse():
        raise StorageError("locked")

    with monkeypatch.context() as patched:
        patched.setattr(path.database, "write", refuse)
        with pytest.raises(StorageError):
            path.receive("I do not want to")
    assert path.receive("be here").level is Level.NONE


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", [Kind.EDIT, Kind.MEDIA])
async def test_edits_and_captions_are_screened_like_texts(path, kind):
    path.consent()
    replies = await path.says(CRISIS, kind=kind)
    assert "988" in " ".join(replies)
    assert len(path.rows(Flag)) == 1


@pytest.mark.asyncio
async def test_harmless_edit_is_kept_without_an_answer(path):
    path.consent()
    assert await path.says("cannot sleep well", kind=Kind.EDIT) == []
    assert path.inbox_states() == ["done"]
    assert path.dialogue.asked == []


@pytest.mark.asyncio
async def test_edit_that_says_nothing_graver_is_kept_without_a_second_answer(path):
    path.consent()
    await path.says(CRISIS, message_id=5)
    assert await path.says(f"{CRISIS}.", kind=Kind.EDIT, message_id=5) == []
    assert await path.says(f"Honestly, {CRISIS}", kind=Kind.EDIT, message_id=5) == []
    assert len(path.rows(Flag)) == 1
    assert len(path.rows(InboxMessage)) == 3


@pytest.mark.asyncio
async def test_edit_that_says_something_graver_is_answered_once_and_the_dialogue_goes_on_from_it(path):
    path.consent()
    await path.says("cannot sleep", message_id=5)
    graver = await path.says(CRISIS, kind=Kind.EDIT, message_id=5)
    assert "988" in " ".join(graver)
    assert graver[-1] == f"re: {CRISIS}"
    assert await path.says(f"{CRISIS}.", kind=Kind.EDIT, message_id=5) == []
    gravest = await path.says("I'm going to kill myself tonight, the rope is ready", kind=Kind.EDIT, message_id=5)
    assert "911" in " ".join(gravest)
    assert [flag.level for flag in path.rows(Flag)] == ["red"]


@pytest.mark.asyncio
async def test_edit_of_another_message_is_compared_with_that_one_and_not_with_the_last(path):
    path.consent()
    await path.says("cannot sleep", message_id=5)
    path.clock.forward(minutes=30)
    await path.says(CRISIS, message_id=6)
    path.clock.forward(minutes=30)
    assert "988" in " ".join(await path.says(CRISIS, kind=Kind.EDIT, message_id=5))


@pytest.mark.asyncio
async def test_harmless_caption_gets_a_turn(path):
    path.consent()
    assert await path.says("me and my lad", kind=Kind.MEDIA) == ["re: me and my lad"]


@pytest.mark.asyncio
async def test_picture_without_words_is_answered_in_words_with_a_way_to_a_person(path):
    path.consent()
    replies = await path.says(None, kind=Kind.MEDIA)
    assert replies == path.wording("cannot_see")
    assert "988" in replies[-1]


@pytest.mark.asyncio
@pytest.mark.parametrize("character", ["a", "\N{OK HAND SIGN}"])
async def test_over_long_text_is_cut_as_telegram_would_and_he_is_told(path, character):
    path.consent()
    words = character * 5_000 + " and word"
    replies = await path.says("word " + words)
    kept = body(path)
    assert kept["cut"] is True
    assert MAX_TEXT_UNITS - 1 <= len(kept["text"].encode("utf-16-le")) / 2 <= MAX_TEXT_UNITS
    assert replies[:-1] == path.wording("too_long")
    assert replies[-1].startswith("re: word ")


@pytest.mark.asyncio
async def test_three_crises_are_answered_in_three_ways_and_join_in_one_flag(path):
    path.consent()
    answers = [" ".join(path.outbox_texts(lane="crisis")) for _ in range(3) if path.receive(CRISIS)]
    assert len({len(answer) for answer in answers}) == 3
    first_bubbles = path.outbox_texts(lane="crisis")[::2]
    assert len(set(first_bubbles)) == 3
    assert len(path.rows(Flag)) == 1
    assert len(path.reasons()) == 3


@pytest.mark.parametrize(("region", "number"), [("uk", "116 123"), ("de", "0800 111"), ("us", "988")])
def test_safety_reply_gives_the_numbers_of_his_region(path, region, number):
    from bot.turns.people import change_setting

    path.consent()
    with path.database.write() as session:
        change_setting(session.get(Person, path.person().id), "region", region)
    path.receive(CRISIS)
    assert number in " ".join(path.outbox_texts())


def test_lone_surrogates_and_null_bytes_are_stored_as_something_readable(path):
    path.receive("a\x00b \ud83d end")
    assert body(path)["text"] == "a\x00b ? end"


def test_damaged_settings_do_not_stop_the_safety_reply(path):
    path.consent()
    with path.database.write() as session:
        person = session.get(Person, path.person().id)
        session.connection().exec_driver_sql(
            "UPDATE persons SET settings_sealed = chat_sealed WHERE id = ?", (person.id,)
        )
    assert path.receive(CRISIS).level is Level.HIGH
    assert "988" in " ".join(path.outbox_texts())


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.asyncio
async def test_sentence_split_over_a_restart_is_read_as_one(path, keeps):
    path.consent(keeps=keeps)
    await path.says("I do not want to")
    path.restart()
    path.clock.forward(minutes=9)
    path.conductor._sweep()  # lets go of what a man said who wants no log, but not within the ten minutes
    assert path.receive("be here").level >= Level.HIGH


@pytest.mark.parametrize("how", ["another man", "eleven minutes later", "erased"])
def test_a_restart_joins_no_halves_that_do_not_belong_together(path, how):
    path.receive("I do not want to")
    path.restart()
    if how == "eleven minutes later":
        path.clock.forward(minutes=11)
    if how == "erased":
        with path.database.write() as session:
            session.query(InboxMessage).delete()
    alone = path.receive("be here", chat="8" if how == "another man" else "4711")
    assert alone.level is Level.NONE


def test_after_a_restart_the_inbox_is_read_once_and_no_further_than_memory_would_reach(path):
    path.receive("I do not want to")
    for _ in range(4):
        path.receive("sorry, the phone rang")
    path.restart()
    reads = []

    def note(row, context):
        reads.append(row.id)

    event.listen(InboxMessage, "load", note)
    try:
        assert path.receive("be here").level is Level.NONE  # the half is five messages back
        assert path.receive("well").level is Level.NONE
    finally:
        event.remove(InboxMessage, "load", note)
    assert len(reads) == 4


def test_an_earlier_message_that_cannot_be_opened_stops_no_screening(path):
    path.receive("I do not want to")
    path.receive("rough night")
    with path.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE inbox SET body_sealed = screening_sealed WHERE seq = 2")
    path.restart()
    assert path.receive("be here").level >= Level.HIGH


def test_a_flag_says_when_only_the_rules_have_read_the_message(path, monkeypatch):
    monkeypatch.setattr("bot.crisis.classifier.fault", lambda: "its file is missing")
    path.receive(CRISIS)
    assert RULES_ALONE in path.reasons()


def test_a_flag_says_nothing_of_the_kind_when_all_is_well(path):
    path.receive(CRISIS)
    assert RULES_ALONE not in path.reasons()


def test_the_leads_sentence_of_the_hour_follows_the_safety_reply(path):
    hours = Hours(sentence_closed="Nobody reads this before Monday, nine o'clock.")
    with path.database.write() as session:
        change_hours(session, hours, staff_id="rosa", at=path.clock())
    path.receive(CRISIS)
    assert any(hours.sentence_closed in text for text in path.outbox_texts())
