"""Send Rasa's structured logs through the silent handler; by default they print every message."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import structlog

from bot import logs


def install(level: str) -> None:
    """Silence content in every log of this process, structured ones included."""
    logs.install(level)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, _drop_values],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _drop_values(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    del logger, method, event  # the silent formatter says where it came from; what it said stays here
    return ""
