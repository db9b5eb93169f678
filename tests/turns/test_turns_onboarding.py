"""First meeting: consent before talk, nothing lost that he wrote before, and no form in front of a crisis."""

from __future__ import annotations

import pytest

from bot.consent import ADULT, RESEARCH, STORAGE, answer_of
from bot.escalation import follow_ups
from bot.storage.models import Flag, InboxMessage, Person, Turn
from bot.turns.people import settings_of

pytestmark = pytest.mark.asyncio


def answers(path):
    with path.database.read() as session:
        return tuple(answer_of(session, path.person().id, kind) for kind in (ADULT, STORAGE, RESEARCH))


def says_he_is_safe(path):
    with path.database.write() as session:
        follow_ups.answer(session, path.person().id, is_safe=True, at=path.clock())


async def test_first_message_is_held_until_consent_and_then_answered(path):
    said = await path.says("I can't tell my wife")
    assert said[:-1] == path.wording("intro")
    assert path.inbox_states() == ["held"]
    assert path.dialogue.asked == []
    after = await path.presses("I'm 18+, keep it")
    assert after[:-1] == [*path.wording("consent_yes_waiting"), "re: I can't tell my wife"]
    assert after[-1:] == path.wording("first_region_later")  # behind the answer, and no condition for it
    assert answers(path) == (True, True, None)


async def test_all_held_messages_are_answered_in_the_order_they_came(path):
    for text in ("first", "second", "third"):
        await path.says(text)
    after = await path.presses("I'm 18+, keep it")
    assert after[-4:-1] == ["re: first", "re: second", "re: third"]


async def test_start_is_not_held(path):
    await path.says("/start")
    after = await path.presses("I'm 18+, keep it")
    assert after == [*path.wording("consent_yes"), *path.wording("region_question")]


async def test_second_message_gets_a_reminder_and_not_the_whole_introduction(path):
    await path.says("/start")
    reminder = await path.says("hello?")
    assert reminder == [*path.wording("consent_reminder"), *path.wording("consent_question")]


@pytest.mark.parametrize(("typed", "kept"), [("yes", True), ("Yeah.", True), ("NO", False), ("don’t keep it", False)])
async def test_typed_choice_counts_like_a_button(path, typed, kept):
    await path.says("/start")
    await path.says(typed)
    assert answers(path)[:2] == (True, kept)


async def test_yes_as_the_very_first_word_is_not_consent(path):
    await path.says("yes")
    assert answers(path) == (None, None, None)
    assert path.inbox_states() == ["held"]


async def test_under_age_man_is_sent_on_and_stays_out(path):
    await path.says("my dad shouts")
    after = await path.presses("Under 18")
    assert after == path.wording("too_young")
    assert "988" in after[-1]
    assert await path.says("please") == path.wording("too_young")
    assert path.dialogue.asked == []
    assert path.inbox_states() == ["done"] * 3


async def test_crisis_passes_without_consent(path):
    said = await path.says("I want to kill myself")
    assert "988" in " ".join(said)
    assert said[-1] == "re: I want to kill myself"
    assert len(path.rows(Flag)) == 1
    assert await path.says("sorry") == ["re: sorry"]  # the direct question is open: nothing stands before it
    says_he_is_safe(path)
    assert (await path.says("sorry about that"))[:-1] == path.wording("intro")  # the questions come later


async def test_crisis_of_an_under_age_man_is_still_answered(path):
    await path.says("/start")
    await path.presses("Under 18")
    assert "988" in " ".join(await path.says("I want to kill myself"))
    assert len(path.rows(Flag)) == 1


async def test_refusal_keeps_the_dialogue_but_no_words_after_the_window(path):
    await path.says("the lads at work")
    after = await path.presses("I'm 18+, keep nothing")
    assert after[-2] == "re: the lads at work"
    assert await path.says("more of it") == ["re: more of it"]
    assert all(row.reading is None for row in path.rows(Turn))
    path.clock.forward(minutes=11)
    path.conductor._sweep()
    assert [(row.body_sealed, row.screening_sealed) for row in path.rows(InboxMessage)] == [(None, None)] * 4
    assert path.outbox_texts_left() == 0


