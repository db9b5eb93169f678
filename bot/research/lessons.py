"""``ballast research corrections``: what people corrected, as lines that the recognisers can be tested with."""

from __future__ import annotations

import argparse
import os
import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.clock import utc_now
from bot.errors import KeyMissingError, SealBrokenError
from bot.escalation import audit
from bot.research.corrections import MISSED, Corrected, CorrectionError, corrections_of, folded
from bot.research.dialogues import Counts, turns_with_ids
from bot.research.invented import Inventor, marked_line
from bot.research.protocols import check_lengths, consenting_men
from bot.research.replaced import Part
from bot.storage import Database
from bot.storage.review_models import Correction

_HEAD = """\
# Corrections of reviews, in the form of tests/research/identifiers.yml. {d:...} is a direct identifier, {i:...} an
# indirect one; they are invented, the rest of each sentence is what somebody wrote. Before a line is added to the
# repository a person reads it, rewords it so that only the pattern is left, and looks for what gives somebody away.
"""


@dataclass(frozen=True)
class _Lesson:
    id: str
    finding: str
    words: str
    parts: list[Part]


def write_corrections(database: Database, options: argparse.Namespace) -> None:
    """Write each correction in the words of men who agree to research now; that they left is in the audit.

    Raises:
        CorrectionError: The file is there already or cannot be written.
    """
    check_lengths(staff=options.staff)
    with database.read() as session:
        lessons = [lesson for person_id in consenting_men(session) for lesson in _lessons_of(session, person_id)]
    taken = {folded(part.text) for lesson in lessons for part in lesson.parts if part.surrogate is not None}
    inventor = Inventor(taken, random.Random(secrets.randbits(128)))  # noqa: S311 - nothing hangs on its being guessed
    lines = [marked_line(lesson.parts, lesson.words, inventor) for lesson in lessons]
    with database.write() as session:
        for lesson in lessons:
            audit(session, actor=options.staff, action="review.take", subject=lesson.id, at=utc_now())
    _write(options.out, lines)
    missed = sum(lesson.finding == MISSED for lesson in lessons)
    print(f"{options.out}: {missed} missed, {len(lessons) - missed} removed wrongly. Read and reword each line.")


def _lessons_of(session: Any, person_id: str) -> Iterator[_Lesson]:
    rows = session.execute(select(Correction).filter_by(person_id=person_id).order_by(Correction.at)).scalars().all()
    if not rows:
        return
    try:
        corrected = Corrected(corrections_of(session, person_id))
        opened = [(row, row.words.reveal()) for row in rows]
    except (SealBrokenError, KeyMissingError):
        return
    for message_id, _ in turns_with_ids(session, person_id, Counts(), corrected):
        for row, words in opened:
            if row.message_id == message_id:
                yield _Lesson(row.id, row.finding, words, corrected.parts)


def _write(out: Path, lines: list[str]) -> None:
    """Write a private file with the lines that hold identifiers, and those that hold none."""
    planted = [line for line in lines if "{" in line]
    clean = [line for line in lines if "{" not in line]
    text = _HEAD
    for name, found in (("planted", planted), ("clean", clean)):
        text += f"{name}: |\n" + "".join(f"  {line}\n" for line in found)
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise CorrectionError(f"{out} cannot be written ({error.strerror}).") from error
