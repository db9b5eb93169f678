from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest

from bot.config import PROJECT
from bot.escalation import verify_audit
from bot.research.jobs import begin_job, is_as_audited, withdrawn_from
from bot.storage.models import AuditEntry, ResearchExport, ResearchPseudonym
from bot.storage.retention import erase_person


@pytest.fixture
def withdrawn(database):
    def names():
        with database.read() as session:
            return {export.id: pseudonyms for export, pseudonyms in withdrawn_from(session)}

    return names


def test_a_finished_job_says_who_why_and_what_came_of_it(house, run, clock):
    house.says(house.man(), "i feel flat")
    report, _ = run(formats=("jsonl", "csv"))
    with house.database.read() as session:
        job = session.query(ResearchExport).one()
        told = (job.id, job.staff, job.purpose, job.protocol, job.formats, job.state, job.sha256)
        assert told == (report.id, "r.lang", "theme paper", "IRB-12", "jsonl csv", "done", report.sha256)
        assert (job.dialogues, job.turns, job.withheld) == (1, 1, 0)
        assert job.started_at == job.ended_at == clock()


def test_a_job_is_two_rows_of_the_audit_that_hold_its_row_fast(house, run):
    house.says(house.man(), "i feel flat")
    report, _ = run()
    with house.database.read() as session:
        entries = session.query(AuditEntry).order_by(AuditEntry.seq).all()[1:]  # the first registered the protocol
        assert verify_audit(session) == len(entries) + 1
        assert [(entry.actor, entry.action) for entry in entries] == [
            ("r.lang", "research.export.running"),
            ("r.lang", "research.export.done"),
        ]
        assert all(entry.subject.startswith(f"{report.id}:") and len(entry.subject) == 64 for entry in entries)
        assert is_as_audited(session, session.query(ResearchExport).one())


@pytest.mark.parametrize(
    ("column", "value"),
    [("staff", "x"), ("purpose", "x"), ("formats", "csv"), ("state", "failed"), ("turns", 9), ("sha256", "0" * 64)],
)
def test_a_job_that_was_changed_since_is_seen(house, run, column, value):
    house.says(house.man(), "i feel flat")
    run()
    with house.database.write() as session:
        setattr(session.query(ResearchExport).one(), column, value)
    with house.database.read() as session:
        assert not is_as_audited(session, session.query(ResearchExport).one())


def test_withdrawn_are_named_by_their_pseudonym_in_each_export_that_held_them(house, run, withdrawn):
    stays, goes = house.man(), house.man()
    house.says(stays, "one")
    first, _ = run("a")
    house.says(goes, "two")
    second, lines = run("b")
    assert withdrawn() == {}
    house.answers(goes, given=False)
    third, _ = run("c")
    (pseudonym,) = (line["dialogue"] for line in lines if line["text"] == "two")
    assert withdrawn() == {second.id: [pseudonym]}
    assert first.id != second.id != third.id


def test_an_erased_man_counts_as_withdrawn(house, run, withdrawn):
    man = house.man()
    house.says(man, "one")
    report, (line,) = run()
    with house.database.write() as session:
        erase_person(session, man)
    assert withdrawn() == {report.id: [line["dialogue"]]}


def test_a_man_who_agreed_again_is_withdrawn_no_more(house, run, withdrawn):
    man = house.man()
    house.says(man, "one")
    run()
    house.answers(man, given=False)
    assert withdrawn()
    house.answers(man, given=True)
    assert withdrawn() == {}


def test_a_consent_that_grew_old_is_no_withdrawal(house, run, withdrawn):
    house.allows("IRB-14", consent_days=41)
    house.says(house.man(), "one")
    run(protocol="IRB-14")
    assert withdrawn() == {}


def test_only_dialogues_that_are_in_the_files_have_a_pseudonym(house, run):
    house.man()  # said nothing
    house.says(house.man(), "one")
    _, (line,) = run()
    with house.database.read() as session:
        assert [row.pseudonym for row in session.query(ResearchPseudonym)] == [line["dialogue"]]


