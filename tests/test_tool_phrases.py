"""Whether a tool is found by plain words that nobody trained on."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests import test_quotations

reader = test_quotations.reader  # one loaded model serves these files
PHRASES = Path(__file__).with_name("tool_phrases.yml")
LEAST = 0.8

pytestmark = pytest.mark.filterwarnings("ignore:Slot auto-fill has been removed:UserWarning")


def test_a_tool_is_found_by_plain_words(reader):
    rows = yaml.safe_load(PHRASES.read_text(encoding="utf-8"))
    wrong = [(row["text"], found) for row in rows if (found := reader.read(row["text"])["intent"]) != row["label"]]
    assert 1 - len(wrong) / len(rows) >= LEAST, wrong
