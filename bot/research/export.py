"""Export the dialogues of men whose consent a protocol reaches, as a folder that appears whole or not at all."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.clock import Clock
from bot.errors import BallastError, StorageError
from bot.logs import log_event
from bot.research.anonymity import K, anonymise
from bot.research.companions import Facts, write_companions, write_hashes
from bot.research.corrections import count_of
from bot.research.details import details_in, generalised
from bot.research.dialogues import MAN, Counts, DialogueTurn, dialogue_of, own_words
from bot.research.disclosure import write_disclosure
from bot.research.fields import FIELDS, Values, fields_of, ladder
from bot.research.folder import clear_leftovers, folder_beside, settle
from bot.research.jobs import FAILED, STOPPED, begin_job, end_job, finish_job, pseudonym_of
from bot.research.lines import Line, Man, Transcript, Writer
from bot.research.protocols import agreeing_men, check_lengths, has_agreed, valid_protocol
from bot.research.rare import Rungs, rungs_for
from bot.research.refi import Project
from bot.research.reviewed import Reviewed, reviewed_under
from bot.research.tables import CsvTables, ExcelBook, JsonLines, ParquetTable
from bot.storage import Database
from bot.storage.models import ResearchProtocol

FORMATS: dict[str, Callable[[Path, str], Writer]] = {
    "jsonl": lambda folder, _: JsonLines(folder),
    "csv": lambda folder, _: CsvTables(folder),
    "parquet": lambda folder, _: ParquetTable(folder),
    "xlsx": lambda folder, _: ExcelBook(folder),
    "qdpx": Project,
}
OPEN, CONTROLLED = "open", "controlled"
NO_WORDS = "[words withheld]"
_log = logging.getLogger(__name__)


class ExportError(BallastError):
    """An export cannot be made: the target is there, another purpose, or a consent was taken back while it ran."""


@dataclass(frozen=True)
class Request:
    """Who exports what, and why.

    Attributes:
        staff: Who exports.
        purpose: What for; the one that the protocol allows.
        protocol: The registered protocol.
        formats: Which of :data:`FORMATS`.
        release: ``controlled``, for those whom the protocol names; or ``open``, without words and with fields that
            more men share.
    """

    staff: str
    purpose: str
    protocol: str
    formats: tuple[str, ...]
    release: str


@dataclass(frozen=True)
class Progress:
    """How far an export is."""

    men: int
    men_in_all: int
    turns: int


@dataclass(frozen=True)
class ExportReport:
    """What was exported.

    Attributes:
        id: The job's id; with it the withdrawn are asked for.
        counts: Dialogues, turns and withheld turns.
        sha256: Hash of the folder's ``SHA256SUMS``, as the job's row names it.
    """

    id: str
    counts: Counts
    sha256: str


@dataclass
class _Run:
    id: str
    review: Reviewed
    counts: Counts = field(default_factory=Counts)
    men: list[str] = field(default_factory=list)
    pseudonyms: list[str] = field(default_factory=list)
    fields: list[Values] = field(default_factory=list)
    models: set[str] = field(default_factory=set)
    rungs: dict[str, Rungs] = field(default_factory=dict)
    corrections: int = 0


def export_dialogues(
    database: Database,
    out: Path,
    *,
    staff: str,
    purpose: str,
    protocol: str,
    clock: Clock,
    formats: Sequence[str] = tuple(FORMATS),
    release: str = CONTROLLED,
    reviewed: int = 0,
    progress: Callable[[Progress], None] = lambda _: None,
) -> ExportReport:
    """Write a folder with the dialogues of every man whose consent the protocol reaches, and what explains them.

    Each man is read in a transaction of his own, so that a long export does not hold up the gate or keep keys
    in memory. Consents are looked at again in the transaction that finishes the job; then the folder appears. It is
    private (0700), its files too.

    Args:
        database: Where the dialogues are.
        out: The folder; it must not be there yet.
        staff: Who exports.
        purpose: What for; it must be the protocol's.
        protocol: The registered protocol that allows it.
        clock: Tells the time.
        formats: Which of :data:`FORMATS`.
        release: ``controlled``, or ``open``: no words, and each man's fields are shared by more.
        reviewed: How many turns must have been reviewed with these recognisers; 0 asks for none.
        progress: Is told how far it is, man by man.

    Raises:
        ProtocolError: The protocol does not allow it now.
        ExportError: The folder is there, the purpose is another, a format is unknown, too few turns were reviewed, or
            a consent was taken back meanwhile. Nothing is left behind; the job is marked as failed.
        OSError: The folder cannot be written. Nothing is left behind; the job is marked as failed.
        StorageError: The database cannot be used now.
    """
    request = Request(staff, purpose, protocol, tuple(formats), release)
    _check(request, out)
    for export_id in clear_leftovers(out.parent):
        _end(database, export_id, STOPPED, clock)
    run = _begun(database, request, reviewed, clock)
    try:
        with folder_beside(out, run.id) as folder:
            _write_data(database, folder, request, run, clock, progress)
            write_companions(folder, _facts(request, run))
            sha256 = write_hashes(folder)
            settle(folder)
            _finish(database, request, run, sha256, clock)
    except BaseException as error:
        _end(database, run.id, STOPPED if isinstance(error, KeyboardInterrupt) else FAILED, clock)
        raise
    log_event(_log, "research.export", **asdict(run.counts), sha256=sha256)
    return ExportReport(run.id, run.counts, sha256)


def _check(request: Request, out: Path) -> None:
    check_lengths(staff=request.staff, purpose=request.purpose, protocol=request.protocol)
    unknown = [name for name in request.formats if name not in FORMATS]
    if unknown or not request.formats or len(set(request.formats)) < len(request.formats):
        raise ExportError(
            f"An export takes each of these formats once at most, and one at least: {', '.join(FORMATS)}."
        )
    if request.release not in K:
        raise ExportError(f"A release is one of these: {', '.join(sorted(K))}.")
    if out.exists():
        raise ExportError(f"{out} is there already. Name a folder that is not.")


def _begun(database: Database, request: Request, asked: int, clock: Clock) -> _Run:
    at = clock()
    with database.read() as session:
        review = reviewed_under(session, request.protocol, at=at)
    if review.turns < asked:
        raise ExportError(
            f"{review.turns} turns were reviewed since the recognisers last changed, and {asked} are asked for. "
            'Review more of them: "Review" in the staff app.'
        )
    return _Run(_begin(database, request, at), review)


def _begin(database: Database, request: Request, at: datetime) -> str:
    with database.write() as session:
        allowed = valid_protocol(session, request.protocol, at=at)
        if allowed.purpose != request.purpose:
            raise ExportError(f"The protocol {allowed.name} allows another purpose: {allowed.purpose}.")
        return begin_job(session, **asdict(request), at=at)


def _write_data(
    database: Database,
    folder: Path,
    request: Request,
    run: _Run,
    clock: Clock,
    progress: Callable[[Progress], None],
) -> None:
    """Write all dialogues in an order that says nothing."""
    with database.read() as session:
        allowed = valid_protocol(session, request.protocol, at=clock())
        men = agreeing_men(session, allowed, at=clock())
        session.expunge(allowed)
    secrets.SystemRandom().shuffle(men)
    if request.release != OPEN:
        _judge_details(database, men, allowed, run, clock)
    with ExitStack() as stack:
        writers = [stack.enter_context(closing(FORMATS[name](folder, run.id))) for name in request.formats]
        for number, person_id in enumerate(men, 1):
            with database.read() as session:
                if has_agreed(session, person_id, allowed, at=clock()):
                    run.men.append(person_id)
                    _write_dialogue(session, person_id, writers, run, request)
            progress(Progress(number, len(men), run.counts.turns))
        _write_fields(folder, writers, run, request)


def _judge_details(database: Database, men: list[str], allowed: ResearchProtocol, run: _Run, clock: Clock) -> None:
    """Find how wide each man's details must be told; whoever is counted for that must agree to the end."""
    told = {}
    for person_id in men:
        with database.read() as session:
            if has_agreed(session, person_id, allowed, at=clock()):
                said = own_words(session, person_id)
                told[person_id] = {detail for text in said for detail in details_in(text)}
    run.rungs = dict(zip(told, rungs_for(list(told.values()), k=K[CONTROLLED]), strict=True))


