"""What was found, as a table to print and as a dated page with a plot."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from scripts.speed.history import OUR_EVENTS, STOCK_EVENTS
from scripts.speed.sums import Figure, figure, ratio

Found = Mapping[str, list[float]]
_TURN = (
    ("messages a second, eight men at once", "a second", "x", "at least 6 times"),
    ("processor time of a turn, ms", "cpu", "/", ""),
    ("one man, p50, ms", "p50", "/", "ours 6 or less"),
    ("one man, p95, ms", "p95", "/", "ours 12 or less"),
    ("memory of its processes, MB", "memory", "/", ""),
    ("from start to first answer, s", "start", "/", "ours 6 or less"),
)
_PATH = (
    ("messages a second", "path a second", "at least 2.5 times stock's channel"),
    ("processor time of a message, ms", "path cpu", ""),
    ("p50 at the steady rate, ms", "path p50", "20 or less"),
    ("p95 at the steady rate, ms", "path p95", "60 or less"),
    ("memory of all four processes, MB", "path memory", "700 or less"),
    ("start of the bot to its first safety reply, s", "path start", "3 or less"),
)


def text(found: Mapping[str, Found]) -> str:
    """Return everything as Markdown tables."""
    return "\n".join("\n".join((f"## {title(kind)}", "", *_database(of), "")) for kind, of in found.items()) + "\n"


def title(kind: str) -> str:
    """Return a database's name as it is written."""
    return {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[kind]


def _database(of: Found) -> Iterator[str]:
    yield from ("| a turn | stock | ours | how many times better | wanted |", "|---|---|---|---|---|")
    for name, key, kind, wanted in _TURN:
        stock, ours = of[f"stock {key}"], of[f"ours {key}"]
        better = ratio(ours, stock) if kind == "x" else ratio(stock, ours)
        yield f"| {name} | {figure(stock)} | {figure(ours)} | {better} | {wanted} |"
    yield from ("", "| the whole path | ours | wanted |", "|---|---|---|")
    for name, key, wanted in _PATH:
        yield f"| {name} | {figure(of[key])} | {wanted} |"
    yield f"| messages a second, as a share of stock's at its channel | {_against_stock(of)} | 2.5 or more |"
    if f"ours at {OUR_EVENTS[0]}" in of:
        yield from ("", "| events of one man | stock, ms a turn | ours, ms a turn | ours, times that at 10 |")
        yield "|---|---|---|---|"
        yield from _histories(of)


def _against_stock(of: Found) -> Figure:
    blocks = min(len(of["path a second"]), len(of["stock a second"]))
    return ratio(of["path a second"][:blocks], of["stock a second"][:blocks])


def _histories(of: Found) -> Iterator[str]:
    least = figure(of[f"ours at {OUR_EVENTS[0]}"]).value
    for events in OUR_EVENTS:
        ours = figure(of[f"ours at {events}"])
        stock = str(figure(of[f"stock at {events}"])) if events in STOCK_EVENTS else "not tried"
        yield f"| {events:,} | {stock} | {ours} | {ours.value / least:.2f} |"


def write_page(folder: Path, found: Mapping[str, Found], note: str) -> Path:
    """Write the dated page, its plot and its blocks, and return the page.

    A database that was measured on the same day by an earlier run, and not by this one, stays on the page.
    """
    folder.mkdir(exist_ok=True)
    day = datetime.now().astimezone().date().isoformat()
    blocks = folder / f"speed-{day}.json"
    found = {**(json.loads(blocks.read_text()) if blocks.is_file() else {}), **found}
    blocks.write_text(json.dumps(found) + "\n")
    plot = folder / f"speed-{day}.svg"
    plot.write_bytes(_plot(found))
    page = folder / f"speed-{day}.md"
    page.write_text(_INTRODUCTION.format(day=day, machine=_machine(), note=note, plot=plot.name) + text(found))
    return page


def _machine() -> str:
    return f"{os.cpu_count()} cores ({platform.machine()}), Linux {platform.release().split('-')[0]}"


def _plot(found: Mapping[str, Found]) -> bytes:
    from bot.papers import Bar, bars

    values = []
    for kind, of in found.items():
        for name, key in (("stock", "stock"), ("ours", "ours"), ("ours, whole path", "path")):
            one = figure(of[f"{key} a second"])
            values.append(Bar(f"{name}, {title(kind)}", one.value, one.low, one.high))
    return bars(values, title="Messages a second, with the 95 % range").svg()


_INTRODUCTION = """# Speed against stock Rasa, {day}

Made by `scripts/bench_turns.py` on {machine}. {note}

![Messages a second]({plot})

**What is compared.** Stock: Rasa 3.6.21 with `rasa init`'s default pipeline (DIET and the rest) and policies
(Memoization, Rule, UnexpecTED, TED), REST channel, SQL tracker store and action server, trained on the phrases of
`data/nlu`. Our flows need our own actions, so the stock project has one rule an intent: every second one answers with
a response, the others through a plain custom action that sets one slot. It was trained for fewer epochs than the
default, since only time is compared, and what is said to both are phrases that stock recognises, so that it never
takes the dearer way of its fallback. Ours: the Rasa process as `make run` starts it, at its channel, with sealed
tracker, turn and outbox committed; here **every** turn runs one of our actions. The whole path: a message at a fake
Bot API to its answer there, through screening, inbox, dialogue and outbox, each sealed and committed. Whoever asks
runs on the same cores.

**How.** Both sides run at the same time and are asked in blocks by turns, so that whatever else the machine does
weighs on both. Figures are medians over blocks with 95 % ranges (2,000 resamples of the blocks); ratios are taken
block by block. Memory is what lies in memory of all processes of a side (RSS); what two of them share counts twice.

"""
