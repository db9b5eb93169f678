"""The guides as data: every step can be reached, leads somewhere, and says what exists; their words pass the lint."""

from __future__ import annotations

from collections import deque

import pytest
import yaml

from actions import guides as flows  # its import registers the hooks
from actions.guide import HOOKS, SPOKEN
from actions.guide_book import FOLDER, guides, opened_by, step_at
from bot.config import PROJECT
from tests.words import lint
from tests.words.test_words import domain, intents_answered_by, responses

STEPS = [step for guide in guides().values() for step in guide.steps.values()]
# Where hooks lead, in the actions' code, and where other flows enter.
ENTERED = {"checkin.begin", "checkin.rated", "visit.begin", "groups.begin", "today.asked"}
each_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.at)


def led_by_hooks() -> set[str]:
    source = "\n".join(path.read_text(encoding="utf-8") for path in (PROJECT / "actions").glob("*.py"))
    return {step.at for step in STEPS if f'"{step.at}"' in source}


def test_the_flow_brings_its_hooks():
    assert flows.OpenGuide().name() == "action_guide"
    assert {step.do for step in STEPS if step.do} == set(HOOKS)


@each_step
def test_a_step_says_a_response_that_exists_and_names_only_what_is_handed_on(step):
    if not step.say:
        assert step.do, "nothing speaks here"
        return
    for text in responses()[step.say]:
        assert lint.placeholders(text) & {"rating", "what", "when", "signs", "much", "score"} <= set(SPOKEN)


@each_step
def test_every_way_out_of_a_step_leads_somewhere(step):
    for target in (step.then, step.if_yes, step.if_no, *(pick.target for pick in step.picks)):
        if target.startswith("/"):
            assert target[1:] in domain()["intents"], target
        elif target:
            assert step_at(target) is not None, target
    assert not step.ask or step.then


@each_step
def test_every_waiting_step_offers_a_way_out_or_something_to_say(step):
    if step.is_waiting:
        assert step.ask or len(step.picks) >= 1
    assert len(step.picks) <= 11
    labels = [pick.label.lower() for pick in step.picks]
    assert len(set(labels)) == len(labels)
    assert [label for label in labels if len(label) > 40] == []


def test_every_step_can_be_reached():
    seen, waiting = set(), deque([*opened_by().values(), *ENTERED, *led_by_hooks()])
    while waiting:
        step = step_at(waiting.popleft())
        if step is None or step.at in seen:
            continue
        seen.add(step.at)
        waiting += [target for target in (step.then, step.if_yes, step.if_no) if target]
        waiting += [pick.target for pick in step.picks if not pick.target.startswith("/")]
    assert {step.at for step in STEPS} - seen == set()


def test_what_opens_a_guide_is_led_to_it_by_a_rule():
    led = intents_answered_by("action_guide") | intents_answered_by("action_say")
    assert set(opened_by()) <= led


def test_what_is_on_the_buttons_and_in_the_pieces_passes_the_lint():
    said = [pick.label for step in STEPS for pick in step.picks]
    said += [words for guide in guides().values() for words in (guide.title, *guide.words.values())]
    assert {text: lint.banned(text) for text in said if lint.banned(text)} == {}


def test_every_card_can_be_read_in_a_glance():
    words = guides()["home"].words
    for tone in ("straight", "plain", "dry"):
        for say in ("not_you", "listen", "quiet", "doctor", "along"):
            card = " ".join(words[f"{tone}_{part}"] for part in ("open", say, "close"))
            assert lint.word_count(card) <= lint.MOST_WORDS
            assert 2 <= len(lint.sentences(card)) <= 5, card
            assert lint.grade(card) <= lint.MOST_GRADE, card


def test_no_two_files_hold_a_guide_of_the_same_name():
    names = [yaml.safe_load(path.read_text(encoding="utf-8"))["guide"] for path in FOLDER.glob("*.yml")]
    assert sorted(names) == sorted(set(names)) == sorted(guides())
