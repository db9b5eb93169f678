"""Rasa lock store for one process: asyncio locks that wake their waiters at once.

Rasa's own store polls once a second. Order between a man's messages is kept by the gate's one worker a person; this
lock keeps Rasa's promise to everybody else who talks to the server.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakValueDictionary

from rasa.core.lock_store import LOCK_LIFETIME, LockError, LockStore


class AsyncioLockStore(LockStore):
    """Locks conversations inside this process."""

    def __init__(self, endpoint_config: Any = None) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def lock(
        self, conversation_id: str, lock_lifetime: float = LOCK_LIFETIME, wait_time_in_seconds: float = 1
    ) -> AsyncIterator[None]:
        """Hold a conversation; raise ``LockError`` when it stays taken for ``lock_lifetime`` seconds."""
        lock = self._locks.setdefault(conversation_id, asyncio.Lock())
        try:
            await asyncio.wait_for(lock.acquire(), lock_lifetime)
        except asyncio.TimeoutError as error:
            raise LockError("A conversation stayed locked for too long.") from error
        try:
            yield
        finally:
            lock.release()
