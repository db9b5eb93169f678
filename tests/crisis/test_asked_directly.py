"""What an answer to "are you thinking of ending your life?" says, in words that would say nothing by themselves."""

from __future__ import annotations

import pytest

from bot.crisis import Kind, Level, classifier, screen
from bot.crisis.findings import Finding
from bot.crisis.screening import Screening

YES = (
    *("yes", "Yes, sometimes", "yeah", "aye, now and again", "sometimes", "most nights tbh", "only when i drink", "👍"),
    *("it's crossed my mind", "i'd be lying if i said no", "not gonna lie, yes", "ya lol", "Yes. But I wouldn't do it"),
    *("not actively", "who hasn't", "i do", "course i do", "what do you think", "sí", "a veces", "manchmal", "ja"),
)
LEFT_OPEN = ("not really", "idk", "no but sometimes", "yeah no", "rather not say", "no sé", "weiß nicht")
NO = ("no", "nope", "god no", "i do not", "i haven't", "i am not", "yeah im safe", "never", "nein", "para nada")
SOMETHING_ELSE = (
    *("today was shit", "i have kids to feed", "why", "thanks", "k", "i am just tired"),
    "maybe we could talk about my job and how i lost it last year",
)


@pytest.mark.parametrize("text", YES)
def test_a_yes_is_high_after_the_question(text):
    found = screen(text, asked_directly=True)
    assert found.level >= Level.HIGH
    assert found.is_bare_answer
    assert "answered yes" in found.reasons[0]


@pytest.mark.parametrize("text", ["yes", "sometimes", "now and again", "i do", "what do you think", "manchmal"])
def test_the_same_words_say_nothing_without_the_question(text):
    assert screen(text).level is Level.NONE


@pytest.mark.parametrize("text", LEFT_OPEN)
def test_an_answer_that_leaves_it_open_is_a_concern(text):
    assert screen(text, asked_directly=True).level is Level.CONCERN


@pytest.mark.parametrize("text", [*NO, *SOMETHING_ELSE])
def test_a_no_and_another_subject_are_not_an_answer_of_yes(text):
    assert screen(text, asked_directly=True).level < Level.HIGH


def test_what_is_grave_by_itself_is_not_a_bare_answer():
    found = screen("yes, i want to kill myself", asked_directly=True)
    assert found.level >= Level.HIGH
    assert not found.is_bare_answer
    assert not Screening(Level.NONE).is_bare_answer


CALM = ("i'm safe now", "No, I'm safe", "mate, no need to check back on me", "ok i'll call them now", "nein danke")


@pytest.mark.parametrize("text", CALM)
def test_a_plain_sentence_of_calm_is_not_raised_by_the_classifier(monkeypatch, text):
    grave = [Finding(Level.IMMINENT, Kind.SELF, "reads grave", text, classifier.FAMILY, knows_whom=False)]
    monkeypatch.setattr(classifier, "find", lambda *_: grave)
    assert screen(text).level is Level.NONE


@pytest.mark.parametrize("text", ["i'm safe now. bye all", "no need to check back, i won't be here", "i'm safe? no"])
def test_anything_more_than_calm_is_read_as_ever(monkeypatch, text):
    grave = [Finding(Level.IMMINENT, Kind.SELF, "reads grave", text, classifier.FAMILY, knows_whom=False)]
    monkeypatch.setattr(classifier, "find", lambda *_: grave)
    assert screen(text).level is Level.IMMINENT
