"""A turn of nobody, from words to an answer, of which nothing is stored or sent: whether the dialogue really works."""

from __future__ import annotations

from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.events import ActionExecuted, BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.errors import DialogueUnavailableError

_NOBODY, _WORDS = "rehearsal", "hello"


async def rehearse(agent: Agent) -> str:
    """Read a greeting, choose an action, run it, and return what it would say.

    Raises:
        DialogueUnavailableError: There is no model, or nothing came out.
        Exception: Whatever the components or the action raise.
    """
    processor = agent.processor
    if processor is None:
        raise DialogueUnavailableError("There is no model.")
    channel = CollectingOutputChannel()
    message = UserMessage(_WORDS, channel, _NOBODY, metadata={"level": "none", "kind": "self"})
    tracker = DialogueStateTracker.from_events(_NOBODY, [ActionExecuted(ACTION_LISTEN_NAME)], processor.domain.slots)
    read = await processor.parse_message(message, tracker)
    tracker.update(UserUttered(_WORDS, read["intent"], read["entities"], read, metadata=message.metadata))
    action, _ = processor.predict_next_with_tracker_if_should(tracker)
    events = await action.run(channel, processor.nlg, tracker, processor.domain)
    said = [event.text for event in events if isinstance(event, BotUttered) and event.text]
    if not said:
        raise DialogueUnavailableError("The dialogue had no answer to a greeting.")
    return said[0]
