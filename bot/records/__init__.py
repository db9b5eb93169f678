"""Scores, plans and notes of one man."""

from bot.records.scores import keep_score, scores_of

__all__ = ["keep_score", "scores_of"]
