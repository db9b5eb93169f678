"""``ballast chat``, ``ballast screen`` and ``ballast read``."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot import logs
from bot.config import Settings
from bot.console.lines import parse, run_lines, text_of, use_utf8, write_line
from bot.console.screen import converse
from bot.console.server import own_server
from bot.console.talk import Heard, Talk
from bot.crisis import load as load_screening
from bot.crisis import screen
from bot.crypto import KeyRing
from bot.errors import InputLineError
from bot.storage import Database, open_database
from bot.turns.messages import cut


def screen_lines() -> int:
    """Screen each line: ``{"id", "text"}`` -> ``{"id", "level", "reasons"}``."""

    def handle(row: dict[str, Any]) -> dict[str, Any]:
        screening = screen(cut(text_of(row))[0])
        return {"id": row.get("id"), "level": str(screening.level), "reasons": list(screening.reasons)}

    use_utf8()
    fault = load_screening()
    if fault is not None:
        sys.stderr.write(f"{fault}\n")
    return run_lines(sys.stdin, handle, sys.stdout, sys.stderr)


def read_lines() -> int:
    """Read each line with the model: ``{"id", "text"}`` -> ``{"id", "intent", "confidence", "codes"}``."""
    from bot.rasa.reading import Reader

    reader = Reader()

    def handle(row: dict[str, Any]) -> dict[str, Any]:
        return {"id": row.get("id"), **reader.read(cut(text_of(row))[0])}

    use_utf8()
    return run_lines(sys.stdin, handle, sys.stdout, sys.stderr)


def chat(arguments: list[str], settings: Settings) -> int:
    """Talk in the terminal, or line by line with ``--jsonl``."""
    parser = argparse.ArgumentParser(prog="ballast chat", description="A conversation in the terminal.")
    parser.add_argument("--jsonl", action="store_true", help="JSON lines in and out, one a turn")
    parser.add_argument("--fresh", action="store_true", help="a new man in a temporary database")
    parser.add_argument("--consented", action="store_true", help="begin behind the first questions")
    options = parser.parse_args(arguments)
    logs.install("ERROR")
    with _place(settings, fresh=options.fresh) as (database, placed):
        return asyncio.run(_talk(database, placed, jsonl=options.jsonl, consented=options.consented))


@contextmanager
def _place(settings: Settings, *, fresh: bool) -> Iterator[tuple[Database, Settings]]:
    """Yield the installation's database, or a temporary one that is gone afterwards."""
    if not fresh:
        yield open_database(settings), settings
        return
    home = Path(tempfile.mkdtemp(prefix="ballast-"))
    try:
        placed = replace(
            settings,
            home=home,
            key_file=home / "ballast.keys",
            database_url=f"sqlite:///{home / 'ballast.db'}",
            key_service="",
            erasure_ledger=home / "erasures.ledger",
        )
        KeyRing.create(placed.key_file)
        database = open_database(placed)
        yield database, placed
        database.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)


async def _talk(database: Database, settings: Settings, *, jsonl: bool, consented: bool) -> int:
    async with own_server(settings, database.vault.keyring.channel_token) as dialogue:
        talk = Talk(database, settings, dialogue)
        if consented:
            talk.consent()
        return await (_talk_lines(talk) if jsonl else converse(talk))


async def _talk_lines(talk: Talk) -> int:
    use_utf8()
    refused = 0
    loop = asyncio.get_running_loop()
    number = 0
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        number += 1
        if not line.strip():
            continue
        try:
            heard = await _one(talk, parse(line))
        except InputLineError as error:
            sys.stderr.write(f"line {number}: {error}\n")
            refused = 1
            continue
        write_line(_as_json(heard), sys.stdout)
    return refused


async def _one(talk: Talk, row: dict[str, Any]) -> Heard:
    if isinstance(row.get("button"), str):
        return await talk.press(row["button"])
    return await talk.say(text_of(row))


def _as_json(heard: Heard) -> dict[str, Any]:
    replies = [
        {
            "text": bubble.text,
            "buttons": [{"label": label, "data": data} for label, data in bubble.buttons],
        }
        for bubble in heard.replies
    ]
    return {"replies": replies, "level": heard.level, "flags": heard.flags}
