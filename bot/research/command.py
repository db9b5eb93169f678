"""``ballast research``: preview and export, for the researcher at a terminal."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from bot.clock import utc_now
from bot.config import Settings
from bot.errors import BallastError
from bot.research.dialogues import consenting_men, possible_turns
from bot.research.export import ExportError, ExportReport, export_dialogues
from bot.storage import Database

SMALLEST_SHOWN = 10  # ONS threshold for counts of people
DatabaseFactory = Callable[[], Database]


def main(arguments: list[str], settings: Settings, database_factory: DatabaseFactory) -> int:
    """Run one subcommand and return the exit status: 0, or 1 after one line on what went wrong.

    Args:
        arguments: What follows ``ballast research``.
        settings: Not needed here.
        database_factory: Makes the prepared database; called once, after the arguments were understood.
    """
    del settings  # every door's command is called alike; this one needs only the database
    options = _parser().parse_args(arguments)
    try:
        database = database_factory()
        try:
            _preview(database) if options.command == "preview" else _export(database, options)
        finally:
            database.close()
    except BallastError as error:
        return _failed(str(error))
    return 0


def shown(count: int) -> str:
    """Return a count as a preview shows it: small ones only as ``<10``."""
    return str(count) if count >= SMALLEST_SHOWN else f"<{SMALLEST_SHOWN}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ballast research", description="Dialogues of men who agreed to research.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("preview", help="how much an export would hold; opens no message")
    export = commands.add_parser("export", help="write de-identified dialogues, one JSON line a turn")
    export.add_argument("--out", type=Path, required=True, metavar="FILE", help="the file to write")
    export.add_argument("--purpose", required=True, help="what it is for; kept in the audit")
    export.add_argument("--protocol", required=True, help="the protocol that allows it; kept in the audit")
    export.add_argument("--as", dest="staff", required=True, metavar="NAME", help="who exports; kept in the audit")
    return parser


def _preview(database: Database) -> None:
    with database.read() as session:
        men = consenting_men(session)
        turns = sum(possible_turns(session, person_id) for person_id in men)
    print(f"men with research consent: {shown(len(men))}")
    print(f"messages: {shown(turns)}")


def _export(database: Database, options: argparse.Namespace) -> None:
    report = _written(database, options)
    counts = report.counts
    print(f"{options.out}: {counts.dialogues} dialogues, {counts.turns} turns, {counts.withheld} withheld")
    print(f"sha256 {report.sha256}")


def _written(database: Database, options: argparse.Namespace) -> ExportReport:
    try:
        return export_dialogues(
            database,
            options.out,
            staff=options.staff,
            purpose=options.purpose,
            protocol=options.protocol,
            clock=utc_now,
        )
    except OSError as error:
        raise ExportError(f"{options.out} cannot be written ({error.strerror}). Nothing was left behind.") from error


def _failed(reason: str) -> int:
    print(reason, file=sys.stderr)
    return 1
