"""A bell that a worker waits for, or for the next tick, whichever comes first."""

from __future__ import annotations

import asyncio


class Bell:
    """Rings at once for whoever waits, or for the next one who does."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """End the present wait, or the next one if nobody waits."""
        self._rung.set()

    async def wait(self, at_most_seconds: float) -> None:
        """Return when the bell rings, and at the latest after this time.

        ``asyncio.wait_for`` would do, but Python 3.10's loses a cancellation that comes together with the ring, and a
        process that is told to stop then serves on (github.com/python/cpython/issues/86296).
        """
        tick = asyncio.get_running_loop().call_later(at_most_seconds, self._rung.set)
        try:
            await self._rung.wait()
        finally:
            tick.cancel()
        self._rung.clear()
