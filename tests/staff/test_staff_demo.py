"""The demo: full, plainly invented, marked on every page, and never over rows that it did not make."""

import os
import re
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone

import pytest

from bot.config import PROJECT, Settings
from bot.research import export_dialogues
from bot.staff import accounts
from bot.staff.demo import DemoRefusedError, Terminal, open_demo, settings_of
from bot.staff.demo_fill import DOOR, PROTOCOL, PURPOSE, STAFF, renew_accounts
from bot.staff.demo_men import men
from bot.staff.roles import ROLES
from bot.storage import open_database
from bot.storage.models import Consent, Flag, InboxMessage, OutboxMessage, Person, Record, StaffAccount
from bot.upkeep.keys import make
from bot.upkeep.verify import look
from tests.staff.conftest import Clinic

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=timezone.utc)
PASSWORD = "three invented words"
FILLED_WITHIN_SECONDS = 240  # on a busy machine; alone it takes three


class Clock:
    """The clock of a demo: the real one, moved on by hand."""

    def __init__(self):
        self.ahead = timedelta(0)

    def __call__(self):
        return self.now

    @property
    def now(self):
        return datetime.now(timezone.utc) + self.ahead

    def forward(self, **span):
        self.ahead += timedelta(**span)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    settings = settings_of(tmp_path_factory.mktemp("demo") / "house", 8080)
    database = open_demo(settings)
    yield settings, database
    database.close()


def counted(database, *columns):
    with database.read() as session:
        return session.query(*columns).all()


@pytest.mark.parametrize("man", men(), ids=lambda man: next(iter(man.says[0].values()))[:20])
def test_each_dialogue_has_six_to_twenty_turns_in_order_and_in_the_past(man):
    lines = list(man.lines(NOW))
    assert 6 <= len(lines) + sum(len(line.answers) for line in lines) <= 20
    moments = [line.at for line in lines]
    assert moments == sorted(moments)
    assert len(set(moments)) == len(moments)
    assert moments[-1] < NOW
    assert all(len(answer) > 3 and "{" not in answer for line in lines for answer in line.answers)


def test_there_are_forty_men_and_more_with_flags_of_every_level_and_state(demo):
    _, database = demo
    assert len(counted(database, Person.id)) == len(men()) >= 40
    flags = set(counted(database, Flag.level, Flag.state))
    assert {level for level, _ in flags} == {"red", "orange", "yellow"}
    assert {state for _, state in flags} >= {"open", "claimed", "resolved"}
    assert {kind for (kind,) in counted(database, Record.kind)} == {"phq9", "mood"}
    assert {("research", True), ("research", False), ("storage", True)} <= set(
        counted(database, Consent.kind, Consent.given)
    )
    assert {role for (role,) in counted(database, StaffAccount.role)} == set(ROLES)


def test_what_he_says_reads_as_it_was_written_and_the_audit_explains_it(demo):
    _, database = demo
    with database.read() as session:
        texts = [row.body.reveal()["text"] for row in session.query(InboxMessage)]
        answers = session.query(OutboxMessage).count()
    assert sorted(texts) == sorted(text for man in men() for entry in man.says for text in entry.values())
    assert answers >= len(texts)
    assert look(database).is_sound


def test_a_second_start_finds_it_as_it_was(demo):
    settings, database = demo
    before = sorted(counted(database, Person.id))
    again = open_demo(settings)
    assert sorted(counted(again, Person.id)) == before
    again.close()


def test_the_login_in_the_terminal_opens_the_app_and_every_page_is_marked(demo):
    settings, database = demo
    terminal, clock = Terminal(database, renew_accounts(database, PASSWORD)), Clock()
    site = Clinic(settings, database, clock)
    welcome = terminal.welcome(settings, PASSWORD)
    assert "rosa" in welcome
    assert PASSWORD in welcome
    assert settings.staff_origin in welcome
    for name in STAFF:
        visitor = site.browser()
        assert "Demo: invented data" in visitor.get("/sign-in").text
        assert visitor.sign_in(name).location.startswith("/sign-in/code")
        assert visitor.give_code(terminal.codes(clock.now)[name]).status_code == 303
        seen = 0
        for method, rule in site.routes():
            page = visitor.get(site.address_of(rule)).data if method == "GET" else b""  # some give a file
            if b"<main" in page:
                assert b"Demo: invented data" in page, rule
                seen += 1
        assert seen > 5


def test_a_clinic_that_is_none_is_not_marked(clinic):
    clinic.flag()
    assert "Demo" not in Clinic(clinic.settings, clinic.database, clinic.clock).browser().get("/sign-in").text


def test_a_researcher_can_export_it(demo, tmp_path):
    _, database = demo
    clock = lambda: datetime.now(timezone.utc)  # noqa: E731
    reasons = {"staff": "lin", "purpose": PURPOSE, "protocol": PROTOCOL}
    report = export_dialogues(database, tmp_path / "out", **reasons, clock=clock, formats=("jsonl",))
    assert report.counts.dialogues == sum(man.research for man in men())
    assert report.counts.withheld == 0


def real_house(tmp_path):
    settings = Settings.from_environment({"BALLAST_HOME": str(tmp_path / "house")})
    settings.home.mkdir()
    make(settings)
    return settings, open_database(settings)


@pytest.mark.parametrize("whose", ["a man", "somebody of staff", "a man beside the invented ones"])
def test_a_database_with_other_rows_is_refused_and_stays_as_it_is(tmp_path, whose):
    settings, database = real_house(tmp_path)
    with database.write() as session:
        if whose == "somebody of staff":
            more = {"role": "lead", "password": None, "at": NOW}
            accounts.create_account(session, name="rosa", **more)  # a name that the demo uses too
        else:
            session.add(Person(door="telegram", chat_index=b"1", created_at=NOW))
        if whose == "a man beside the invented ones":
            session.add(Person(door=DOOR, chat_index=b"2", created_at=NOW))
    before = len(counted(database, Person.id)), len(counted(database, StaffAccount.id))
    with pytest.raises(DemoRefusedError, match="no demo made"):
        open_demo(settings_of(settings.home, 8080))
    assert (len(counted(database, Person.id)), len(counted(database, StaffAccount.id))) == before
    database.close()


def test_a_folder_with_other_things_in_it_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(DemoRefusedError, match="Name another folder"):
        open_demo(settings_of(tmp_path, 8080))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_environment_cannot_lead_it_to_another_database(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere.example/real")
    monkeypatch.setenv("KEY_FILE", "/somewhere/else")
    settings = settings_of(tmp_path, 8080)
    assert settings.database_url == f"sqlite:///{tmp_path / 'ballast.db'}"
    assert settings.key_file == tmp_path / "ballast.keys"


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_command_tells_the_login_serves_and_leaves_nothing(tmp_path, end):
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "demo"], cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        said, deadline = "", time.monotonic() + FILLED_WITHIN_SECONDS
        while "Digits: rosa" not in said:
            assert time.monotonic() < deadline, said
            said += process.stdout.readline()
        assert re.search(r"http://localhost:\d+/", said)
        assert len(list(tmp_path.glob("ballast-demo-*"))) == 1
        process.send_signal(end)
        process.wait(timeout=60)
    assert list(tmp_path.glob("ballast-demo-*")) == []
