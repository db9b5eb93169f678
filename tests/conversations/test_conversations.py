"""Scripted conversations on the real model: flow, step and what is offered, never the wording."""

from __future__ import annotations

import pytest

from tests.conversations import runner
from tests.path_fixtures import shared_rasa  # noqa: F401 - one server for the session
from tests.safety_fixtures import man

SCRIPTS = runner.scripts()


@pytest.mark.parametrize("path", SCRIPTS, ids=[path.stem for path in SCRIPTS])
@pytest.mark.asyncio
async def test_conversation_goes_as_it_should(shared_rasa, path):  # noqa: F811
    script = runner.read(path)
    async with man(shared_rasa, f"conversation {path.stem}") as he:
        assert runner.faults(await runner.play(he, script["turns"])) == []


@pytest.mark.parametrize(
    ("wanted", "fault"),
    [
        ({"says": ["utter_*_question"]}, "was not said"),
        ({"never": ["utter_greet"]}, "utter_greet was said"),
        ({"offers": ["ask_gp"]}, "not offered"),
        ({"theme": "hiding_it"}, "theme is None"),
        ({"level": "high"}, "screened as none"),
        ({}, None),
    ],
)
def test_the_runner_finds_what_is_wrong(wanted, fault):
    one = runner.Exchange({"he": "hi", **wanted}, ["utter_greet"], ["Hi."], {"Stop": "/stop"}, None, None, "none")
    found = list(one.faults())
    assert fault is None or fault in found[0]
    assert len(found) == (fault is not None)


def test_the_runner_finds_a_repeated_bubble():
    hello = [("utter_greet", "Hi.")]
    one = [runner.Exchange({}, ["utter_greet"], ["Hi."], {}, None, None, "none", hello) for _ in range(2)]
    assert "repeats itself" in runner.faults(one)[0]
