"""Measure a turn against stock Rasa 3.6.21, in one run on one machine: ``make bench``.

Both are trained on our phrases, started, and measured in blocks by turns, so that what else the machine does weighs on
both. Prints a table of medians and 95 % ranges, and writes a dated page with a plot into docs/figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from contextlib import AsyncExitStack, nullcontext
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from scripts.speed import history, load, path, stock, tables  # noqa: E402 - may be started from anywhere
from scripts.speed.servers import QUIET, Ours, Stock  # noqa: E402
from tests import postgres  # noqa: E402
from tests.fakes.bot_api import TEST_BOT, FakeBotApi  # noqa: E402

TALKERS, EACH, ALONE = 8, 12, 30
A_SECOND, SECONDS, PATH_MEN = 20.0, 15.0, 20
Found = dict[str, list[float]]


async def main(options: argparse.Namespace) -> None:
    """Measure on each database, print, and write the page."""
    project = prepared(options.stock)
    lines = json.loads((project / "lines.json").read_text())
    found: dict[str, Found] = {}
    for kind in options.databases.split(","):
        with postgres.running() if kind == "postgresql" else nullcontext() as server:
            found[kind] = await compare(project, lines, server, options)
    sys.stdout.write(tables.text(found))
    if options.page:
        tables.write_page(PROJECT / "docs" / "figures", found, options.note)


def prepared(folder: Path | None) -> Path:
    """Return a trained stock project with the phrases that are said; made now unless it is given."""
    folder = folder or Path(tempfile.mkdtemp(prefix="ballast-stock-")) / "project"
    if not (folder / "models").is_dir():
        say(f"Training stock Rasa on our phrases in {folder} (ten minutes)")
        stock.derive(folder)
        stock.train(folder)
    if not (folder / "lines.json").is_file():
        command = [sys.executable, "-m", "scripts.speed.lines", str(folder)]
        subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - ours
    return folder


async def compare(project: Path, lines: list[str], server: Any, options: argparse.Namespace) -> Found:
    """Start both, and measure in turns."""
    found: Found = {}
    with tempfile.TemporaryDirectory(prefix="ballast-bench-") as name:
        folder = Path(name)
        stock.copy(project, folder / "stock")
        urls = [server.url(server.make()) if server else "" for _ in range(2)]
        sides = Stock(folder / "stock", urls[0]), Ours(folder / "ours", urls[1])
        try:
            await starts(sides, found, options.starts)
            for number in range(options.blocks):
                say(f"block {number + 1} of {options.blocks}")
                for side in sides if number % 2 else sides[::-1]:  # neither always comes first
                    await blocks(side, lines, found)
            for side in sides:
                note(found, f"{side.name} memory", load.memory_mb(side.processes))
            await whole_path(sides[1], lines, found, options)
            if options.history:
                await histories(sides, folder, urls[0], found, options.blocks)
        finally:
            for side in sides:
                await side.stop()
    return found


async def starts(sides: tuple[Stock, Ours], found: Found, times: int) -> None:
    """Time how long each takes from its start to its first answer; the last start stays."""
    for number in range(times):
        for side in sides:
            note(found, f"{side.name} start", await side.start())
        if number < times - 1:
            for side in sides:
                await side.end()


async def blocks(side: Stock | Ours, lines: list[str], found: Found) -> None:
    """Measure one block of many talkers and one of a single man."""
    count = len(found.get(f"{side.name} a second", ()))
    said = lines[count * 7 % len(lines) :] + lines
    talks = side.talks(side.men(TALKERS), [said[number * EACH :][:EACH] for number in range(TALKERS)])
    block = await load.drive(side.ask, talks, side.processes)
    note(found, f"{side.name} a second", block.a_second)
    note(found, f"{side.name} cpu", block.cpu_ms)
    block = await load.drive(side.ask, side.talks(side.men(1), [said[:ALONE]]), side.processes)
    note(found, f"{side.name} p50", block.at(0.5))
    note(found, f"{side.name} p95", block.at(0.95))


async def whole_path(side: Ours, lines: list[str], found: Found, options: argparse.Namespace) -> None:
    """Measure from a message at a fake Telegram to its answer there, with all four processes of `make run`."""
    way = path.Path(side.database)
    async with FakeBotApi(TEST_BOT, on_sent=way.note) as way.api, AsyncExitStack() as others:
        for number in range(options.starts):
            bot = path.newborn(side.house, way.api, side.dialogue.url)
            note(found, "path start", await way.first_words(900_000 + number))
            if number < options.starts - 1:
                bot.stop()
        beside = path.beside(side.house)
        for one in (bot, *beside):
            others.callback(one.kill)
        chats = path.men(side.database, 500_000, PATH_MEN)
        working = [*side.processes, *load.children_of(bot.process.pid)]
        for number in range(options.blocks):
            said = lines[number * 11 % len(lines) :] + lines
            block = await way.drain(chats, said, working)
            note(found, "path a second", block.a_second)
            note(found, "path cpu", block.cpu_ms)
            block = await way.steady(chats, said, options.rate, SECONDS, working)
            note(found, "path p50", block.at(0.5))
            note(found, "path p95", block.at(0.95))
        all_of_it = [*working, *(process for one in beside for process in load.children_of(one.process.pid))]
        note(found, "path memory", load.memory_mb(all_of_it))


async def histories(sides: tuple[Stock, Ours], folder: Path, stock_url: str, found: Found, repeats: int) -> None:
    """Measure a man's turn by the length of his history; men of each length, by turns."""
    theirs, own = sides
    for events in history.STOCK_EVENTS:
        men = theirs.men(repeats)
        for man in men:
            history.fill_stock(stock_url or f"sqlite:///{folder / 'stock' / 'rasa.db'}", man, events)
        await turns_of(theirs, men, f"stock at {events}", found)
    for events in history.OUR_EVENTS:
        say(f"a history of {events:,}")
        men = own.men(repeats if events < 100_000 else 1)
        pairs = [f"{man}={events}" for man in men]
        command = [sys.executable, "-m", "scripts.speed.history", *pairs]
        environment = own.house.environment(**QUIET, PYTHONWARNINGS="ignore")
        filling = await asyncio.create_subprocess_exec(*command, cwd=PROJECT, env=environment)
        if await filling.wait():
            raise RuntimeError("The history could not be written.")
        await turns_of(own, men, f"ours at {events}", found)


