"""Runs custom actions inside the Rasa process: no HTTP hop, no second server.

``rasa run actions`` still serves the same actions over HTTP for a Rasa developer.
"""

from __future__ import annotations

from typing import Any

from rasa.utils.endpoints import EndpointConfig
from rasa_sdk.executor import ActionExecutor


class InProcessActions(EndpointConfig):
    """An action endpoint that is not an address but the actions themselves.

    Args:
        package: Import name of the folder with the actions.
    """

    def __init__(self, package: str = "actions") -> None:
        super().__init__(url="in-process")
        self._executor = ActionExecutor()
        self._executor.register_package(package)

    async def request(self, *args: Any, **kwargs: Any) -> Any:
        """Run one action call as the action server would."""
        return await self._executor.run(kwargs["json"])
