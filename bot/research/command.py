"""``ballast research``: protocols, preview, export and the withdrawn, for the researcher at a terminal."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.clock import utc_now
from bot.config import Settings
from bot.errors import BallastError
from bot.research import lessons, told
from bot.research.anonymity import K
from bot.research.codings import CodingsError, read_codings
from bot.research.dialogues import possible_turns
from bot.research.export import CONTROLLED, FORMATS, ExportError, ExportReport, Progress, export_dialogues
from bot.research.jobs import is_as_audited, withdrawn_from
from bot.research.protocols import (
    CONSENT_DAYS,
    agreeing_men,
    close_protocol,
    consenting_men,
    register_protocol,
    valid_protocol,
)
from bot.research.returned import Turns, coded_turns, write_coded_turns
from bot.storage import Database
from bot.storage.models import ResearchExport, ResearchProtocol

SMALLEST_SHOWN = 10  # ONS threshold for counts of people
REVIEWED = 100  # turns; with none missed in 100, the recognisers miss something in 3.7 % of turns at most (Wilson)
STOPPED_STATUS = 130  # what a shell expects after an interrupt
DatabaseFactory = Callable[[], Database]


def main(arguments: list[str], settings: Settings, database_factory: DatabaseFactory) -> int:
    """Run one subcommand and return the exit status.

    Args:
        arguments: What follows ``ballast research``.
        settings: Not needed here.
        database_factory: Makes the prepared database; called once, after the arguments were understood.

    Returns:
        0; 1 after one line on what went wrong; 130 if it was stopped, with nothing left behind.
    """
    del settings  # every door's command is called alike; this one needs only the database
    options = _parser().parse_args(arguments)
    try:
        if options.command == "codings":
            _codings(options)  # what a colleague does on his own machine, without database and keys
            return 0
        if options.command == "agreement" and not options.round:
            told.agreement_elsewhere(options)  # this as well
            return 0
        database = database_factory()
        try:
            options.run(database, options)
        finally:
            database.close()
    except BallastError as error:
        return _failed(str(error))
    except KeyboardInterrupt:
        _failed("Stopped. Nothing was left behind.")
        return STOPPED_STATUS
    return 0


def shown(count: int) -> str:
    """Return a count as a preview shows it: small ones only as ``<10``."""
    return str(count) if count >= SMALLEST_SHOWN else f"<{SMALLEST_SHOWN}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ballast research", description="Dialogues of men who agreed to research.")
    commands = parser.add_subparsers(dest="command", required=True)
    _protocol_parser(commands.add_parser("protocol", help="register, list or close what an ethics board allowed"))
    preview = commands.add_parser("preview", help="how much an export would hold; opens no message")
    preview.add_argument("--protocol", metavar="NAME", help="count whom this one reaches; default: all who agreed")
    preview.set_defaults(run=_preview)
    export = commands.add_parser("export", help="write a folder of de-identified dialogues")
    export.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the folder to make")
    export.add_argument("--purpose", required=True, help="what it is for; the protocol must allow it")
    export.add_argument("--protocol", required=True, metavar="NAME", help="the registered protocol that allows it")
    export.add_argument("--as", dest="staff", required=True, metavar="NAME", help="who exports; kept in the audit")
    export.add_argument("--format", dest="formats", action="append", choices=list(FORMATS), help="repeat; default: all")
    export.add_argument(
        "--release", choices=sorted(K), default=CONTROLLED, help="open: no words, fields shared by more"
    )
    export.add_argument(
        "--reviewed",
        type=int,
        nargs="?",
        const=REVIEWED,
        default=0,
        metavar="TURNS",
        help=f"refuse unless so many turns ({REVIEWED}) were reviewed in the staff app with these recognisers",
    )
    export.set_defaults(run=_export)
    jobs = commands.add_parser("exports", help="list all exports: who, why, what came of it")
    jobs.set_defaults(run=_jobs)
    withdrawn = commands.add_parser("withdrawn", help="who took his consent back since, by export and pseudonym")
    withdrawn.add_argument("--export", metavar="ID", help="only this export's")
    withdrawn.set_defaults(run=_withdrawn)
    agreement = commands.add_parser("agreement", help="how far people, and the model, agree; prints and writes CSV")
    agreement.add_argument("--round", metavar="ID", help="a round coded in the staff app; alone, or with the two below")
    agreement.add_argument("--export", type=Path, metavar="FOLDER", help="an export that people coded elsewhere")
    agreement.add_argument("--codings", type=Path, nargs="+", default=[], metavar="CSV", help="made by `codings`")
    agreement.add_argument("--out", type=Path, metavar="FILE", help="write all figures as CSV")
    agreement.set_defaults(run=told.agreement_of_a_round)
    report = commands.add_parser("report", help="figures over everybody a protocol reaches, as HTML and PDF")
    report.add_argument("--protocol", required=True, metavar="NAME", help="the registered protocol that allows it")
    report.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the folder to make")
    report.set_defaults(run=told.report)
    corrections = commands.add_parser(
        "corrections", help="what reviews corrected, as lines for the tests; invented names"
    )
    corrections.add_argument("--out", type=Path, required=True, metavar="FILE", help="the file to make")
    corrections.add_argument(
        "--as", dest="staff", required=True, metavar="NAME", help="who takes them; kept in the audit"
    )
    corrections.set_defaults(run=lessons.write_corrections)
    codings = commands.add_parser("codings", help="the turns that people coded in another program, as CSV")
    codings.add_argument("project", type=Path, metavar="PROJECT", help="a .qdpx that was made from an export")
    codings.add_argument("--export", type=Path, required=True, metavar="FOLDER", help="that export")
    return parser


def _protocol_parser(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="step", required=True)
    add = commands.add_parser("add", help="register a protocol under today's wording of consent")
    add.add_argument("name")
    add.add_argument("--purpose", required=True, help="what its data may be used for")
    add.add_argument(
        "--expires", type=_day, required=True, metavar="YYYY-MM-DD", help="no export from this day on (UTC)"
    )
    add.add_argument("--consent-days", type=int, default=CONSENT_DAYS, help="how long a man's yes counts")
    add.set_defaults(run=_add)
    close = commands.add_parser("close", help="let no export run under it any more")
    close.add_argument("name")
    close.set_defaults(run=_close)
    for command in (add, close):
        command.add_argument("--as", dest="staff", required=True, metavar="NAME", help="who does it; kept in the audit")
    commands.add_parser("list", help="list all protocols").set_defaults(run=_list)


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; it takes YYYY-MM-DD") from error


def _add(database: Database, options: argparse.Namespace) -> None:
    reasons = {"purpose": options.purpose, "expires_at": options.expires, "consent_days": options.consent_days}
    with database.write() as session:
        register_protocol(session, options.name, **reasons, by=options.staff, at=utc_now())
    print(f"{options.name} is registered until {options.expires.date()}.")


def _close(database: Database, options: argparse.Namespace) -> None:
    with database.write() as session:
        close_protocol(session, options.name, by=options.staff, at=utc_now())
    print(f"{options.name} is closed.")


def _list(database: Database, _: argparse.Namespace) -> None:
    with database.read() as session:
        for row in session.execute(select(ResearchProtocol).order_by(ResearchProtocol.name)).scalars():
            state = f"until {row.expires_at.date()}" if row.closed_at is None else "closed"
            print(f"{row.name}\t{state}\twording {row.wording}\tconsent {row.consent_days} days\t{row.purpose}")


def _preview(database: Database, options: argparse.Namespace) -> None:
    with database.read() as session:
        men = _men(session, options.protocol)
        turns = sum(possible_turns(session, person_id) for person_id in men)
    print(f"men with research consent: {shown(len(men))}")
    print(f"messages: {shown(turns)}")


def _men(session: Any, protocol: str | None) -> list[str]:
    if protocol is None:
        return consenting_men(session)
    now = utc_now()
    return agreeing_men(session, valid_protocol(session, protocol, at=now), at=now)


def _export(database: Database, options: argparse.Namespace) -> None:
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite kill stops as cleanly as ctrl-C
    try:
        report = _written(database, options)
    finally:
        signal.signal(signal.SIGTERM, before)
    counts = report.counts
    print(f"{options.out}: {counts.dialogues} dialogues, {counts.turns} turns, {counts.withheld} withheld")
    print(f"export {report.id}")
    print(f"sha256 of SHA256SUMS {report.sha256}")


def _written(database: Database, options: argparse.Namespace) -> ExportReport:
    try:
        return export_dialogues(
            database,
            options.out,
            staff=options.staff,
            purpose=options.purpose,
            protocol=options.protocol,
            clock=utc_now,
            formats=options.formats or tuple(FORMATS),
            release=options.release,
            reviewed=options.reviewed,
            progress=_tell,
        )
    except OSError as error:
        raise ExportError(f"{options.out} cannot be written ({error.strerror}). Nothing was left behind.") from error


def _tell(progress: Progress) -> None:
    is_last = progress.men == progress.men_in_all
    if sys.stderr.isatty() or is_last or progress.men % 100 == 0:
        end = "\n" if is_last or not sys.stderr.isatty() else "\r"
        print(f"{progress.men} of {progress.men_in_all} dialogues, {progress.turns} turns", end=end, file=sys.stderr)


def _jobs(database: Database, _: argparse.Namespace) -> None:
    with database.read() as session:
        for row in session.execute(select(ResearchExport).order_by(ResearchExport.started_at)).scalars().all():
            counts = f"{row.dialogues} dialogues, {row.turns} turns, {row.withheld} withheld"
            told = f"{row.id}\t{row.state}\t{row.staff}\t{row.protocol}\t{row.purpose}\t{counts}\t{row.sha256 or '-'}"
            print(told if is_as_audited(session, row) else f"{told}\tNOT AS AUDITED")


def _withdrawn(database: Database, options: argparse.Namespace) -> None:
    with database.read() as session:
        if options.export and session.get(ResearchExport, options.export) is None:
            raise ExportError(f"No export has the id {options.export}. `ballast research exports` lists them.")
        for export, pseudonyms in withdrawn_from(session):
            if options.export in (None, export.id):
                for pseudonym in pseudonyms:
                    print(f"{export.id}\t{pseudonym}")


def _codings(options: argparse.Namespace) -> None:
    try:
        found = coded_turns(read_codings(options.project), Turns(options.export))
        count = write_coded_turns(found, sys.stdout)
    except OSError as error:
        raise CodingsError(f"{error.filename} cannot be read ({error.strerror}).") from error
    print(f"{count} codes on turns", file=sys.stderr)


def _failed(reason: str) -> int:
    print(reason, file=sys.stderr)
    return 1