def _write_dialogue(session: Any, person_id: str, writers: list[Writer], run: _Run, request: Request) -> None:
    pseudonym = pseudonym_of(session, run.id, person_id)
    transcript, line = Transcript(pseudonym), None
    for turn in dialogue_of(session, person_id, run.counts):
        line = transcript.place(_released(turn, run.rungs.get(person_id, {}), request.release))
        _write_line(line, writers, run)
    if line is not None:
        run.corrections += count_of(session, person_id)
        run.counts.dialogues += 1
        run.pseudonyms.append(pseudonym)
        run.fields.append(fields_of(session, person_id))
        for writer in writers:
            writer.end_dialogue(line)


def _released(turn: DialogueTurn, rungs: Rungs, release: str) -> DialogueTurn:
    if release == OPEN:
        return replace(turn, text=NO_WORDS)
    return replace(turn, text=generalised(turn.text, rungs)) if turn.speaker == MAN else turn


def _write_line(line: Line, writers: list[Writer], run: _Run) -> None:
    if line.model is not None:
        run.models.add(line.model)
    for writer in writers:
        writer.write(line)


def _write_fields(folder: Path, writers: list[Writer], run: _Run, request: Request) -> None:
    """Write the structured fields once it is known who is in the export: only they are the crowd to hide in."""
    safe = anonymise(run.fields, tuple(FIELDS), ladder, k=K[request.release])
    men = [Man(name, values) for name, values in zip(run.pseudonyms, safe.rows, strict=True)]
    for writer in writers:
        writer.add_men(men)
    write_disclosure(folder, safe, release=request.release, review=run.review, rungs=list(run.rungs.values()))


def _finish(database: Database, request: Request, run: _Run, sha256: str, clock: Clock) -> None:
    """Confirm protocol and consents and finish the job in one transaction."""
    at = clock()
    with database.write() as session:
        allowed = valid_protocol(session, request.protocol, at=at)
        if not all(has_agreed(session, person_id, allowed, at=at) for person_id in {*run.men, *run.rungs}):
            raise ExportError("A consent was withdrawn while the export ran. Nothing was written; start it again.")
        finish_job(session, run.id, counts=run.counts, sha256=sha256, pseudonyms=run.pseudonyms, at=at)


def _end(database: Database, export_id: str, state: str, clock: Clock) -> None:
    """Mark a job; where the database is gone as well it stays as running, without an end."""
    with suppress(StorageError), database.write() as session:
        end_job(session, export_id, state=state, at=clock())


def _facts(request: Request, run: _Run) -> Facts:
    asked = (request.protocol, request.purpose, request.formats, request.release)
    return Facts(run.id, *asked, run.counts, tuple(sorted(run.models)), run.review.turns, run.corrections)
