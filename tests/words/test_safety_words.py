"""Every text of the safety flow, found from the data itself, so that a new one cannot be forgotten."""

from __future__ import annotations

import re

import pytest

from bot.config import REGIONS
from bot.content import region_words

from . import lint
from .test_words import ROOT, read, responses

NUMBERS = {"emergency", "crisis", "call_line", "text_line"}
# No number stands in these: they are a bare question or an exercise that another bubble with a number follows or
# precedes, or the gentle question before anything is known. What is not named here needs one.
WITHOUT_NUMBER = {
    "utter_safety_ask",
    "utter_safety_ask_again",
    "utter_safety_back",
    "utter_concern_ask",
    "utter_concern_no",
    "utter_concern_no_open",
    "utter_grounding",
    "utter_other_person",
    "utter_other_with",
    "utter_other_done",
    "utter_other_yourself",
}
# The plan is filled in calm hours and shown with its own numbers; its steps are questions about himself.
PLAN = "utter_safety_plan"
MUST_NAME_EMERGENCY = re.compile(
    r"utter_(safety_(imminent|changed_ask|when|done)|violence|partner|child|own_anger|home|hit)"
)
SAID_OFTEN = 3
FEWER = {"utter_safety_imminent": 6}
PROGRAM = {"utter_safety_just_a_bot": r"program|bot|nobody types", "utter_nobody_cares": r"program|somebody|people"}
NEVER = re.compile(
    r"(stays|it's) between us|i won't tell (anybody|anyone)|i'll keep (it|this) secret|calm down|attention|selfish"
    r"|think of your|how could you|you should have|if you (promise|loved)|help is on (the|its) way"
    r"|i('ve| have) (called|alerted) (the )?(police|911)"
)


def safety_texts() -> list[tuple[str, str]]:
    named = set()
    for path in sorted((ROOT / "data" / "nlu").glob("safety*.yml")):
        named |= set(read(path).get("responses") or {})
    return [(name, text) for name in sorted(named) for text in responses()[name]]


def names_in_flow() -> set[str]:
    """Responses that the actions of the safety flow name."""
    rooms = ("answers", "beside", "direct_question", "imminent", "safety", "safety_others", "safety_steps", "stay")
    source = "\n".join((ROOT / "actions" / f"{room}.py").read_text(encoding="utf-8") for room in rooms)
    return set(re.findall(r'"(utter_[a-z0-9_]*[a-z0-9])"', source))


def test_every_text_of_the_flow_stands_in_the_safety_topics():
    elsewhere = names_in_flow() - {name for name, _ in safety_texts()}
    assert elsewhere == {"utter_low_mood", "utter_want_to_talk"}


@pytest.mark.parametrize("region", REGIONS)
def test_every_safety_text_gives_the_regions_number_in_sixty_words(region):
    words = region_words(region)
    missing, long = [], []
    for name, text in safety_texts():
        read_by_him = lint.filled(text, words)
        numbers = [words[number] for number in NUMBERS if words[number] in read_by_him]
        if name not in WITHOUT_NUMBER and not name.startswith(PLAN) and not numbers:
            missing.append(text)
        if lint.word_count(lint.filled(text, {**words, "crisis": ""})) > lint.MOST_WORDS:
            long.append((name, lint.word_count(read_by_him)))
        assert not re.search(r"[{}]", read_by_him)
    assert (missing, long) == ([], [])


def test_what_cannot_wait_names_the_emergency_number():
    urgent = [(name, text) for name, text in safety_texts() if MUST_NAME_EMERGENCY.match(name)]
    assert len(urgent) > 30
    assert [name for name, text in urgent if "{emergency}" not in text] == []


def test_nothing_is_promised_blamed_or_claimed():
    assert [text for _, text in safety_texts() if NEVER.search(text.lower())] == []


def test_what_may_come_more_than_once_has_three_variations():
    said = {name: len(responses()[name]) for name, _ in safety_texts()}
    often = re.compile(
        r"utter_(ask_|refuse|line_busy|nobody|leave|dont_tell|took|grounding"
        r"|safety_(ask$|ask_again|stay|person|no$|how|near|when|done|imminent|costs|just))"
    )
    assert {name: count for name, count in said.items() if often.match(name) and count < SAID_OFTEN} == {}
    assert {name: count for name, count in said.items() if count < FEWER.get(name, 2)} == {}


@pytest.mark.parametrize("name", sorted(PROGRAM))
def test_a_program_says_that_it_is_one_where_he_doubts_it(name):
    assert [text for text in responses()[name] if not re.search(PROGRAM[name], text.lower())] == []


def test_no_question_of_the_screener_asks_for_a_method():
    asked = [text.lower() for name, text in safety_texts() if name.startswith("utter_safety_")]
    assert [
        text for text in asked if re.search(r"what (would|will) you use|which way|how exactly|tell me how you", text)
    ] == []
