"""What `screen` promises: levels, kinds, reasons, earlier messages, and guards that cover only their clause."""

from __future__ import annotations

import dataclasses

import pytest
from crisis_phrases import read_phrases

from bot.crisis import Finding, Kind, Level, Screening, rules, screen
from bot.crisis.screening import judge


def test_the_rules_take_each_phrase_to_its_level(phrase) -> None:
    found = judge(rules.find(phrase.text))
    if phrase.exact:
        assert found.level == phrase.level, found
    else:
        assert found.level >= phrase.level, found
    if phrase.kind:
        assert found.kind == phrase.kind, found


def test_beside_the_classifier_no_phrase_loses_its_level_or_whom_it_is_about(phrase) -> None:
    found = screen(phrase.text)
    assert found.level >= phrase.level, found
    if phrase.kind and found.level == phrase.level:
        assert found.kind == phrase.kind, found


def test_beside_the_classifier_few_harmless_phrases_are_raised() -> None:
    levels = [screen(phrase.text).level for phrase in read_phrases("phrases.yml") if phrase.level == "none"]
    assert sum(level is Level.NONE for level in levels) >= 0.93 * len(levels)
    assert sum(level <= Level.CONCERN for level in levels) >= 0.97 * len(levels)


@pytest.mark.parametrize(
    ("settled", "beyond"),
    [
        ("i'm not suicidal", "i'm not suicidal but i've got the rope ready"),
        ("i don't want to die", "i dont want to die sat here in the car with the hose on"),
        ("dying for a pint", "dying for a pint then off the multistorey and that is me done with it"),
        ("this job is killing me", "this job is killing me and the kids are asleep and the tablets are out"),
        ("never had thoughts of killing myself", "never had thoughts of killing myself before the letter came"),
    ],
)
def test_only_a_guard_that_has_the_whole_message_keeps_the_classifier_down(settled: str, beyond: str) -> None:
    assert rules.settled(settled) is not None
    assert rules.settled(beyond) is None


def test_levels_are_ordered_and_are_the_words_of_the_json() -> None:
    assert Level.NONE < Level.CONCERN < Level.HIGH < Level.IMMINENT
    assert Level("high") > Level("concern")
    assert Level("high") >= "high"
    assert [str(level) for level in Level] == ["none", "concern", "high", "imminent"]
    assert f"{Level.HIGH}" == "high"
    assert max(Level) is Level.IMMINENT


def test_nothing_found_has_no_reasons() -> None:
    assert screen("had a pint with the lads") == Screening(Level.NONE, (), (), Kind.SELF)


@pytest.mark.parametrize("text", ["", " ", "\n", "...", "?!", "😂", "​", "'", "12"])
def test_empty_and_wordless_texts_are_none(text: str) -> None:
    assert screen(text).level == "none"


def test_reasons_are_sentences_with_the_matched_words_beside_them() -> None:
    found = screen("i want to kill myself, the gun is loaded on the table")
    assert found.level == "imminent"
    assert len(found.reasons) == len(found.matched) == len(set(found.reasons))
    assert "names a means and that it is at hand" in found.reasons
    assert all(" " in reason and "_" not in reason for reason in found.reasons)
    assert any("gun is loaded" in words for words in found.matched)


def test_the_screening_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        screen("hello").level = Level.HIGH  # type: ignore[misc]


def test_a_person_is_needed_from_high_upwards() -> None:
    assert screen("i want to die").needs_person
    assert not screen("i feel hopeless").needs_person


def test_the_gravest_finding_gives_level_and_kind_and_himself_comes_before_others() -> None:
    other = Finding(Level.CONCERN, Kind.OTHER_PERSON, "worried about another", "he", "x")
    himself = Finding(Level.CONCERN, Kind.SELF, "sees no hope", "no hope", "y")
    assert judge([other, himself]).kind is Kind.SELF
    assert judge([other, himself]).reasons == ("sees no hope", "worried about another")
    graver = dataclasses.replace(other, level=Level.HIGH)
    assert judge([himself, graver]).kind is Kind.OTHER_PERSON


