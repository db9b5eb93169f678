"""The trained detector: what it adds, what it may not do, and that nothing stops when its file is gone."""

from __future__ import annotations

import hashlib
import logging

import numpy as np
import pytest

from bot.crisis import Kind, Level, classifier, inspect_classifier, load, screen, screening
from bot.crisis.classifier import DIGEST, FILE, WINDOW, Classifier, prepared
from bot.errors import ClassifierError

HARMLESS = "watched the match with my brother and went to bed early. "
UNSAID_BY_RULES = "i keep checking the beam in the garage would hold"


@pytest.fixture
def away(monkeypatch, tmp_path):
    """Put the model file where there is none, and forget what was loaded; gives the place."""
    monkeypatch.setattr(classifier, "FILE", tmp_path / FILE.name)
    monkeypatch.setattr(classifier, "DIGEST", tmp_path / DIGEST.name)
    classifier.forget_model()
    yield tmp_path / FILE.name
    monkeypatch.undo()
    classifier.forget_model()


def shipped(path, content, digest=None):
    path.write_bytes(content)
    path.with_suffix(".sha256").write_text(digest or hashlib.sha256(content).hexdigest(), encoding="ascii")


def test_the_shipped_model_is_whole():
    assert load() is None
    assert inspect_classifier() is None


def test_it_finds_what_the_rules_do_not():
    assert screening.rules.find(UNSAID_BY_RULES) == []
    found = screen(UNSAID_BY_RULES)
    assert found.level >= Level.HIGH
    assert found.families == ("classifier",)
    assert "nearest known phrase" in found.reasons[0]
    assert not found.rules_alone


def test_the_reason_names_a_phrase_of_the_training_set_that_is_of_that_level():
    reading = classifier._read(UNSAID_BY_RULES)
    model = classifier._classifier()
    at = list(model._phrases).index(reading.alike)
    assert model._phrase_levels[at] == reading.level.rank


def test_it_only_raises(phrase):
    alone = screening.judge(screening.rules.find(phrase.text))
    assert screen(phrase.text).level >= alone.level


def test_the_rules_say_whom_it_is_about_when_both_find_the_same_level():
    found = screen("i'm worried my brother is going to kill himself")
    assert found.level >= Level.CONCERN
    if found.level is Level.CONCERN:
        assert found.kind is Kind.OTHER_PERSON


def test_a_dark_line_deep_in_a_long_message_is_read():
    text = HARMLESS * 12 + UNSAID_BY_RULES + ". " + HARMLESS * 12
    assert len(prepared(text).split()) > 2 * WINDOW
    assert screen(text).level >= Level.HIGH


def test_windows_cover_every_token_of_a_long_message():
    model = classifier._classifier()
    text = " ".join(f"word{number}" for number in range(900))
    tokens = model._tokenizer.tokens(prepared(text))
    read = [window[1:-1] for window in model._windows(text)]
    assert all(len(window) <= WINDOW for window in read)
    assert {token for window in read for token in window} == set(tokens[1:-1])


@pytest.mark.parametrize("text", ["", " ", "\n", "…", "😀", "\u200b", "1" * 4096, "a b " * 1024, "💊" * 3000])
def test_any_text_can_be_read(text):
    assert screen(text).level in Level


def test_without_its_file_the_rules_go_on_and_say_so(away, caplog):
    with caplog.at_level(logging.ERROR):
        assert "cannot be read" in load()
    assert "screening.rules_alone" in caplog.text
    assert "cannot be read" in inspect_classifier()
    found = screen("i want to kill myself")
    assert found.level is Level.HIGH
    assert found.rules_alone
    assert screen("nice weather").rules_alone


@pytest.mark.parametrize(
    ("content", "digest", "fault"),
    [
        (b"", None, "broken"),
        (b"PK\x03\x04 not a zip at all", None, "broken"),
        (FILE.read_bytes()[:-200], None, "broken"),
        (FILE.read_bytes(), "0" * 64, "not the file that was shipped"),
    ],
)
def test_a_broken_or_changed_file_is_not_used(away, content, digest, fault):
    shipped(away, content, digest)
    assert fault in load()
    assert screen("i want to die").level is Level.HIGH


def test_a_file_of_other_shapes_is_not_used(away, tmp_path):
    with np.load(FILE) as file:
        arrays = {name: file[name] for name in file.files}
    arrays["head.weight"] = arrays["head.weight"][:, :7]
    np.savez(tmp_path / "other.npz", **arrays)
    shipped(away, (tmp_path / "other.npz").read_bytes())
    assert "does not fit" in load()


def test_a_fault_in_the_classifier_while_it_reads_leaves_the_rules(monkeypatch, caplog):
    def fails(self, text):
        raise FloatingPointError("x" * 100)

    monkeypatch.setattr(Classifier, "read", fails)
    classifier.forget_readings()
    with caplog.at_level(logging.ERROR):
        found = screen("i want to die tonight and nobody knows")
    assert found.level >= Level.HIGH
    assert found.rules_alone
    assert "screening.classifier_failed" in caplog.text


def test_objects_in_the_file_are_refused(away, tmp_path):
    np.savez(tmp_path / "other.npz", layers=np.array([{"a": 1}], dtype=object))
    shipped(away, (tmp_path / "other.npz").read_bytes())
    with pytest.raises(ClassifierError, match="broken"):
        classifier._classifier()
