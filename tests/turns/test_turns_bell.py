"""The bell of the workers: it must not lose the order to stop."""

from __future__ import annotations

import asyncio

import pytest

from bot.turns.bell import Bell

pytestmark = pytest.mark.asyncio


async def test_ring_ends_the_wait_and_silence_ends_it_too():
    bell = Bell()
    bell.ring()
    await asyncio.wait_for(bell.wait(60), 1)
    await asyncio.wait_for(bell.wait(0.01), 1)


async def test_order_to_stop_that_comes_with_the_ring_is_obeyed():
    bell = Bell()

    async def serve():
        while True:
            await bell.wait(60)

    serving = asyncio.ensure_future(serve())
    await asyncio.sleep(0)
    bell.ring()
    serving.cancel()
    await asyncio.wait({serving}, timeout=1)
    assert serving.cancelled()
