"""Three short questions after the yes to research; each can be skipped, and all stop when the yes is taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.consent import RESEARCH, STORAGE, has_given
from bot.escalation import follow_ups
from bot.records.about_him import QUESTIONS, SKIP, forget_answers, keep_answer

PREFIX = "about_"
_ORDER = tuple(QUESTIONS)
Said = tuple[str, tuple[str, ...]]  # a text's name, and the buttons below it


def after_consent(session: Any, person_id: str, *, given: bool) -> Said | None:
    """Return the first question, or None: he said no, keeps nothing here, or a question of safety is open.

    A no deletes what he told earlier.
    """
    if not given:
        forget_answers(session, person_id)
        return None
    if not has_given(session, person_id, STORAGE) or follow_ups.is_question_open(session, person_id):
        return None
    return _question(_ORDER[0])


def take_answer(session: Any, person_id: str, name: str, *, at: datetime) -> Said | None:
    """Keep what a button such as ``about_age_25-34`` says and return what comes next; None for a stale one."""
    question, _, value = name.removeprefix(PREFIX).partition("_")
    if value not in (*QUESTIONS.get(question, ()), SKIP) or not has_given(session, person_id, RESEARCH):
        return None
    keep_answer(session, person_id=person_id, question=question, value=value, at=at)
    later = _ORDER[_ORDER.index(question) + 1 :]
    return _question(later[0]) if later else ("about_done", ())


def _question(name: str) -> Said:
    return f"{PREFIX}{name}_question", tuple(f"{PREFIX}{name}_{value}" for value in (*QUESTIONS[name], SKIP))