async def turns_of(side: Stock | Ours, men: list[str], name: str, found: Found) -> None:
    """Note each of a few turns of each man; the first loads what he has said, the others find it there."""
    for man in men:
        for talk in side.talks([man], [["nobody at work knows"] * (12 if len(men) == 1 else 3)]):
            block = await load.drive(side.ask, [talk], side.processes)
            found.setdefault(name, []).extend(block.times_ms)


def note(found: Found, name: str, value: float) -> None:
    """Add one block's figure."""
    found.setdefault(name, []).append(value)
    say(f"  {name}: {value:.1f}")


def say(line: str) -> None:
    """Show how far it is."""
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--blocks", type=int, default=15, help="of each side; default: %(default)s")
    parser.add_argument("--starts", type=int, default=3, help="of each side; default: %(default)s")
    parser.add_argument("--rate", type=float, default=A_SECOND, help="messages a second on the whole path")
    parser.add_argument("--databases", default="sqlite,postgresql", help="default: %(default)s")
    parser.add_argument("--stock", type=Path, help="a stock project that was trained before")
    parser.add_argument("--note", default="", help="a sentence for the page, such as what else the machine did")
    parser.add_argument("--no-history", dest="history", action="store_false", help="leave out the long histories")
    parser.add_argument("--no-page", dest="page", action="store_false", help="print only")
    asyncio.run(main(parser.parse_args()))
