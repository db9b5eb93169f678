"""The Telegram door. Must not import Rasa: it answers a man in crisis while Rasa is down."""
