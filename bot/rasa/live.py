"""Trackers that stay in memory between a man's turns, for a while and not for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from rasa.shared.core.trackers import DialogueStateTracker

_MOST = 1_000


@dataclass(frozen=True)
class _Kept:
    tracker: DialogueStateTracker
    newest: int
    at: float


class LiveTrackers:
    """The trackers of those who spoke last.

    Args:
        seconds: How long one is kept after it was put here.
        most: How many at most; the longest silent goes first.
        now: A clock that never jumps, in seconds.
    """

    def __init__(self, seconds: float, most: int = _MOST, now: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._most, self._now = seconds, most, now
        self._kept: dict[str, _Kept] = {}

    def __contains__(self, sender_id: str) -> bool:
        return sender_id in self._kept

    def keep(self, tracker: DialogueStateTracker, newest: int = 0) -> None:
        """Put a tracker here.

        Args:
            tracker: As it was just saved.
            newest: Number of its last stored event.
        """
        self._kept.pop(tracker.sender_id, None)
        self._kept[tracker.sender_id] = _Kept(tracker, newest, self._now())
        self.purge()

    def get(self, sender_id: str) -> DialogueStateTracker | None:
        """Return a tracker and keep it."""
        found = self._kept.get(sender_id)
        return found.tracker if found else None

    def take(self, sender_id: str, newest: int) -> DialogueStateTracker | None:
        """Return a tracker and let go of it; None unless its last stored event is the newest there is."""
        found = self._kept.pop(sender_id, None)
        return found.tracker if found and found.newest == newest else None

    def purge(self) -> None:
        """Let go of those that were kept too long, or are too many."""
        oldest = self._now() - self._seconds
        while self._kept:
            first = next(iter(self._kept))
            if len(self._kept) <= self._most and self._kept[first].at >= oldest:
                return
            del self._kept[first]
