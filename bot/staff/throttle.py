"""Slow down guessing: after five failures in fifteen minutes each further try must wait, longer each time.

Counted for the account's name and for the address it came from. There is no lock that stays: the wait ends by
itself and never exceeds the window. What is stored is an HMAC: the table names neither people nor addresses.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from bot.storage.models import SignInFailure

WINDOW = timedelta(minutes=15)
FREE_FAILURES = 5
FIRST_WAIT = timedelta(seconds=30)


def subject_of(key: bytes, kind: str, value: str) -> str:
    """Return 64 hexadecimal digits that stand for an account name or an address."""
    return hmac.new(key, f"sign-in\x00{kind}\x00{value}".encode(), hashlib.sha256).hexdigest()


def remaining_wait(session: Any, subjects: tuple[str, ...], at: datetime) -> timedelta:
    """Return how long the next try must wait; zero or less when it may go ahead."""
    return max(_wait_of(session, subject, at) for subject in subjects)


def note_failure(session: Any, subjects: tuple[str, ...], at: datetime) -> list[int]:
    """Write one failure down for each subject, forget the old ones, and return the new rows' numbers."""
    session.execute(delete(SignInFailure).where(SignInFailure.at <= at - WINDOW))
    rows = [SignInFailure(subject=subject, at=at) for subject in subjects]
    session.add_all(rows)
    session.flush()
    return [row.seq for row in rows]


def forgive(session: Any, account: str, noted: list[int]) -> None:
    """Take back what was noted before the password turned out right.

    The account starts afresh. Of the address only this try is taken back: somebody with an account of his own
    must not be able to clear the count of his guesses at others.
    """
    session.execute(delete(SignInFailure).where(SignInFailure.subject == account))
    session.execute(delete(SignInFailure).where(SignInFailure.seq.in_(noted)))


def wait_words(wait: timedelta) -> str:
    """Return what somebody is told who must wait."""
    seconds = math.ceil(wait.total_seconds())
    span = f"{seconds} seconds" if seconds < 90 else f"{math.ceil(seconds / 60)} minutes"
    return f"Too many tries. Wait {span}, then try again. Nothing is locked."


def retry_header(wait: timedelta) -> dict[str, str]:
    """Return the header that says the same to programs."""
    return {"Retry-After": str(math.ceil(wait.total_seconds()))}


def _wait_of(session: Any, subject: str, at: datetime) -> timedelta:
    query = select(SignInFailure.at).where(SignInFailure.subject == subject, SignInFailure.at > at - WINDOW)
    failures = sorted(session.execute(query).scalars())
    if len(failures) < FREE_FAILURES:
        return timedelta(0)
    doublings = min(len(failures) - FREE_FAILURES, 10)
    return failures[-1] + min(FIRST_WAIT * 2**doublings, WINDOW) - at  # type: ignore[no-any-return]