GUARDED = [
    ("this job is killing me", "none", "this job is killing me and i want to die", "high"),
    ("i'm not suicidal", "concern", "i'm not suicidal but i've got the rope ready", "imminent"),
    ("dying for a pint", "none", "dying for a pint. might drive into a wall after", "high"),
    ("watched a film where a man hangs himself", "none", "film was fine but i want to hang myself", "high"),
    ("used to think about suicide years ago", "concern", "years ago it was bad. i want to kill myself", "high"),
    ("my brother wants to die", "concern", "my brother wants to die and so do i, i want to die", "high"),
    ("i would never hurt myself", "concern", "i would never hurt myself, but i wish i was dead", "high"),
    ("taking my pills with breakfast", "none", "taking my pills with breakfast. want to overdose", "high"),
    ("i volunteer for samaritans", "none", "i volunteer for samaritans and i'm suicidal", "high"),
    ("suicide squad tonight", "none", "suicide squad tonight then i'm going to kill myself", "high"),
    ("hang in there", "none", "hang in there they say, i'd rather hang myself", "high"),
    ("killing time", "none", "killing time until i kill myself", "high"),
    ("could murder a curry", "none", "could murder a curry then end my life", "high"),
    ("i don't want to die", "concern", "i don't want to die, i've swallowed all my pills", "imminent"),
    ("no plans to kill myself", "concern", "no plans for sunday, plan to kill myself", "high"),
]


@pytest.mark.parametrize(("guarded", "low", "beyond", "high"), GUARDED)
def test_a_guard_covers_only_its_own_words(guarded: str, low: str, beyond: str, high: str) -> None:
    assert screen(guarded).level == low
    assert screen(beyond).level >= high


@pytest.mark.parametrize(
    "text",
    [
        "my dad hanged himself, funny film last night though",
        "a lad in my squad killed himself years ago",
        "my brother didn't die in a crash, he died by suicide",
        "playing xbox, then got the call that my mate took his own life",
        "he killed himself laughing they said. no. he killed himself",
    ],
)
def test_a_death_by_suicide_is_never_below_concern(text: str) -> None:
    assert screen(text).level >= "concern"


@pytest.mark.parametrize(
    ("earlier", "text", "level"),
    [
        (["i want to"], "kill myself", "high"),
        (["i just want to"], "die", "high"),
        (["honestly"], "i want to die", "high"),
        (["i want to die"], "tonight", "imminent"),
        (["im going to kill"], "myself tonight", "imminent"),
        (["i cant stop thinking about ending"], "my life", "high"),
        (["i want to die"], "i've got a shotgun in the cabinet", "imminent"),
        (["my family would be better"], "off without me", "high"),
        (["hi", "had a rough week", "think i might hang"], "myself", "high"),
    ],
)
def test_a_sentence_split_over_messages_is_caught(earlier: list[str], text: str, level: str) -> None:
    assert screen(text, earlier=earlier).level >= level


@pytest.mark.parametrize("text", ["ok", "thanks", "what's the weather like", "lol", "had my tea"])
def test_an_earlier_message_does_not_raise_a_later_harmless_one(text: str) -> None:
    assert screen(text, earlier=["i want to kill myself", "i've got a rope"]).level == "none"


def test_earlier_messages_never_lower_the_message_itself() -> None:
    assert screen("kill myself", earlier=["great film last night about a man who wants to"]).level == "high"
    assert screen("i want to die", earlier=["i am not", "no", "never"]).level == "high"


def test_a_line_break_in_mid_sentence_hides_nothing() -> None:
    assert screen("i want to\ndie").level >= "high"
    assert screen("i want to... die").level >= "high"
    assert screen("im going to kill\n\nmyself").level >= "high"
