"""The one path of a message: received, screened, turned, committed, sent. Every door uses it."""

from bot.turns.conductor import Conductor
from bot.turns.dialogue import DialogueClient
from bot.turns.gate import Gate
from bot.turns.messages import Incoming, Kind, Reply, ReplyButton
from bot.turns.sender import Sender, Transport

__all__ = [
    "Conductor",
    "DialogueClient",
    "Gate",
    "Incoming",
    "Kind",
    "Reply",
    "ReplyButton",
    "Sender",
    "Transport",
]
