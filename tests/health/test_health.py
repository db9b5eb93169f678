"""Readiness and figures over real HTTP: each fault is named, nothing of a man is told, every alert has its figure."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from datetime import timedelta

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from bot.config import PROJECT, Settings
from bot.content import say
from bot.crisis import Level
from bot.crypto import KeyRing
from bot.directory import entries
from bot.directory.entries import URGENT
from bot.errors import SettingError
from bot.escalation import claim_flag
from bot.health import Figures, Readiness, readiness, server
from bot.storage import Database
from bot.storage.migrate import downgrade
from bot.storage.models import Flag, OutboxMessage, StaffAccount
from tests.turns.conftest import path

__all__ = ["path"]
CANARY = "zanzibar umbrella quokka"
DEPLOY = PROJECT / "deploy"
_NAME = re.compile(r"\b(?:ballast|process)_[a-z_]+")


def ask(port, what):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{what}", timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.setattr(readiness, "KEPT_SECONDS", 0)


@pytest.fixture
def serving(path):
    """Serve one house; what is said about it is asked over a socket."""
    opened = []

    def open_it(**more):
        found = server.HealthServer(
            "127.0.0.1", 0, Readiness(path.database, **more), Figures(path.database, path.clock)
        )
        opened.append(found)
        return lambda what: ask(found.port, what)

    yield open_it
    for found in opened:
        found.close()


def figure(text, name, **labels):
    """Return one value of the exposition, read with Prometheus's own grammar."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    (found,) = [sample.value for sample in samples if sample.name == name and sample.labels == labels]
    return found


def names(text):
    return {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}


def test_house_that_is_well_is_ready_and_says_so_part_by_part(serving):
    assert serving()("/ready") == (200, "database: ok\nmigrations: ok\nkeys: ok\nclassifier: ok\n")


def test_classifier_that_is_out_of_order_is_named_and_only_where_it_screens(serving, monkeypatch):
    monkeypatch.setattr(readiness, "load_screening", lambda: "the file is damaged\nwith a second line")
    code, said = serving()("/ready")
    assert (code, said.splitlines()[-1]) == (503, "classifier: the file is damaged with a second line")
    assert serving(screens=False)("/ready")[0] == 200


def test_older_tables_are_named(path, serving):
    downgrade(path.database.engine, "-1")
    code, said = serving()("/ready")
    assert code == 503
    assert "migrations: the database is at" in said


def test_database_that_is_gone_is_named_in_one_line_a_part(path, serving):
    ready = serving()
    path.database.engine.dispose()
    (path.settings.home / "ballast.db").unlink()
    (path.settings.home / "ballast.db").mkdir()
    code, said = ready("/ready")
    assert code == 503
    assert [line.split(":")[0] for line in said.splitlines()] == ["database", "migrations", "keys", "classifier"]
    assert "classifier: ok" in said
    code, told = ready("/metrics")
    assert (code, figure(told, "ballast_database_up")) == (200, 0.0)


def test_keys_that_do_not_fit_or_cannot_be_read_are_named(path, serving, tmp_path):
    path.consent()
    other = Database(path.settings.database_url, KeyRing.create(tmp_path / "other.keys"))
    found = server.HealthServer("127.0.0.1", 0, Readiness(other), Figures(other))
    try:
        code, said = ask(found.port, "/ready")
    finally:
        found.close()
        other.close()
    assert code == 503
    assert re.search(r"^keys: The key file", said, re.MULTILINE)

    def unreadable():
        raise SettingError("The key file is gone.")

    assert "keys: The key file is gone.\n" in serving(read_keys=unreadable)("/ready")[1]


def test_part_of_one_process_counts_and_a_fault_in_looking_hides_no_other(serving):
    def broken():
        raise RuntimeError(CANARY)

    code, said = serving(more={"loop": lambda: None, "broken": broken})("/ready")
    assert code == 503
    assert said.endswith("loop: ok\nbroken: RuntimeError\n")


def test_answer_is_kept_for_a_moment(path, monkeypatch):
    monkeypatch.setattr(readiness, "KEPT_SECONDS", 1_000)
    looks = []
    ready = Readiness(path.database, {"counted": lambda: looks.append(1)}, screens=False)
    assert ready.look() == ready.look()
    assert len(looks) == 1


@pytest.mark.parametrize("what", ["/", "/metrics/x", "/ready.txt", "/../keys"])
def test_nothing_else_is_served(serving, what):
    assert serving()(what) == (404, "")


@pytest.mark.asyncio
async def test_figures_tell_what_waits_and_what_nobody_has_seen(path, serving):
    path.consent()
    told = serving()
    before = told("/metrics")[1]
    assert figure(before, "ballast_red_unacknowledged_seconds") == 0
    path.receive("I have the rope here and I'm doing it tonight")
    path.clock.forward(seconds=40)
    path.receive("cannot sleep")
    path.clock.forward(seconds=5)
    said = told("/metrics")[1]
    assert figure(said, "ballast_inbox_waiting") == 2
    assert figure(said, "ballast_inbox_oldest_seconds") == 45
    assert figure(said, "ballast_outbox_oldest_seconds", lane="crisis") == 45
    assert figure(said, "ballast_outbox_waiting", lane="turn") == 0
    assert figure(said, "ballast_flags_open", level="red") == 1
    assert figure(said, "ballast_red_unacknowledged_seconds") == 45
    grown = {
        (level,): figure(said, "ballast_screened_total", level=level)
        - figure(before, "ballast_screened_total", level=level)
        for level in map(str, Level)
    }
    assert sum(grown.values()) == 2
    assert grown["imminent",] == 1
    await path.work()
    assert figure(told("/metrics")[1], "ballast_inbox_waiting") == 0
    take_flag(path)
    assert figure(told("/metrics")[1], "ballast_red_unacknowledged_seconds") == 0


