"""Measure the webhook: how long Telegram waits for its 200, with the whole bot behind it. ``make bench``.

A real `ballast telegram` on a house of its own, a fake Bot API to send to, and so many connections that bring texts of
the screening's validation list at a steady rate, each of another man. Rasa is away: what it takes is its own process's
time. Prints median, p95 and p99 of the answer, and where the bot's own figures say that the time went.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import yaml

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from tests.path_fixtures import Bot, House, fake_telegram, free_port, until  # noqa: E402 - may be started from anywhere

AIM_MS = 250  # p99
HOOK = "https://bot.example/telegram"
_HEADER = "X-Telegram-Bot-Api-Secret-Token"
_LINES = PROJECT / "tests" / "crisis" / "validation.yml"
_PARTS = ("screen", "receive", "webhook")


def texts() -> list[str]:
    """Return what men write, dark and harmless alike."""
    rows = yaml.safe_load(_LINES.read_text(encoding="utf-8"))
    return [line for row in rows for line in row["lines"].splitlines() if line.strip()]


async def bring(client: httpx.AsyncClient, url: str, secret: str, update: dict[str, Any]) -> float:
    """Deliver one update and return the milliseconds until its 200."""
    started = time.perf_counter()
    answer = await client.post(url, json=update, headers={_HEADER: secret})
    answer.raise_for_status()
    return 1_000 * (time.perf_counter() - started)


async def measure(folder: Path, seconds: int, a_second: float, senders: int) -> tuple[list[float], str]:
    """Return the times of all deliveries, and the bot's own figures."""
    house = House.build(folder / "house")
    port, figures = free_port(), free_port()
    more = {"TELEGRAM_WEBHOOK_URL": HOOK, "TELEGRAM_WEBHOOK_PORT": str(port), "METRICS_PORT": str(figures)}
    lines, free = texts(), asyncio.Semaphore(senders)
    async with fake_telegram(1) as api, httpx.AsyncClient(trust_env=False, timeout=60) as client:
        bot = Bot(house, api, f"http://127.0.0.1:{free_port()}", **more)
        try:
            await until(lambda: any(name == "setWebhook" for name, _ in api.calls), 120, "the start")
            secret = next(payload["secret_token"] for name, payload in api.calls if name == "setWebhook")
            url = f"http://127.0.0.1:{port}/telegram"

            async def one(number: int) -> float:
                await asyncio.sleep(number / a_second)
                update = api.updates[api.say(10_000 + number % 500, lines[number % len(lines)])]
                async with free:
                    return await bring(client, url, secret, update)

            times = await asyncio.gather(*(one(number) for number in range(int(seconds * a_second))))
            said = (await client.get(f"http://127.0.0.1:{figures}/metrics")).text
        finally:
            bot.kill()
    return sorted(times), said


def mean_ms(said: str, part: str) -> float:
    """Return the mean of one of the bot's histograms in milliseconds."""
    total, count = (re.search(rf"^ballast_{part}_seconds_{end} (\S+)$", said, re.MULTILINE) for end in ("sum", "count"))
    return 1_000 * float(total[1]) / float(count[1]) if total and count and float(count[1]) else 0.0


def main() -> None:
    """Print one line a figure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=30, help="how long; default: %(default)s")
    parser.add_argument("--rate", type=float, default=20, help="updates a second in all; default: %(default)s")
    parser.add_argument("--senders", type=int, default=8, help="connections at most; default: %(default)s")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ballast-webhook-") as folder:
        times, said = asyncio.run(measure(Path(folder), options.seconds, options.rate, options.senders))
    at = {share: times[min(len(times) - 1, int(len(times) * share))] for share in (0.95, 0.99)}
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = (used.ru_utime + used.ru_stime) / options.seconds
    sys.stdout.write(
        f"{len(times)} updates at {options.rate:g} a second over {options.senders} connections: "
        f"median {statistics.median(times):.1f} ms, p95 {at[0.95]:.1f} ms, "
        f"p99 {at[0.99]:.1f} ms (aim {AIM_MS}, ratio {at[0.99] / AIM_MS:.2f})\n"
        f"of which on average: " + ", ".join(f"{part} {mean_ms(said, part):.1f} ms" for part in _PARTS) + "\n"
        f"the bot used {100 * busy:.0f} % of one core, its start included\n"
    )


if __name__ == "__main__":
    main()
