"""What ``ballast research agreement`` and ``report`` do at the terminal."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from sqlalchemy import select

from bot.clock import utc_now
from bot.research.agreement import Estimate
from bot.research.coded import CodedUnit, agreement_of, units_of_export, write_agreement
from bot.research.codings import CodingsError
from bot.research.joined import joined_units
from bot.research.report import sections_of, write_report
from bot.research.rounds import units_of_round
from bot.storage import Database
from bot.storage.coding_models import CodingRound
from bot.storage.models import StaffAccount


def agreement_of_a_round(database: Database, options: argparse.Namespace) -> None:
    """Print how far people agree who coded a round in the staff app.

    Raises:
        CodingsError: There is no round of that id, or what others coded cannot be read.
    """
    with database.read() as session:
        if session.get(CodingRound, options.round) is None:
            raise CodingsError(f"No round of coding has the id {options.round}. Its address in the staff app ends so.")
        if options.export:
            units = joined_units(session, options.round, options.export, options.codings, at=utc_now())
        else:
            units = units_of_round(session, options.round, at=utc_now())
        names = dict(tuple(row) for row in session.execute(select(StaffAccount.id, StaffAccount.name)))
    named = [replace(unit, people={names.get(who, who): codes for who, codes in unit.people.items()}) for unit in units]
    _tell(named, options.out)


def agreement_elsewhere(options: argparse.Namespace) -> None:
    """Print how far people agree who coded an export in other programs.

    Raises:
        CodingsError: Nothing that they coded was named, or it cannot be read.
    """
    if not (options.export and options.codings):
        raise CodingsError("Name a round with --round, or an export with --export and its --codings.")
    _tell(units_of_export(options.export, options.codings), options.out)


def report(database: Database, options: argparse.Namespace) -> None:
    """Write the figures over everybody whom a protocol reaches, as HTML and PDF.

    Raises:
        ProtocolError: The protocol does not allow anything now.
        ReportError: The folder is there already or cannot be made.
    """
    at = utc_now()
    with database.read() as session:
        parts = sections_of(session, options.protocol, at=at)
    write_report(options.out, parts, title=f"Ballast: {options.protocol}", made_at=at)
    print(f"{options.out}: report.html, report.pdf")


def _tell(units: list[CodedUnit], out: Path | None) -> None:
    rows = agreement_of(units)
    coders = {coder for unit in units for coder in unit.people}
    print(f"{len(units)} turns, {len(coders)} people, {rows[0].turns} turns coded twice; 95 % intervals in brackets")
    print("code\tgiven\talike\tkappa\talpha\tprecision\trecall")
    for row in rows:
        if row.given or (row.precision is not None and row.precision.count):
            figures = [_figure(estimate) for estimate in (row.agreement, row.kappa, row.alpha)]
            print("\t".join([row.code, str(row.given), *figures, str(row.precision or "-"), str(row.recall or "-")]))
    if out is not None:
        try:
            with out.open("x", encoding="utf-8", newline="") as file:
                write_agreement(rows, file)
        except OSError as error:
            raise CodingsError(f"{out} cannot be written ({error.strerror}).") from error


def _figure(estimate: Estimate) -> str:
    if estimate.value is None:
        return "-"
    return f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"
