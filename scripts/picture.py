"""Play a conversation through the whole path and draw it as docs/conversation.svg: ``make picture``."""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bot import logs
from bot.config import PROJECT, Settings
from bot.console.screen import render
from bot.console.server import own_server
from bot.console.talk import Heard, Talk
from bot.crypto import KeyRing
from bot.storage import open_database

SAID = (
    "been signed off 6 weeks now, lads at the depot think im swinging the lead",
    "dunno, just say im on holiday if anyone asks",
    "some days i think theyd all be better off without me",
    "no",
)
# Rich names a font on somebody's server; a reader's browser shall not call anybody.
_FONT_FROM_AFAR = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


async def main() -> int:
    """Draw the picture."""
    logs.install("ERROR")
    home = Path(tempfile.mkdtemp(prefix="ballast-picture-"))
    settings = replace(
        Settings.from_environment({}),
        home=home,
        key_file=home / "ballast.keys",
        database_url=f"sqlite:///{home / 'ballast.db'}",
    )
    KeyRing.create(settings.key_file)
    database = open_database(settings)
    console = Console(record=True, width=80, file=(home / "out.txt").open("w"))
    async with own_server(settings, database.vault.keyring.channel_token) as dialogue:
        talk = Talk(database, settings, dialogue)
        talk.consent()
        for said in SAID:
            console.print(Text.assemble(("you > ", "bold cyan"), said))
            _print(console, await talk.say(said))
    drawn = _FONT_FROM_AFAR.sub("", console.export_svg(title="ballast chat"))
    (PROJECT / "docs" / "conversation.svg").write_text(drawn, encoding="utf-8")
    return 0


def _print(console: Console, heard: Heard) -> None:
    for bubble in heard.replies:
        console.print(render(bubble))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
