"""Drive a server: so many talkers at once, or one; what it took in wall time, and in its processes' processor time."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20
Ask = Callable[[Any], Awaitable[None]]


@dataclass(frozen=True)
class Block:
    """What so many turns took.

    Attributes:
        a_second: Turns a second of wall time.
        cpu_ms: Processor time of the server's processes, in milliseconds a turn.
        times_ms: Wall time of each turn, in milliseconds, sorted.
    """

    a_second: float
    cpu_ms: float
    times_ms: tuple[float, ...]

    def at(self, share: float) -> float:
        """Return the time that this share of the turns did not exceed."""
        return self.times_ms[min(len(self.times_ms) - 1, int(len(self.times_ms) * share))]


async def drive(ask: Ask, talks: Sequence[Sequence[Any]], processes: Sequence[int]) -> Block:
    """Let so many men talk at once, each his own messages one after the other.

    Args:
        ask: Has one message answered.
        talks: The messages of each.
        processes: Whose processor time counts.
    """
    times: list[float] = []

    async def talk(messages: Sequence[Any]) -> None:
        for message in messages:
            started = time.perf_counter()
            await ask(message)
            times.append(1_000 * (time.perf_counter() - started))

    used, started = cpu_seconds(processes), time.perf_counter()
    await asyncio.gather(*(talk(messages) for messages in talks))
    wall, spent = time.perf_counter() - started, cpu_seconds(processes) - used
    return Block(len(times) / wall, 1_000 * spent / len(times), tuple(sorted(times)))


class Asker:
    """Asks a channel over HTTP and holds it to an answer.

    Args:
        url: Its address.
        token: Bearer token, or empty.
        is_answered: Whether what came back is an answer.
    """

    def __init__(self, url: str, token: str, is_answered: Callable[[Any], bool]) -> None:
        self._url, self._is_answered = url, is_answered
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, body: dict[str, Any]) -> None:
        """Ask once.

        Raises:
            ValueError: It was not answered; a figure would lie.
        """
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0)
            self._session = aiohttp.ClientSession(headers=self._headers, connector=connector)
        async with self._session.post(self._url, json=body) as response:
            if response.status != 200 or not self._is_answered(await response.json()):
                raise ValueError(f"A turn was not answered (status {response.status}).")

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


def cpu_seconds(processes: Sequence[int]) -> float:
    """Return what processes have used of the processor so far, their children not counted."""
    return sum(sum(map(int, _fields(process)[11:13])) for process in processes) / _TICKS


def memory_mb(processes: Sequence[int]) -> float:
    """Return what lies in memory of processes now (RSS), in MB; what two of them share counts twice."""
    return sum(int(_fields(process)[21]) for process in processes) * _PAGE_MB


def _fields(process: int) -> list[str]:
    """Return the numbers of /proc/PID/stat behind the name, which may hold spaces."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def children_of(process: int) -> list[int]:
    """Return a process and all that it started, also by way of others."""
    found = [process]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in task.read_text().split()]
    return found


def calibrate(turns: int = 5) -> float:
    """Return the processor seconds of a fixed piece of work, to tell a slow machine from a slow program."""
    best = float("inf")
    for _ in range(turns):
        started = time.process_time()
        total = 0
        for number in range(400_000):
            total += number * number % 7
        best = min(best, time.process_time() - started)
    return best
