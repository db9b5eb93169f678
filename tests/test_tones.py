"""Tone: what he chose decides which variations he reads, and a flag of his makes it plain."""

from __future__ import annotations

import asyncio

import pytest
import yaml
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.config import PROJECT, TONES
from bot.rasa.responses import FreshResponses, for_tone

DRY, STRAIGHT, ALL = {"text": "dry", "metadata": {"tone": "dry"}}, {"text": "s", "metadata": {"tone": "straight"}}, {}


@pytest.mark.parametrize(
    ("variations", "tone", "fitting"),
    [
        ([ALL, ALL], "dry", [0, 1]),
        ([ALL, DRY, ALL, STRAIGHT], "dry", [1, 0, 2]),
        ([ALL, DRY, ALL, STRAIGHT], "straight", [3, 0, 2]),
        ([ALL, DRY, ALL, STRAIGHT], "plain", [0, 2]),
        ([{"text": "x", "metadata": {"source": "y"}}, DRY], "plain", [0]),
        ([DRY, STRAIGHT], "plain", [0, 1]),
    ],
)
def test_a_variation_with_a_tone_is_for_that_tone_alone_and_preferred_there(variations, tone, fitting):
    assert for_tone(variations, tone) == fitting


@pytest.fixture
def said(monkeypatch, tmp_path):
    """Say one response again and again to a man of a tone, and return the texts in their order."""
    monkeypatch.setenv("BALLAST_HOME", str(tmp_path))
    texts = [("for all 1", None), ("dry 1", "dry"), ("for all 2", None), ("dry 2", "dry"), ("blunt", "straight")]
    rows = [{"text": text} | ({"metadata": {"tone": tone}} if tone else {}) for text, tone in texts]
    domain = Domain.from_dict({"version": "3.1", "responses": {"utter_x": rows}})
    responses = FreshResponses(domain=domain)

    def run(times, *metadata):
        tracker, heard = DialogueStateTracker("him", []), []
        for number in range(times):
            tracker.update(UserUttered("hm", metadata=metadata[min(number, len(metadata) - 1)]))
            answer = asyncio.run(responses.generate("utter_x", tracker, "ballast"))
            heard.append(answer.pop("text"))
            tracker.update(BotUttered(heard[-1], metadata={**answer, "utter_action": "utter_x"}))
        return heard

    return run


def test_his_tone_comes_first_and_the_others_fill_up_before_anything_is_repeated(said):
    assert said(5, {"tone": "dry"}) == ["dry 1", "dry 2", "for all 1", "for all 2", "dry 1"]
    assert said(4, {"tone": "straight"}) == ["blunt", "for all 1", "for all 2", "blunt"]


def test_who_has_no_tone_or_a_plain_one_reads_neither_humour_nor_bluntness(said):
    for metadata in ({}, {"tone": "plain"}, {"tone": None}):
        assert set(said(6, metadata)) == {"for all 1", "for all 2"}


def test_a_flag_in_the_middle_of_a_talk_ends_the_humour_at_once(said):
    assert said(3, {"tone": "dry"}, {"tone": "plain"}) == ["dry 1", "for all 1", "for all 2"]


def test_every_tone_in_the_data_is_known_and_no_response_is_for_some_tones_only():
    for path in sorted((PROJECT / "data" / "nlu").glob("*.yml")):
        for name, variations in (yaml.safe_load(path.read_text(encoding="utf-8")).get("responses") or {}).items():
            tones = {(variation.get("metadata") or {}).get("tone") for variation in variations}
            assert tones <= {None, *TONES}, name
            assert None in tones, name
