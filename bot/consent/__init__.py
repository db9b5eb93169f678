"""What a man agreed to, by kind and version of the wording."""

from bot.consent.consents import ADULT, RESEARCH, SHARE, STORAGE, VERSIONS, answer_of, has_given, record_answer

__all__ = ["ADULT", "RESEARCH", "SHARE", "STORAGE", "VERSIONS", "answer_of", "has_given", "record_answer"]
