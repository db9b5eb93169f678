"""Tell staff outside the app that a flag waits: by mail, webhook or Telegram chat. Never a word about a man."""

from bot.escalation.notify.channels import Channels, NotDeliveredError
from bot.escalation.notify.words import Notice

__all__ = ["Channels", "NotDeliveredError", "Notice"]
