"""The cuts give what Rasa gives, and stand on the code that they were written for."""

from __future__ import annotations

import hashlib
import inspect

import pytest
import rasa.core.processor
from jsonschema import ValidationError
from rasa.core.actions.action import RemoteAction
from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import ExecutionContext, GraphComponent, GraphSchema, SchemaNode
from rasa.engine.runner.dask import DaskGraphRunner

from bot.rasa import cuts

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
STOCK_VALIDATE = RemoteAction._validate_action_result
# SHA-256 of what the cuts replace or lean on, in Rasa 3.6.21. A difference means: read the new code, then decide anew.
WRITTEN_FOR = {
    "rasa.core.actions.action.RemoteAction._validate_action_result": "f8cdb4be68123961",
    "rasa.core.processor.MessageProcessor._load_model": "17f24faf96817bdf",
    "rasa.engine.runner.dask.DaskGraphRunner": "78a7d146c5c06d4c",
    "rasa.engine.graph.GraphNode.__call__": "66127a2bfb6fcf1e",
}


def source_of(name):
    module, found = name, None
    while found is None:
        module = module.rpartition(".")[0]
        try:
            found = __import__(module, fromlist=["_"])
        except ModuleNotFoundError:
            continue
    for part in name.removeprefix(module + ".").split("."):
        found = inspect.getattr_static(found, part)
    return inspect.getsource(getattr(found, "__func__", found))


def fingerprint(name):
    return hashlib.sha256(source_of(name).encode()).hexdigest()[:16]


@pytest.mark.parametrize("name", WRITTEN_FOR)
def test_rasa_is_the_one_that_the_cuts_were_written_for(name):
    assert fingerprint(name) == WRITTEN_FOR[name]


class Number(GraphComponent):
    """Gives a number."""

    @classmethod
    def create(cls, config, model_storage, resource, execution_context):
        component = cls()
        component.number = config.get("number", 0)
        return component

    def give(self):
        return self.number

    def add(self, left, right):
        return left + right + self.number


def schema():
    def node(needs, fn, **config):
        return SchemaNode(needs=needs, uses=Number, constructor_name="create", fn=fn, config=config, eager=True)

    return GraphSchema(
        {
            "sum": node({"left": "two", "right": "three"}, "add"),
            "two": node({}, "give", number=2),
            "three": node({}, "give", number=3),
            "more": node({"left": "sum", "right": "given"}, "add", number=10),
            "unused": node({"left": "nowhere", "right": "two"}, "add"),
        }
    )


def runners():
    graph = schema()
    for kind in (DaskGraphRunner, cuts.StraightRunner):
        yield kind.create(graph, None, ExecutionContext(graph_schema=graph, model_id="a"))


@pytest.mark.parametrize(
    ("inputs", "targets"),
    [({"given": 5}, ["more"]), ({"given": 1}, ["sum", "more"]), ({}, ["two"]), ({"two": 1}, ["sum"])],
)
def test_the_straight_runner_gives_what_rasas_gives(inputs, targets):
    stock, straight = runners()
    assert straight.run(inputs, targets) == stock.run(inputs, targets)
    assert straight.run(inputs, targets) == stock.run(inputs, targets)


def test_the_straight_runner_refuses_what_rasas_refuses():
    for runner in runners():
        with pytest.raises(GraphRunError):
            runner.run({}, ["more"])


GOOD = (
    {"events": [], "responses": []},
    {
        "events": [{"event": "slot", "name": "theme", "value": "hiding_it", "timestamp": None}],
        "responses": [{"text": "ok"}],
    },
    {"events": [{"event": "followup", "name": "action_listen", "timestamp": None}]},
)
BAD = (
    {"events": "none"},
    {"events": [{"event": 7}]},
    {"responses": ["ok"]},
    [],
    {"events": [{"event": "slot", "name": 3}]},
)


@pytest.mark.parametrize("result", GOOD)
def test_what_rasa_accepts_of_an_action_is_accepted(result):
    action = RemoteAction("action_reflect", None)
    assert STOCK_VALIDATE(action, result)
    assert cuts._validate_action_result(action, result)


@pytest.mark.parametrize("result", BAD)
def test_what_rasa_refuses_of_an_action_is_refused(result):
    action = RemoteAction("action_reflect", None)
    for validate in (STOCK_VALIDATE, cuts._validate_action_result):
        with pytest.raises(ValidationError):
            validate(action, result)


def test_the_cuts_are_made_where_rasa_looks(monkeypatch):
    monkeypatch.setattr(rasa.core.processor, "DaskGraphRunner", DaskGraphRunner)
    monkeypatch.setattr(RemoteAction, "_validate_action_result", STOCK_VALIDATE)
    cuts.install()
    cuts.install()
    assert rasa.core.processor.DaskGraphRunner is cuts.StraightRunner
    assert RemoteAction._validate_action_result is cuts._validate_action_result
