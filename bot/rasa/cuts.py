"""Two places where Rasa 3.6.21 takes time and needs not: same results, measured, each held by a test to Rasa's code.

Why they are worth it, and how to take them out again: ``docs/decisions/0011-two-cuts-in-rasa.md``.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import rasa.core.processor
from jsonschema import ValidationError
from jsonschema.validators import validator_for
from rasa.core.actions.action import RemoteAction
from rasa.engine.graph import ExecutionContext, GraphNode, GraphNodeHook, GraphSchema
from rasa.engine.runner.interface import GraphRunner
from rasa.engine.storage.storage import ModelStorage


def install() -> None:
    """Make the cuts in this process, before a model is loaded; a second time changes nothing."""
    rasa.core.processor.DaskGraphRunner = StraightRunner
    RemoteAction._validate_action_result = _validate_action_result  # noqa: SLF001 - see the decision


class StraightRunner(GraphRunner):
    """Runs a graph's nodes one after the other in an order found once, without planning each run anew.

    Args:
        graph_schema: The graph.
        nodes: Its components by name, ready to run.
    """

    def __init__(self, graph_schema: GraphSchema, nodes: dict[str, GraphNode]) -> None:
        self._schema = graph_schema
        self._nodes = nodes
        self._orders: dict[tuple[str, ...], list[str]] = {}

    @classmethod
    def create(
        cls,
        graph_schema: GraphSchema,
        model_storage: ModelStorage,
        execution_context: ExecutionContext,
        hooks: list[GraphNodeHook] | None = None,
    ) -> StraightRunner:
        """Return a runner with every component loaded."""
        nodes = {
            name: GraphNode.from_schema_node(name, node, model_storage, execution_context, hooks)
            for name, node in graph_schema.nodes.items()
        }
        return cls(graph_schema, nodes)

    def run(self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None) -> dict[str, Any]:
        """Return the output of each target.

        Args:
            inputs: Values for the graph's placeholders, by name.
            targets: Whose output is wanted; the graph's own if none are given.

        Raises:
            GraphRunError: A node's input is nowhere to be had.
        """
        wanted = tuple(targets or self._schema.target_names)
        done = dict(inputs or {})
        for name in self._order(wanted):
            if name in done:
                continue  # given from outside
            given = [(need, done[need]) for need in self._schema.nodes[name].needs.values() if need in done]
            done[name] = self._nodes[name](*given)[1]
        return {name: done[name] for name in wanted}

    def _order(self, wanted: tuple[str, ...]) -> list[str]:
        if wanted not in self._orders:
            order: list[str] = []
            for target in wanted:
                self._put(target, order)
            self._orders[wanted] = order
        return self._orders[wanted]

    def _put(self, name: str, order: list[str]) -> None:
        """Put a node behind all that it needs."""
        if name in order or name not in self._nodes:
            return
        for need in self._schema.nodes[name].needs.values():
            self._put(need, order)
        order.append(name)


def _validate_action_result(_: RemoteAction, result: dict[str, Any]) -> bool:
    """Check what an action returned; raise ``ValidationError`` as Rasa does.

    Rasa checks the schema itself against its own schema each time, for 15 ms; it never changes.
    """
    error = next(_validator().iter_errors(result), None)
    if error is not None:
        raise ValidationError(f"{error.message}. An action returned what Rasa does not understand.")
    return True


@cache
def _validator() -> Any:
    schema = RemoteAction.action_response_format_spec()
    kind = validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)
