"""The only room that knows Rasa: its channel, stores, language components and in-process actions."""