def take_flag(path):
    with path.database.write() as session:
        flag = session.query(Flag).one()
        session.add(StaffAccount(id="s" * 32, name="Kim", role="lead", password_hash="-", created_at=path.clock()))
        session.flush()
        claim_flag(session, flag.id, version=flag.version, staff_id="s" * 32, at=path.clock())


@pytest.mark.asyncio
async def test_check_backs_that_are_late_and_sends_that_are_lost_are_told(path, serving):
    path.consent()
    told = serving()
    path.receive("I want to kill myself")
    path.clock.forward(minutes=31)
    assert figure(told("/metrics")[1], "ballast_follow_ups_late_seconds") == 60
    with path.database.write() as session:
        for row in session.query(OutboxMessage):
            row.state = "uncertain"
    assert figure(told("/metrics")[1], "ballast_outbox_lost", state="uncertain") > 0


@pytest.mark.parametrize("days", [0, 2_000])
def test_entries_that_nobody_checked_are_told(path, serving, days):
    path.clock.now += timedelta(days=days)
    stale = [entry for entry in entries() if entry.is_stale(path.clock().date())]
    urgent = sum(bool(URGENT & set(entry.kinds)) for entry in stale)
    said = serving()("/metrics")[1]
    assert figure(said, "ballast_directory_stale", urgent="yes") == urgent
    assert figure(said, "ballast_directory_stale", urgent="no") == len(stale) - urgent
    assert (urgent == sum(bool(URGENT & set(entry.kinds)) for entry in entries())) is (days > 0)


@pytest.mark.asyncio
async def test_neither_words_nor_ids_are_in_the_figures(path, serving):
    person = path.consent("987654321")
    path.receive(f"I want to kill myself {CANARY}", chat="987654321")
    path.receive(CANARY, chat="987654321", kind="text", language=CANARY)
    path.dialogue.is_down = True
    await path.work()
    told = serving()
    said = told("/metrics")[1] + told("/ready")[1]
    assert path.heard("987654321")[0] == say("safety_high", "us-miami")[0]
    for word in (*CANARY.split(), person, "987654321", path.messenger.sent[0][1][:20]):
        assert word not in said
    with path.database.read() as session:
        ids = [row.id for row in session.query(OutboxMessage)]
    assert not [row_id for row_id in ids if row_id in said]
    labels = {
        value
        for family in text_string_to_metric_families(said.partition("database: ")[0])
        for sample in family.samples
        for name, value in sample.labels.items()
        if name != "le"
    }
    assert len(labels) < 60  # words of ours, not as many as there are men


def exposed(path):
    """Return every name that our processes expose: what is counted lies in one module for all of them."""
    found = server.HealthServer("127.0.0.1", 0, Readiness(path.database), Figures(path.database))
    try:
        return names(ask(found.port, "/metrics")[1])
    finally:
        found.close()


def test_every_name_in_the_alerts_is_exposed(path):
    there = exposed(path)
    rules = [rule for group in yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"] for rule in group["rules"]]
    asked = {name for rule in rules for name in _NAME.findall(rule["expr"])}
    assert len(asked) > 10
    assert asked - there == set()
    assert all(rule["labels"]["severity"] in ("page", "ticket") for rule in rules)
    assert all(rule["annotations"].keys() == {"summary", "do"} for rule in rules)
    assert len({rule["alert"] for rule in rules}) == len(rules)


def test_dashboard_shows_every_figure_of_ours_and_no_other(path):
    there = exposed(path)
    panels = json.loads((DEPLOY / "grafana-dashboard.json").read_text())["panels"]
    shown = {name for panel in panels for target in panel["targets"] for name in _NAME.findall(target["expr"])}
    assert shown - there == set()
    parts = ("_bucket", "_count", "_sum", "_created")
    whole = {name for name in there if name.startswith("ballast_") and not name.endswith(parts)}
    assert whole - shown == set()
    assert len({panel["id"] for panel in panels}) == len(panels)


@pytest.fixture
def settings(path):
    def make(port):
        return Settings.from_environment({"BALLAST_HOME": str(path.settings.home), "METRICS_PORT": str(port)})

    return make


def test_taken_port_costs_nobody_his_answer_and_none_is_served_where_it_is_off(path, settings):
    found = server.HealthServer("127.0.0.1", 0, Readiness(path.database), Figures(path.database))
    assert server.serve(settings(found.port), path.database, "telegram") is None
    found.close()
    assert server.serve(settings(0), path.database, "telegram") is None


def test_each_process_has_its_own_port_and_reads_the_key_file_anew(path, settings):
    free = server.HealthServer("127.0.0.1", 0, Readiness(path.database), Figures(path.database))
    free.close()
    found = server.serve(settings(free.port), path.database, "staff")
    assert found.port == free.port + server.PLACES["staff"]
    assert ask(found.port, "/ready")[0] == 200
    path.settings.key_file.chmod(0o644)
    assert "chmod 600" in ask(found.port, "/ready")[1]
    found.close()
