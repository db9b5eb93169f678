"""The talk about a theme, stage by stage, on trackers made by hand: no model decides here what he meant."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import talk_memory, theme_answers
from actions.nearest import nearest
from actions.not_understood import NotUnderstood
from actions.smalltalk import Say
from actions.talk_book import are_near, questions, themes, title
from actions.themes import NextStep, OtherTopic, Reflect, ThemeAnswer
from bot.codebook import code_ids
from tests.words.test_words import NEVER_GUESSED, domain, responses

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=timezone.utc)
OPENED = {"theme": "hiding_it", "theme_stage": "opened"}
# What positive themes are about is kept and done more of, never mended.
POSITIVE = (
    *("changed_attitude", "salutogenic", "growing_acceptance", "open_minded_family", "partner_support", "gp_gateway"),
    *("fellow_patients", "group_counselling", "mens_group"),
)


@pytest.fixture(autouse=True)
def day(monkeypatch):
    """A day that the test moves; nothing is written about these men."""
    now = [NOW]
    for room in ("talk_memory", "theme_talk", "theme_answers"):
        monkeypatch.setattr(f"actions.{room}.utc_now", lambda: now[0])
    monkeypatch.setattr("actions.flow.note_answer", lambda *_: None)
    return now


class Talker:
    """A man whose slots are kept from turn to turn."""

    def __init__(self, **slots):
        self.slots, self.said, self.payloads, self.events = slots, [], [], [{"event": "user", "text": "hm"}]

    def turn(self, flow, text="", intent="nlu_fallback", *, answer=None, confidence=0.9, codes=(), parts=(), new=False):
        entities = [{"entity": "answer", "value": answer}] if answer else []
        scored = [{"id": code, "score": score} for code, score in codes]
        parsed = {
            "entities": entities,
            "reading": {"codes": [row for row in scored if row["id"] in code_ids()]},
            "intent_ranking": [{"name": row["id"], "confidence": row["score"]} for row in scored],
            "parts": [{"id": code, "score": score} for code, score in parts],
        }
        message = {"event": "user", "text": text or f"/{intent}", "parse_data": parsed, "metadata": {}}
        begun = [{"event": "session_started"}] if new else []  # Rasa leaves the session before in front of it
        self.events = [*self.events, *begun, message]
        latest = {"intent": {"name": intent, "confidence": confidence if text else None}, "text": text}
        tracker = Tracker("nobody", dict(self.slots), latest, list(self.events), False, None, {}, None)
        dispatcher = CollectingDispatcher()
        for event in flow.run(dispatcher, tracker, {}):
            self.slots[event["name"]] = event["value"]
        self.said = [message["response"] for message in dispatcher.messages]
        buttons = [button for message in dispatcher.messages for button in message.get("buttons") or []]
        self.payloads = [button["payload"] for button in buttons]
        self.events += [{"event": "bot", "metadata": {"utter_action": name}} for name in self.said]
        return self.said

    def press(self, answer):
        assert any(f'"{answer}"' in payload for payload in self.payloads), self.payloads
        return self.turn(ThemeAnswer(), intent="theme_answer", answer=answer)

    @property
    def stage(self):
        return self.slots.get("theme_stage")


# The book.


def test_every_code_has_a_theme_and_every_reply_stands():
    assert set(themes()) == code_ids()
    wanted = {f"utter_{code}_answer_{kind}" for code in themes() for kind in questions()[code]}
    wanted |= {f"utter_{step}" for code in themes() for kind in questions()[code].values() for step in kind.steps}
    assert wanted - set(responses()) == set()


@pytest.mark.parametrize("code", sorted(code_ids()))
def test_every_opening_question_understands_at_least_three_kinds_of_answer(code):
    kinds = questions()[code]
    assert len(kinds) >= 3
    assert min(len(kind.words) for kind in kinds.values()) >= 6
    assert len({responses()[f"utter_{code}_answer_{kind}"][0] for kind in kinds}) == len(kinds)


def test_near_themes_are_known_and_a_title_fits_a_button():
    assert {near for theme in themes().values() for near in theme.near} <= code_ids()
    assert max(len(f"The other: {theme.title}") for theme in themes().values()) <= 50
    assert max(len(kind.label) for kinds in questions().values() for kind in kinds.values()) <= 28


def test_no_guess_has_a_title_that_belongs_to_a_crisis():
    apart = {"hit_at_home", "refuse_call", "nobody_cares", "took_it_back", "safety_plan", "decline_check_back"}
    never = {intent for intent in domain()["intents"] if NEVER_GUESSED.match(intent)} | apart
    assert {intent for intent in never if title(intent)} == set()


@pytest.mark.parametrize("code", POSITIVE)
def test_a_good_thing_is_not_treated_as_a_problem(code):
    said = " ".join(text for name, rows in responses().items() if name.startswith(f"utter_{code}_") for text in rows)
    assert "what's wrong" not in said.lower()
    assert "problem you" not in said.lower()


@pytest.mark.parametrize(
    ("question", "said", "kind"),
    [
        ("hiding_it", "they would lose all respect for me", "less"),
        ("hiding_it", "my mum would be worried sick", "worry"),
        ("trivialised_symptoms", "since last winter", "months"),
        ("work_stigma", "not being able to pay the rent", "money"),
        ("gp_dismissive", "give me a referral", "refer"),
        ("intimacy", "she reckons i've got another woman", "other"),
        ("step", "yeah i might try that", "take"),
        ("when", "on saturday", "week"),
        ("hinder", "i'm too tired for that", "too_much"),
        ("step", "done that before mate", "tried"),
        ("back", "lets carry on with that", "go_on"),
    ],
)
def test_a_usual_answer_is_known_in_other_words(question, said, kind):
    found, _ = nearest(question, said)
    assert found is not None
    assert found.id == kind


def test_what_is_no_usual_answer_is_none():
    assert nearest("hiding_it", "the van failed its test again")[0] is None


# Stage by stage.


def test_a_talk_goes_from_the_question_to_a_time_for_the_step():
    he = Talker()
    assert he.turn(Reflect(), "nobody knows", "hiding_it") == ["utter_hiding_it_reflection", "utter_hiding_it_question"]
    assert he.press("hiding_it:worry") == ["utter_hiding_it_answer_worry"]
    assert he.turn(Say(), "my brother maybe", "off_topic", confidence=0.2) == ["utter_heard", "utter_hiding_it_step_1"]
    assert he.press("step:take") == ["utter_step_when"]
    assert he.press("when:today") == ["utter_step_set"]
    assert (he.slots["theme"], he.stage) == (None, None)
    assert "/stop" in he.payloads


def test_words_that_fit_no_kind_are_taken_as_an_answer_all_the_same():
    he = Talker(**OPENED)
    assert he.turn(Say(), "the van would be off the road", "off_topic", confidence=0.2) == ["utter_heard_open"]
    assert he.stage == "deeper"


@pytest.mark.parametrize(("intent", "lead"), [("unsure", "utter_theme_unsure"), ("deny", "utter_theme_rather_not")])
def test_who_does_not_answer_gets_a_step_and_no_second_question(intent, lead):
    he = Talker(**OPENED)
    assert he.turn(Reflect(), "hm hm hm hm", intent) == [lead, "utter_hiding_it_step_1"]


def test_what_hinders_him_makes_the_step_smaller_or_another():
    he = Talker(theme="hiding_it", theme_stage="stepped")
    he.payloads = ['"step:leave"']
    assert he.press("step:leave") == ["utter_step_hinders"]
    assert he.press("hinder:too_much") == ["utter_step_smaller"]
    assert he.press("smaller:rest") == ["utter_step_rest"]
    he = Talker(theme="hiding_it", theme_stage="hinders")
    he.payloads = ['"hinder:tried"']
    assert he.press("hinder:tried") == ["utter_step_tried", "utter_hiding_it_step_1"]


def test_no_step_comes_twice_in_a_week_and_all_come_again_after_it(day):
    he, seen = Talker(theme="hiding_it", theme_stage="deeper"), []
    for _ in range(4):
        he.slots |= {"theme": "hiding_it", "theme_stage": "stepped"}
        seen += he.turn(NextStep(), intent="next_step")
    assert seen == [*(f"utter_hiding_it_step_{number}" for number in (1, 2, 3)), "utter_steps_enough"]
    day[0] += timedelta(days=6)
    he.slots |= OPENED
    assert he.turn(NextStep(), intent="next_step") == ["utter_steps_enough"]
    day[0] += timedelta(days=1)
    he.slots |= OPENED
    assert he.turn(NextStep(), intent="next_step") == ["utter_hiding_it_step_1"]


def test_a_kind_may_have_steps_of_its_own():
    he = Talker(theme="mens_group", theme_stage="opened")
    he.payloads = ['"mens_group:wish"']
    he.press("mens_group:wish")
    assert he.turn(Say(), "maybe", "off_topic", confidence=0.1)[-1] == "utter_seen_as_incapable_step_3"


# Broken off.


def test_a_time_said_at_once_is_a_yes_to_the_step():
    he = Talker(theme="hiding_it", theme_stage="stepped")
    assert he.turn(Say(), "tomorrow morning", "goodbye", confidence=0.3) == ["utter_step_set"]
    assert he.slots["talk"]["taken"]["theme"] == "hiding_it"


def test_dunno_is_no_answer_although_it_comes_near_to_one():
    he = Talker(**OPENED)
    assert he.turn(Reflect(), "dunno", "unsure")[0] == "utter_theme_unsure"
    assert he.turn(Reflect(), "dunno", "unsure") == ["utter_step_hinders"]


def test_a_step_that_he_has_just_read_is_not_said_again():
    he = Talker(**OPENED)
    he.turn(NextStep(), intent="next_step")
    assert he.turn(Reflect(), intent="hiding_it") == ["utter_step_open"]
    assert he.stage == "stepped"


def test_an_answer_that_sounds_a_little_like_another_theme_is_an_answer():
    he = Talker(**OPENED)
    he.turn(Reflect(), "the doc said no more than that", "gp_dismissive", confidence=0.7)
    assert (he.slots["theme"], he.stage) == ("hiding_it", "deeper")


def test_a_plain_fact_about_his_life_is_an_answer_and_no_chat():
    he = Talker(theme="hiding_it", theme_stage="deeper")
    assert he.turn(Say(), "i could do the nappies on sunday", "off_topic", confidence=0.6)[0] == "utter_heard"


def test_a_question_of_his_is_answered_and_the_theme_stays_open():
    he = Talker(**OPENED)
    assert he.turn(Say(), "who can read this stuff", "who_reads_this") == ["utter_who_reads_this"]
    assert he.stage == "opened"
    assert he.press("back:go_on") == ["utter_theme_resumed", "utter_hiding_it_question"]


def test_a_joke_is_answered_in_passing():
    he = Talker(**OPENED)
    assert he.turn(Say(), "why did the chicken cross the road", "off_topic") == ["utter_aside_off_topic"]
    assert any("back:go_on" in payload for payload in he.payloads)


def test_stop_closes_it():
    he = Talker(**OPENED)
    assert he.turn(Say(), "stop", "stop") == ["utter_stop"]
    assert he.slots["theme"] is None


def test_a_new_theme_is_taken_up_and_the_old_one_waits():
    he = Talker(**OPENED)
    said = he.turn(Reflect(), "my doc just laughed at me", "gp_dismissive", confidence=0.95)
    assert said == ["utter_gp_dismissive_reflection", "utter_gp_dismissive_question"]
    assert he.turn(OtherTopic(), "the other thing", "other_topic")[-1] == "utter_hiding_it_question"


def test_a_theme_that_is_near_is_an_answer():
    assert are_near("hiding_it", "unmanly_stigma")
    he = Talker(**OPENED)
    he.turn(Reflect(), "the whole crew is made of stone", "unmanly_stigma")
    assert (he.slots["theme"], he.stage) == ("hiding_it", "deeper")


def test_after_a_night_he_is_asked_whether_to_go_on():
    he = Talker(**OPENED)
    assert he.turn(Say(), "morning", "greet", new=True) == ["utter_theme_back"]
    assert he.press("back:go_on") == ["utter_theme_resumed", "utter_hiding_it_question"]
    he = Talker(**OPENED)
    he.turn(Say(), "morning", "greet", new=True)
    assert he.press("back:anew") == ["utter_theme_anew"]
    assert he.stage is None


def test_after_a_night_a_clear_new_theme_needs_no_asking():
    he = Talker(**OPENED)
    said = he.turn(Reflect(), "my doc just laughed at me", "gp_dismissive", confidence=0.95, new=True)
    assert said[-1] == "utter_gp_dismissive_question"


def test_a_step_that_he_took_is_asked_about_once_and_not_on_the_same_day(day):
    he = Talker(talk={"taken": {"theme": "hiding_it", "on": NOW.date().isoformat()}})
    assert he.turn(Say(), "hi", "greet") == ["utter_greet"]
    day[0] += timedelta(days=1)
    assert he.turn(Say(), "hi", "greet") == ["utter_step_follow_up"]
    assert he.press("follow_up:not_yet") == ["utter_follow_not_yet"]
    assert he.turn(Say(), "hi", "greet") == ["utter_greet"]


def test_a_button_of_an_older_theme_opens_that_theme_again():
    he = Talker(**OPENED)
    he.payloads = ['"work_stigma:talk"']
    assert he.press("work_stigma:talk") == ["utter_work_stigma_answer_talk"]
    assert he.slots["theme"] == "work_stigma"


def test_a_button_of_an_older_question_answers_nothing_newer():
    he = Talker(**OPENED)
    he.payloads = ['"when:today"']
    assert he.press("when:today") == ["utter_hiding_it_question"]


# Two things, and not understood.


def test_of_two_things_the_stronger_is_taken_up_and_the_other_is_offered():
    he = Talker()
    said = he.turn(
        Reflect(),
        "no job since may and she wont let me near her any more",
        "work_stigma",
        codes=[("work_stigma", 0.5), ("intimacy", 0.3)],
        parts=[("work_stigma", 0.9), ("intimacy", 0.8)],
    )
    assert said == ["utter_two_things", "utter_work_stigma_reflection", "utter_work_stigma_question"]
    assert "/other_topic" in he.payloads
    assert he.turn(OtherTopic(), "now the other one", "other_topic")[-1] == "utter_intimacy_question"


@pytest.mark.parametrize(
    ("text", "codes", "parts"),
    [
        # Two readings of the same words are the model's doubt.
        ("no job since may, sat at home all day", [("work_stigma", 0.5), ("intimacy", 0.4)], []),
        ("no job since may, sat at home all day", [("work_stigma", 0.5), ("intimacy", 0.4)], [("work_stigma", 0.9)]),
        # A man would call these two the same.
        ("no job, no use", [("work_stigma", 0.5), ("performance_self_worth", 0.4)], [("performance_self_worth", 0.9)]),
        # Read by itself the second part is about something of which the whole holds nothing.
        ("no job since may, they all think i am on leave", [("work_stigma", 0.9)], [("seen_as_incapable", 0.9)]),
        ("no job", [("work_stigma", 0.5), ("intimacy", 0.4)], [("intimacy", 0.9)]),
    ],
)
def test_one_thing_is_not_made_two(text, codes, parts):
    said = Talker().turn(Reflect(), text, "work_stigma", codes=codes, parts=parts)
    assert said[0] == "utter_work_stigma_reflection"


def test_what_sounds_like_a_third_thing_as_a_whole_is_taken_by_its_clearest_part():
    said = Talker().turn(
        Reflect(),
        "the doc gave me a leaflet. they are all fed up with me",
        "open_minded_family",
        codes=[("open_minded_family", 0.5), ("gp_dismissive", 0.3), ("lost_empathy", 0.1)],
        parts=[("gp_dismissive", 0.9), ("lost_empathy", 0.7)],
    )
    assert said == ["utter_two_things", "utter_gp_dismissive_reflection", "utter_gp_dismissive_question"]


def test_a_theme_that_is_hardly_read_is_asked_about_and_not_forced_on_him():
    he = Talker()
    said = he.turn(Reflect(), "low since it shut", "hiding_it", confidence=0.3, codes=[("low_mood", 0.2)])
    assert said == ["utter_guess"]
    assert (he.payloads, he.slots.get("theme")) == (["/low_mood", "/nlu_fallback"], None)


@pytest.mark.parametrize("text", ["my mate calls every sunday actually", "did you see the game", "its raining here"])
def test_what_is_said_in_passing_is_no_yes_to_a_step(text):
    he = Talker(theme="hiding_it", theme_stage="stepped")
    assert he.turn(Say(), text, "off_topic", confidence=0.3) == ["utter_step_heard"]
    assert he.stage == "stepped"
    assert he.turn(Say(), text, "off_topic", confidence=0.3) == ["utter_step_left"]
    assert (he.slots["theme"], "taken" in he.slots["talk"]) == (None, False)


@pytest.mark.parametrize(
    ("text", "intent", "confidence", "said"),
    [
        ("yeah i might try that", "solving_it_alone", 0.5, "utter_step_when"),
        ("i like that", "affirm", 0.9, "utter_step_when"),
        ("yeah we won", "affirm", 0.56, "utter_step_heard"),
        ("yes", "affirm", 0.95, "utter_step_when"),
        ("ok", "affirm", 0.85, "utter_step_when"),
        ("no", "deny", 1.0, "utter_step_hinders"),
        ("nope", "deny", 0.9, "utter_step_hinders"),
        ("ok im out. bye", "goodbye", 0.9, "utter_goodbye"),
        ("thanks, that will do", "thanks", 0.8, "utter_aside_thanks"),
        ("something smaller", "other_topic", 0.5, "utter_step_smaller"),
        ("thats cringe", "took_it_back", 0.58, "utter_step_not_for_me"),
        ("i already do that", "affirm", 0.5, "utter_step_tried"),
        ("its the other lads", "other_topic", 0.56, "utter_step_heard"),
    ],
)
def test_only_a_clear_yes_takes_a_step(text, intent, confidence, said):
    he = Talker(theme="hiding_it", theme_stage="stepped")
    assert he.turn(Say(), text, intent, confidence=confidence)[0] == said


def test_a_new_matter_after_a_step_is_taken_up():
    he = Talker(theme="hiding_it", theme_stage="stepped")
    codes = [("gp_dismissive", 0.95)]
    said = he.turn(Reflect(), "my doc never looks up", "gp_dismissive", confidence=0.95, codes=codes)
    assert said == ["utter_gp_dismissive_reflection", "utter_gp_dismissive_question"]


def test_a_second_thing_that_nobody_named_is_asked_for_only_if_he_surely_means_one():
    he = Talker()
    assert he.turn(OtherTopic(), "ok the small one maybe", "other_topic", confidence=0.24) == ["utter_default"]
    assert he.turn(OtherTopic(), "the other thing i said", "other_topic", confidence=0.9) == ["utter_other_topic"]


RANKING = [("crisis_high", 0.3), ("hiding_it", 0.2)]


def test_what_is_not_understood_is_guessed_then_asked_then_a_person_is_offered():
    he = Talker()
    assert he.turn(NotUnderstood(), "mnah the thing", codes=RANKING) == ["utter_guess"]
    assert he.payloads == ["/hiding_it", "/nlu_fallback"]
    assert he.turn(NotUnderstood(), "mnah the thing", codes=RANKING) == ["utter_default"]
    assert he.turn(NotUnderstood(), "mnah the thing", codes=RANKING) == ["utter_menu"]
    assert "/talk_to_person" in he.payloads


def test_where_nothing_is_likely_nothing_is_guessed():
    assert Talker().turn(NotUnderstood(), "xq", codes=[("hiding_it", 0.02)]) == ["utter_default"]


@pytest.mark.parametrize(
    ("flow", "text", "intent", "confidence"),
    [
        (NotUnderstood(), "after work when the house is quiet", "nlu_fallback", 0.25),
        (Say(), "we were together thirty years", "off_topic", 0.92),
        (Say(), "sunday nights", "goodbye", 0.5),
        (Reflect(), "he rides me all day", "partner_support", 0.39),
    ],
)
def test_whatever_he_answers_to_a_plain_question_is_heard(flow, text, intent, confidence):
    he = Talker()
    assert he.turn(Say(), "i drink too much", "drinking") == ["utter_drinking"]
    assert he.turn(flow, text, intent, confidence=confidence) == ["utter_heard_plain"]


def test_a_joke_and_a_goodbye_are_no_answer_to_a_plain_question():
    for text, intent in (("tell me a joke", "off_topic"), ("see you mate", "goodbye")):
        he = Talker()
        he.turn(Say(), "i drink too much", "drinking")
        assert he.turn(Say(), text, intent, confidence=0.95) == [f"utter_{intent}"]


@pytest.mark.parametrize("text", ["stop", "Enough.", "that's enough", "thats it for today", "No more questions!"])
def test_stop_needs_no_model(text):
    for stage in ("opened", "deeper", "stepped", "when", "hinders", "smaller"):
        he = Talker(theme="hiding_it", theme_stage=stage)
        assert he.turn(Say(), text, "affirm", confidence=0.9) == ["utter_stop"]
        assert (he.slots["theme"], he.payloads) == (None, [])


def test_a_time_of_day_is_no_goodbye_while_a_theme_is_open():
    he = Talker(theme="hiding_it", theme_stage="deeper")
    assert he.turn(Say(), "and then the evenings come", "goodbye", confidence=0.7)[0] == "utter_heard"
    he = Talker(theme="hiding_it", theme_stage="deeper")
    assert he.turn(Say(), "see you", "goodbye", confidence=0.95) == ["utter_goodbye"]


def test_an_answer_that_is_known_opens_no_other_theme():
    he = Talker(theme="mens_group", theme_stage="opened")
    said = he.turn(Reflect(), "nobody laughs and i dont have to put on an act", "hiding_it", confidence=0.97)
    assert said == ["utter_mens_group_answer_no_act"]


def test_the_memory_forgets_what_is_older_than_a_week():
    memory = {"steps": {"hiding_it_step_1": "2026-11-01", "hiding_it_step_2": "2026-11-20"}}
    assert talk_memory.with_step(memory, "hiding_it_step_3").keys() == {"hiding_it_step_2", "hiding_it_step_3"}
    assert theme_answers.CLEARLY < 1
