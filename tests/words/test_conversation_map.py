"""The map for reviewers is what the data says, and a signature holds only for the words that were signed."""

from __future__ import annotations

import importlib.util
import re
import sys

import pytest

from bot.config import PROJECT
from tests.words.test_words import domain, gate_bubbles, responses

_SPEC = importlib.util.spec_from_file_location("conversation_map", PROJECT / "scripts" / "conversation_map.py")
conversation_map = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = conversation_map  # its dataclasses look themselves up there
_SPEC.loader.exec_module(conversation_map)
OUT_OF_DATE = "run python scripts/conversation_map.py"


@pytest.fixture(scope="module")
def signed():
    return conversation_map.read(conversation_map.REVIEW)


def test_the_map_is_what_the_data_says(signed):
    assert conversation_map.page(signed) == conversation_map.MAP.read_text(encoding="utf-8"), OUT_OF_DATE


def test_every_text_has_its_line_in_the_review_and_none_is_left_over(signed):
    assert conversation_map.review(signed) == signed, OUT_OF_DATE


def test_every_sentence_and_every_intent_is_on_the_map():
    page = conversation_map.MAP.read_text(encoding="utf-8")
    named = {text.name for text in conversation_map.texts()}
    assert set(responses()) | {f"gate/{name}" for name in gate_bubbles()} <= named
    said = [text for variations in responses().values() for text in variations]
    assert [text for text in said if " / ".join(text.split("\n")) not in page] == []
    assert [intent for intent in domain()["intents"] if f"| {intent} |" not in page] == []


def test_a_signature_needs_a_name_and_a_day(signed):
    for row in signed.values():
        assert bool(row["reviewed_by"]) == bool(row["reviewed_at"])
        assert not row["reviewed_at"] or re.fullmatch(r"\d{4}-\d{2}-\d{2}", row["reviewed_at"])


def test_a_signature_holds_for_the_words_that_were_signed():
    text = next(conversation_map.texts())
    fresh = conversation_map.review({text.name: {"reviewed_by": "A. Reader", "reviewed_at": "2026-12-01"}})[text.name]
    assert fresh["of"] == text.wording
    assert conversation_map.state_of(text, fresh) == "reviewed by A. Reader on 2026-12-01"
    changed = conversation_map.Text(text.name, text.place, (*text.variations, "One more."))
    assert "not reviewed" in conversation_map.state_of(changed, fresh)
    assert conversation_map.state_of(text, conversation_map.UNSIGNED) == "not reviewed"


def test_the_docs_say_how_many_are_signed(signed):
    texts = list(conversation_map.texts())
    done = sum(conversation_map.state_of(text, signed[text.name]).startswith("reviewed by") for text in texts)
    assert f"{done} of {len(texts)} texts are signed" in conversation_map.MAP.read_text(encoding="utf-8")
