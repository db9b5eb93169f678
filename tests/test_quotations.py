"""What the men of the study said is read as the study read it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROWS = Path(__file__).with_name("quotations.yml")
QUOTATIONS = yaml.safe_load(ROWS.read_text(encoding="utf-8"))["quotations"]
FIRST = 2  # a code counts when it is among the first two of the reading

# Rasa 3.6 warns of its own domain at the first message that is parsed.
pytestmark = pytest.mark.filterwarnings("ignore:Slot auto-fill has been removed:UserWarning")


@pytest.fixture(scope="session")
def reader() -> Iterator[Any]:
    with warnings.catch_warnings():  # Rasa 3.6 and TensorFlow 2.12 are frozen; their imports warn for ever
        warnings.simplefilter("ignore", DeprecationWarning)
        from bot.rasa.reading import Reader

        yield Reader()


@pytest.mark.parametrize("row", QUOTATIONS, ids=lambda row: row["text"][:40])
def test_a_quotation_is_read_as_the_study_coded_it(reader, row):
    first = [code["id"] for code in reader.read(row["text"])["codes"]][:FIRST]
    silent = not first and row.get("fragment", False)
    assert silent or set(first) & set(row["codes"]), f"read as {first or 'no code'}, coded as {row['codes']}"


def test_every_code_named_here_is_in_the_codebook():
    from bot.codebook import code_ids

    assert {code for row in QUOTATIONS for code in row["codes"]} <= code_ids()
