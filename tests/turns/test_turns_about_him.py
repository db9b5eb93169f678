"""The three questions after the yes to research: asked once, skippable, and gone with the yes."""

from __future__ import annotations

import pytest

from bot.consent import STORAGE, record_answer
from bot.content import label
from bot.records.about_him import QUESTIONS, SKIP, answers_of
from bot.storage.models import FollowUp
from bot.turns import Kind

pytestmark = pytest.mark.asyncio
YES = "Yes, that's fine"


def kept(path):
    with path.database.read() as session:
        return answers_of(session, path.person().id)


async def test_each_answer_leads_to_the_next_question_and_is_kept(path):
    path.consent()
    await path.says("/research")
    assert await path.presses(YES) == path.wording("research_yes") + path.wording("about_age_question")
    assert await path.presses("25 to 34") == path.wording("about_work_question")
    assert await path.presses("Off sick") == path.wording("about_home_question")
    assert await path.presses("Partner and kids") == path.wording("about_done")
    assert kept(path) == {"age": "25-34", "work": "off-sick", "home": "partner-children"}
    assert path.dialogue.asked == []


async def test_each_question_can_be_skipped(path):
    path.consent()
    await path.says("/research")
    await path.presses(YES)
    for question in QUESTIONS:
        said = await path.presses(f"Skip {question}")
    assert said == path.wording("about_done")
    assert kept(path) == {}


async def test_the_questions_stop_where_he_writes_something_else(path):
    path.consent()
    await path.says("/research")
    await path.presses(YES)
    assert await path.says("cannot sleep") == ["re: cannot sleep"]
    assert kept(path) == {}


async def test_a_no_asks_nothing_and_wipes_what_he_told(path):
    path.consent()
    await path.says("/research")
    await path.presses(YES)
    await path.presses("18 to 24")
    stale = path.token("Out of work")
    await path.says("/research")
    assert await path.presses("No") == path.wording("research_no")
    assert kept(path) == {}
    assert await path.says(kind=Kind.BUTTON, button=stale) == path.wording("stale_button")
    assert kept(path) == {}


async def test_who_keeps_nothing_here_is_asked_nothing(path):
    path.consent()
    with path.database.write() as session:
        record_answer(session, person_id=path.person().id, kind=STORAGE, given=False, at=path.clock())
    await path.says("/research")
    assert await path.presses(YES) == path.wording("research_yes")


async def test_an_open_question_of_safety_comes_first(path):
    path.consent()
    await path.says("/research")
    token = path.token(YES)
    with path.database.write() as session:
        at = path.clock()
        session.add(FollowUp(person_id=path.person().id, kind="day", state="asked", due_at=at, asked_at=at))
    said = await path.says(kind=Kind.BUTTON, button=token)
    assert path.wording("research_yes")[0] in said
    assert path.wording("about_age_question")[0] not in said


async def test_every_choice_has_a_label_and_says_nothing_to_the_messenger(path):
    assert all(label(f"about_{name}_{value}") for name in QUESTIONS for value in (*QUESTIONS[name], SKIP))
    path.consent()
    await path.says("/research")
    await path.presses(YES)
    token = path.token("25 to 34")
    assert "25 to 34" not in token
    assert "about_age" not in token
