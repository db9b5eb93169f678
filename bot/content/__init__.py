"""What Ballast says outside the dialogue model: first meeting, safety, commands, settings, failures."""

from bot.content.places import sign_line
from bot.content.texts import Bubble, label, region_words, say, typed_choice, word_for_sign
from bot.content.times import Wish, clock_time, named_day, weekday_name, wished_time

__all__ = [
    "Bubble",
    "Wish",
    "clock_time",
    "label",
    "named_day",
    "region_words",
    "say",
    "sign_line",
    "typed_choice",
    "weekday_name",
    "wished_time",
    "word_for_sign",
]