async def test_refusal_keeps_the_message_that_a_flag_points_to(path):
    path.consent(keeps=False)
    await path.says("I want to kill myself")
    await path.says("never mind")
    path.clock.forward(minutes=11)
    path.conductor._sweep()
    kept = [row.body_sealed is not None for row in path.rows(InboxMessage)]
    assert kept == [True, False]


async def test_man_who_agreed_keeps_his_talk_after_the_window(path):
    path.consent()
    await path.says("the lads at work")
    path.clock.forward(minutes=11)
    path.conductor._sweep()
    assert path.rows(InboxMessage)[0].body_sealed is not None


async def test_what_was_said_before_a_refusal_goes_too(path):
    await path.says("I want to kill myself")  # passes without consent, and is read
    assert path.rows(Turn)[0].reading_sealed is not None
    says_he_is_safe(path)
    await path.says("hm")
    await path.presses("I'm 18+, keep nothing")
    path.clock.forward(minutes=11)
    path.conductor._sweep()
    assert all(row.reading_sealed is None for row in path.rows(Turn))


def settings(path):
    with path.database.read() as session:
        return settings_of(session.get(Person, path.person().id))


async def test_region_and_tone_are_two_presses_and_then_it_is_his_turn(path):
    await path.says("/start")
    await path.presses("I'm 18+, keep it")
    assert await path.presses("UK") == path.wording("first_tone", "uk")
    assert await path.presses("Dry") == path.wording("first_done", "uk")
    assert (settings(path)["region"], settings(path)["tone"]) == ("uk", "dry")
    assert await path.says("cannot sleep") == ["re: cannot sleep"]
    assert path.dialogue.asked[-1].metadata["tone"] == "dry"
    assert path.dialogue.asked[-1].metadata["region"] == "uk"


async def test_both_may_be_skipped_and_typed_and_leave_what_was_there(path):
    await path.says("/start")
    await path.presses("I'm 18+, keep it")
    assert await path.presses("Skip") == path.wording("first_tone")
    assert await path.says("skip.") == path.wording("first_done")
    assert settings(path) == {"region": "us-miami", "language": "en"}
    assert path.dialogue.asked == []


async def test_whoever_writes_instead_is_answered_and_may_press_later(path):
    await path.says("/start")
    await path.says("yes")
    assert await path.says("my wife left") == ["re: my wife left"]
    assert await path.presses("Germany") == path.wording("first_tone", "de")
    assert await path.says("and took the dog") == ["re: and took the dog"]
    assert settings(path)["region"] == "de"


async def test_the_questions_do_not_come_between_a_crisis_and_its_answer(path):
    await path.says("/start")
    await path.says("I want to kill myself")
    after = await path.presses("I'm 18+, keep it")
    assert after == path.wording("consent_yes_waiting")  # announces no questions
    assert await path.says("I don't know") == ["re: I don't know"]


async def test_an_open_question_of_safety_drops_the_questions_that_waited_behind_an_answer(path):
    await path.says("the lads at work")
    path.dialogue.is_down = True
    await path.presses("I'm 18+, keep it")  # the answer and the questions behind it wait
    await path.says("I want to kill myself")
    path.dialogue.is_down = False
    path.clock.forward(minutes=2)
    await path.work()
    assert path.heard()[-2:] == ["re: the lads at work", "re: I want to kill myself"]
    assert set(path.inbox_states()) == {"done"}


async def test_while_rasa_is_away_the_questions_wait_silently_behind_the_answer(path):
    await path.says("the lads at work")
    path.dialogue.is_down = True
    told = await path.presses("I'm 18+, keep it")
    assert told == [*path.wording("consent_yes_waiting"), *path.wording("failure")]
    path.dialogue.is_down = False
    path.clock.forward(minutes=2)
    await path.work()
    assert path.heard()[-2:] == ["re: the lads at work", *path.wording("first_region_later")]


async def test_all_of_it_is_read_and_pressed_in_under_a_minute(path):
    """238 words a minute: silent reading of adults, Brysbaert 2019. Two seconds for each of three presses."""
    names = ("intro", "consent_question", "consent_yes", "region_question", "first_tone", "first_done")
    bubbles = [bubble for name in names for bubble in path.wording(name)]
    assert len(path.wording("intro")) + 1 == 4
    assert sum(len(bubble.split()) for bubble in bubbles) / 238 * 60 + 3 * 2 < 60
