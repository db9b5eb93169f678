"""One worker a person over all processes, at most so many at once, nobody waiting for anybody else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any

from bot.logs import log_event
from bot.storage import Claims
from bot.turns.bell import Bell


class Crew:
    """Starts work for persons who have none under way.

    Args:
        work: What is done for one person.
        at_once: How many persons at the most.
        bell: Rung when a worker is done, so that what it left due is looked at now.
        log: Where a worker's error is noted, by its type.
        claims: Holds a person for this process while his worker is at it.
        task: The worker's kind, so that one may send to him while another answers him.
    """

    def __init__(
        self,
        work: Callable[[str], Coroutine[Any, Any, None]],
        at_once: int,
        bell: Bell,
        log: logging.Logger,
        claims: Claims,
        task: str,
    ) -> None:
        self._work = work
        self._at_once = at_once
        self._bell = bell
        self._log = log
        self._claims = claims
        self._kind = task
        self._busy: dict[str, asyncio.Task[None]] = {}

    def start(self, person_ids: Iterable[str]) -> None:
        """Start work for those who have none under way here or elsewhere, in order, as far as there is room.

        Raises:
            StorageError: Nobody can say who works on whom.
        """
        for person_id in person_ids:
            if person_id in self._busy or len(self._busy) >= self._at_once:
                continue
            if self.holds(person_id):
                task = asyncio.create_task(self._work(person_id))
                self._busy[person_id] = task
                task.add_done_callback(partial(self._finished, person_id))

    def holds(self, person_id: str) -> bool:
        """Return whether he is this process's; a worker asks before each step, as a claim may have been lost."""
        return self._claims.take(f"{self._kind}:{person_id}")

    def _finished(self, person_id: str, task: asyncio.Task[None]) -> None:
        self._busy.pop(person_id)
        self._claims.give_back(f"{self._kind}:{person_id}")
        if task.cancelled() or task.exception() is None:
            self._bell.ring()
        else:  # not at once again: what failed would fail in a circle
            log_event(self._log, "worker.error", level=logging.ERROR, kind=type(task.exception()).__name__)
