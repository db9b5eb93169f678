"""Tools as a man meets them: opened, gone through, stopped, interrupted; the model's reading is played."""

from __future__ import annotations

import pytest

from actions.guide_book import guides, step_at
from bot.turns.commands import MENU, TO_DIALOGUE

STEPS = [step for guide in guides().values() for step in guide.steps.values()]
TOOLS = {  # what each command of a tool must open
    "checkin": "utter_mood_checkin",
    "phq9": "utter_phq9",
    "signs": "utter_signs_begin",
    "today": "utter_today_begin",
    "thought": "utter_thought_begin",
    "sleep": "utter_sleep_trouble",
    "minute": "utter_minute_begin",
    "notes": "utter_notes_begin",
    "helped": "utter_strengths_empty",
    "plan": "utter_safety_plan_intro",
    "doctor": "utter_visit_begin",
    "partner": "utter_partner_help",
    "work": "utter_work_begin",
    "groups": "utter_groups_begin",
    "find": "utter_ask_local_service",
    "tools": "utter_tools_begin",
}


def nothing(played):
    """He has just come."""


def theme(played):
    played.sends("/hiding_it")


def questions(played):
    played.sends("/phq9")
    played.presses("Several days")


def own_words(played):
    played.sends("/thought_check")


def plan(played):
    played.sends("/safety_plan")


def stopped(played):
    played.sends("/stop")


STATES = (nothing, theme, questions, own_words, plan, stopped)
each_state = pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)


@each_state
def test_every_tool_is_in_the_menu_and_opens_from_any_state(man, state):
    """One tap opens the messenger's menu, the second the tool."""
    for command, response in TOOLS.items():
        played = man()
        state(played)
        assert command in MENU
        said = played.sends(TO_DIALOGUE[command])
        if (state, command) == (questions, "phq9"):  # it goes on where he was
            assert "2 of 9" in played.texts[-1]
        elif (state, command) == (plan, "plan"):
            assert said[-1].startswith("utter_safety_plan_")
        else:
            assert response in said


def test_the_page_of_tools_leads_to_each_of_them():
    targets = {pick.target for name in ("begin", "more") for pick in guides()["tools"].steps[name].picks}
    tools = {f"{name}.begin" for name in guides()} - {"tools.begin", "checkin.begin"}
    assert tools <= targets
    assert {"/mood_checkin", "/phq9", "/safety_plan", "/ask_local_service", "/talk_to_person"} <= targets


@pytest.mark.parametrize("word", ["stop", "Stop.", "please stop"])
def test_stop_stops_at_every_step(man, word):
    played = man()
    for step in (step for step in STEPS if step.is_waiting):
        played.slots["guide"] = {"at": step.at, "given": {}}
        assert played.says(word, "fatherhood_expectations") == ["utter_stop"]
        assert played.slots["guide"] is None
        assert played.buttons == {}


def test_stop_in_the_nine_questions_keeps_the_answers_and_takes_no_more(man):
    played = man()
    played.sends("/phq9")
    played.presses("Several days")
    played.presses("Stop for now")
    assert played.said == ["utter_stop"]
    assert played.says("2")[0] == "utter_default"
    played.sends("/phq9")
    assert "2 of 9" in played.texts[0]


def test_an_answer_to_the_nine_questions_can_be_changed(man):
    played = man()
    played.sends("/phq9")
    played.presses("Nearly every day")
    assert "Change the one before" in played.buttons
    played.presses("Change the one before")
    assert "1 of 9" in played.texts[0]
    assert "Change the one before" not in played.buttons
    played.presses("Not at all")
    assert played.slots["phq9_answers"] == [0]
    played.says("change that", "phq9_answer")
    assert played.slots["phq9_answers"] == []


@pytest.mark.parametrize("intent", ["nlu_fallback", "deny", "mood_checkin", "hiding_it", "phq9_answer"])
def test_a_typed_answer_counts_whatever_the_model_takes_it_for(man, intent):
    played = man()
    played.sends("/hiding_it")
    played.sends("/phq9")
    for typed, answers in (("not at all", [0]), ("2", [0, 2])):
        played.says(typed, intent)
        assert played.slots["phq9_answers"] == answers


def test_a_question_of_his_is_answered_and_the_guide_waits_behind_a_button(man):
    played = man()
    played.sends("/thought_check")
    assert played.says("who reads this?", "who_reads_this") == ["utter_who_reads_this"]
    assert played.at is None
    assert played.slots["guide"]["at"] == "thought.begin"


def test_words_at_a_step_that_asks_for_them_are_taken_whatever_the_model_reads(man):
    played = man()
    played.sends("/thought_check")
    assert played.says("i am a useless dad", "fatherhood_expectations") == ["utter_thought_for"]


@pytest.mark.parametrize("intent", ["crisis_high", "crisis_imminent", "crisis_concern"])
def test_what_is_screened_goes_before_every_guide(man, intent):
    played = man()
    played.sends("/thought_check")
    played.says("i want it to end", intent, level=intent.removeprefix("crisis_"))
    assert played.said[0].startswith(("utter_safety_", "utter_concern_"))
    assert played.at is None


def test_a_person_is_a_word_away_inside_every_guide(man):
    played = man()
    played.sends("/thought_check")
    assert "utter_talk_to_person" in played.says("get me a human being", "talk_to_person")


def test_a_label_can_be_typed_whole_or_in_part_and_nonsense_is_asked_once(man):
    played = man()
    played.sends("/sleep_trouble")
    assert played.says("waking up? snoring", "nlu_fallback") == ["utter_guide_pick"]
    assert played.says("blah", "nlu_fallback") != ["utter_guide_pick"]
    played.sends("/sleep_trouble")
    assert played.says("Loud snoring") == ["utter_sleep_snoring"]
    played.sends("/sleep_trouble")
    assert played.says("snoring") == ["utter_sleep_snoring"]
    played.sends("/medication")
    assert played.says("whom to ask then", "ask_who_answers") == ["utter_tablets_whom"]


def test_what_is_about_something_else_is_taken_up_by_its_own_flow(man):
    played = man()
    played.sends("/sleep_trouble")
    assert "utter_lost_empathy_reflection" in played.says("they are fed up with me at home", "lost_empathy")


def test_an_old_button_into_a_step_that_is_gone_is_told_gently(man):
    played = man()
    assert played.sends('/guide{"go": "sleep.gone"}') == ["utter_default"]
    assert step_at("nothing.begin") is None


@pytest.mark.parametrize("keeps", [True, False])
def test_an_old_button_into_any_step_says_something_and_raises_nothing(man, keeps):
    played = man(keeps=keeps)
    for step in STEPS:
        played.slots.clear()
        played.sends(f'/guide{{"go": "{step.at}"}}')
        assert played.messages, step.at