def test_a_pseudonym_leads_to_nobody_without_the_key_file(house, run):
    man = house.man()
    house.says(man, "one")
    _, (line,) = run()
    assert len(line["dialogue"]) == 16
    assert line["dialogue"] not in man
    with house.database.read() as session:
        columns = {column.name for column in ResearchPseudonym.__table__.columns}
        assert columns == {"export_id", "pseudonym"}
        assert session.query(ResearchPseudonym).one().pseudonym == line["dialogue"]


def leftover(house, tmp_path, clock):
    """What a killed export leaves: a job that runs for ever, and a folder."""
    values = {"staff": "r.lang", "purpose": "theme paper", "protocol": "IRB-12", "formats": ("jsonl",)}
    values["release"] = "controlled"
    with house.database.write() as session:
        job = begin_job(session, **values, at=clock() - timedelta(days=1))
    folder = tmp_path / f".export-{job}.part"
    folder.mkdir()
    (folder / "turns.jsonl").write_text("half a fi")
    return job, folder


def test_the_next_export_clears_up_after_one_that_was_killed(house, run, clock, tmp_path):
    house.says(house.man(), "one")
    job, folder = leftover(house, tmp_path, clock)
    run()
    assert not folder.exists()
    with house.database.read() as session:
        row = session.get(ResearchExport, job)
        assert (row.state, row.ended_at) == ("stopped", clock())
        assert is_as_audited(session, row)


KILLED = """
import os, signal, sys
from datetime import datetime, timezone
from pathlib import Path
from bot.crypto import KeyRing
from bot.research import export
from bot.storage import Database

def killed(session, person_id, counts, read=export.dialogue_of):
    yield from read(session, person_id, counts)
    os.kill(os.getpid(), signal.SIGKILL)

export.dialogue_of = killed
place = Path(sys.argv[2])
reasons = {"staff": "r.lang", "purpose": "theme paper", "protocol": "IRB-12"}
database = Database(sys.argv[1], KeyRing.load(place / "ballast.keys"))
export.export_dialogues(database, place / "out", **reasons, clock=lambda: datetime(2026, 4, 1, tzinfo=timezone.utc))
"""


def test_a_process_that_is_killed_leaves_no_export_and_the_next_one_clears_up(house, run, database_url, tmp_path):
    house.says(house.man(), "one")
    command = [sys.executable, "-c", KILLED, database_url, str(tmp_path)]
    killed = subprocess.run(command, check=False, cwd=PROJECT, capture_output=True)  # noqa: S603 - ours
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert not (tmp_path / "out").exists()
    (left,) = tmp_path.glob(".export-*.part")
    assert left.stat().st_mode & 0o077 == 0
    with house.database.read() as session:
        assert [job.state for job in session.query(ResearchExport)] == ["running"]
    run()
    assert not left.exists()
    with house.database.read() as session:
        assert sorted(job.state for job in session.query(ResearchExport)) == ["done", "stopped"]


def test_an_export_that_still_runs_beside_it_is_left_alone(house, run, clock, tmp_path):
    house.says(house.man(), "one")
    job, folder = leftover(house, tmp_path, clock)
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        run()
    finally:
        os.close(descriptor)
    assert folder.exists()
    with house.database.read() as session:
        assert session.get(ResearchExport, job).state == "running"


def test_what_only_looks_like_a_leftover_is_left_alone(house, run, tmp_path):
    house.says(house.man(), "one")
    file, link, mine = tmp_path / ".export-a.part", tmp_path / ".export-b.part", tmp_path / "mine"
    file.write_text("a file")
    mine.mkdir()
    link.symlink_to(mine)
    run()
    assert file.read_text() == "a file"
    assert link.is_symlink()
    assert mine.is_dir()
