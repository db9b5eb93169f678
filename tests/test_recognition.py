"""How well the trained model reads phrases that nobody trained on; the floors of what may ship."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests import test_quotations

reader = test_quotations.reader  # one loaded model serves both files
HELD_OUT = Path(__file__).with_name("heldout")
CODES_FIRST, CODES_IN_TWO, ORDINARY, NO_CODE = 0.75, 0.87, 0.86, 0.80

pytestmark = pytest.mark.filterwarnings("ignore:Slot auto-fill has been removed:UserWarning")


def rows(name):
    return yaml.safe_load((HELD_OUT / f"{name}.yml").read_text(encoding="utf-8"))


def share(hits):
    hits = list(hits)
    return sum(hits) / len(hits)


def test_the_right_code_comes_first_or_second(reader):
    read = [([code["id"] for code in reader.read(row["text"])["codes"]], row["label"]) for row in rows("codes")]
    assert share(codes[:1] == [label] for codes, label in read) >= CODES_FIRST
    assert share(label in codes[:2] for codes, label in read) >= CODES_IN_TWO


def test_ordinary_intents_are_recognised(reader):
    assert share(reader.read(row["text"])["intent"] == row["label"] for row in rows("intents")) >= ORDINARY


def test_what_fits_no_code_is_seldom_forced_into_one(reader):
    assert share(not reader.read(row["text"])["codes"] for row in rows("no_code")) >= NO_CODE
