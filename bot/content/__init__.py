"""What Ballast says outside the dialogue model: first meeting, safety, commands, failures."""

from bot.content.places import sign_line
from bot.content.texts import Bubble, label, region_words, say, typed_choice, word_for_sign

__all__ = ["Bubble", "label", "region_words", "say", "sign_line", "typed_choice", "word_for_sign"]
