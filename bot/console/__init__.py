"""The terminal door: a conversation, and the commands that work line by line."""
