"""Read messages with the trained model's language part: intent and codes, without dialogue or database."""

from __future__ import annotations

import asyncio
from typing import Any

from bot.errors import SettingError
from bot.rasa import quiet
from bot.rasa.model import model_path
from bot.turns.messages import without_slashes


class Reader:
    """Loads the model once and reads any number of messages.

    Raises:
        SettingError: There is no trained model.
    """

    def __init__(self) -> None:
        if not model_path().is_file():
            raise SettingError("There is no trained model. Run `make train`.")
        import skops.io  # noqa: F401 - before TensorFlow, see bot.rasa.serve
        from rasa.core.agent import Agent

        from bot.rasa import cuts

        quiet.install("ERROR")
        cuts.install()
        self._agent = Agent.load(str(model_path()))

    def read(self, text: str) -> dict[str, Any]:
        """Return ``{"intent", "confidence", "codes": [{"id", "score"}]}`` for one message."""
        from rasa.core.channels.channel import UserMessage

        message = UserMessage(without_slashes(text))
        assert self._agent.processor is not None  # noqa: S101 - Agent.load has set it
        parsed = asyncio.run(self._agent.processor.parse_message(message))
        reading: dict[str, Any] = parsed.get("reading") or {"intent": None, "confidence": 0.0, "codes": []}
        return reading
