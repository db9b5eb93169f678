"""A clinic with a real database, a clock that the test sets, and a man whose words are invented."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import pyotp
import pytest
from flask.testing import FlaskClient

from bot.config import Settings
from bot.crypto import KeyRing
from bot.escalation import open_flag
from bot.staff import create_app
from bot.staff.command import add_account
from bot.staff.roles import NEW, ROLES, STRANGER
from bot.staff.sessions import start_session
from bot.storage import Database
from bot.storage.columns import new_id
from bot.storage.models import AuditEntry, InboxMessage, OutboxMessage, Person, SignInFailure, StaffAccount

PASSWORD = "three invented words"
HIS_WORDS = "invented canary sentence about a bad night"
START = datetime(2026, 11, 22, 9, 0, tzinfo=timezone.utc)


class ReadingClient(FlaskClient):
    """Reads and closes every answer, also those that are files."""

    def open(self, *args, **options):
        return super().open(*args, buffered=True, **options)


class HandClock:
    """Stands still until it is moved."""

    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now

    def forward(self, **span):
        self.now += timedelta(**span)


@dataclass
class Clinic:
    settings: Settings
    database: Database
    clock: HandClock

    password = PASSWORD
    his_words = HIS_WORDS

    def __post_init__(self):
        self.app = create_app(self.settings, self.database, self.clock)
        self.app.test_client_class = ReadingClient

    def account(self, name, role="reviewer"):
        return add_account(self.database, name, role, PASSWORD, clock=self.clock)

    def browser(self):
        return Visitor(self.app.test_client(), self.clock)

    def signed_in(self, name="rosa", role="reviewer"):
        self.account(name, role)
        visitor = self.browser()
        assert visitor.sign_in(name).status_code == 303
        assert visitor.set_up_authenticator().status_code == 200
        return visitor

    def browsers_of(self, standing, name="rosa"):
        """Return a function that gives fresh browsers of this standing, without the cost of a password each time."""
        if standing == STRANGER:
            return self.browser
        staff_id = self.account(name, standing if standing in ROLES else "reviewer")
        with self.database.write() as session:
            session.get(StaffAccount, staff_id).totp_nonce = None if standing == NEW else "0" * 32
            session.get(StaffAccount, staff_id).totp_step = None if standing == NEW else 0
        at = self.clock.now

        def browser():
            visitor = self.browser()
            confirmed_at = at if standing in ROLES else None
            with self.database.write() as session:
                token = start_session(session, staff_id=staff_id, at=at, confirmed_at=confirmed_at)
                session.execute(SignInFailure.__table__.delete())  # the throttle has tests of its own
            visitor.client.set_cookie("ballast-local", token)
            return visitor

        return browser

    def routes(self):
        """Return the endpoint of every method and rule of the app."""
        return {
            (method, rule.rule): rule.endpoint
            for rule in self.app.url_map.iter_rules()
            for method in rule.methods - {"HEAD", "OPTIONS"}
        }

    def address_of(
        self, rule, *, flag_id="0" * 32, staff_id="0" * 32, round_id="0" * 32, passkey_id="0" * 32, review_id="0" * 32
    ):
        """Return an address that a rule takes."""
        given = {
            "<path:filename>": "staff.css",
            "<row_id:flag_id>": flag_id,
            "<row_id:staff_id>": staff_id,
            "<row_id:shift_id>": "0" * 32,
            "<row_id:sample_id>": "0" * 32,
            "<entry_id>": "us-988",
            "<any(withdraw, undo):step>": "undo",
            "<any(red, orange, yellow):level>": "red",
            "<any(red, orange, yellow, hours):step>": "hours",
            "<any(add, ways):step>": "ways",
            "<row_id:round_id>": round_id,
            "<row_id:review_id>": review_id,
            "<int(max=9999):number>": "1",
            "<row_id:passkey_id>": passkey_id,
            "<any(rename, remove):step>": "rename",
            "<token>": "T" * 43,
            "<any(missed, words, wrong):step>": "words",
        }
        for part, value in given.items():
            rule = rule.replace(part, value)
        rule = re.sub(r"<row_id:\w+>", "0" * 32, rule)
        return re.sub(r"<any\('?([\w-]+).*?\):\w+>", r"\1", rule)  # the first of the words that it takes

    def man(self, chat="4711"):
        with self.database.write() as session:
            person = Person(id=new_id(), door="terminal", chat_index=new_id().encode(), created_at=self.clock.now)
            session.add(person)
            session.flush()
            self.database.vault.make_key(session, person.id)
            person.chat, person.settings = chat, {"region": "us-miami", "language": "en"}
        return person.id

    def he_writes(self, person_id, text=HIS_WORDS, minutes=0, **body):
        with self.database.write() as session:
            count = session.query(InboxMessage).count()
            row = InboxMessage(id=new_id(), door="terminal", update_id=count + 1, person_id=person_id, kind="text")
            row.received_at, row.state = self.clock.now + timedelta(minutes=minutes), "done"
            session.add(row)
            row.body = {"text": text, "caption": None, **body}
        return row.id

    def ballast_writes(self, person_id, text, minutes=0, state="sent"):
        with self.database.write() as session:
            at = self.clock.now + timedelta(minutes=minutes)
            row = OutboxMessage(id=new_id(), person_id=person_id, created_at=at, due_at=at, state=state)
            session.add(row)
            row.body = {"text": text, "buttons": []}
        return row.id

    def flag(
        self,
        person_id=None,
        level="red",
        kind="screening",
        reasons=("says he wants to die",),
        message_id=None,
    ):
        person_id = person_id or self.man()
        with self.database.write() as session:
            flag = open_flag(
                session,
                person_id=person_id,
                level=level,
                kind=kind,
                reasons=list(reasons),
                at=self.clock.now,
                message_id=message_id,
            )
        return flag.id

    def flag_with_words(self):
        person_id = self.man()
        return self.flag(person_id, message_id=self.he_writes(person_id))

    def actions(self, subject):
        with self.database.read() as session:
            rows = session.query(AuditEntry).filter_by(subject=subject).order_by(AuditEntry.seq)
            return [(row.actor, row.action) for row in rows]

    def execute(self, statement, **values):
        with self.database.engine.begin() as connection:
            connection.exec_driver_sql(statement, values)


class Visitor:
    """A browser at the app's door: follows no redirect and fills in the token of the last form it saw."""

    def __init__(self, client, clock):
        self.client = client
        self.clock = clock
        self.secret = None

    def get(self, path, **options):
        return self.client.get(path, **options)

    def post(self, path, *, form_on, **fields):
        page = self.get(form_on).text
        return self.client.post(path, data={"csrf_token": token_in(page), "version": version_in(page), **fields})

    def sign_in(self, name, password=PASSWORD, **options):
        page = self.client.get("/sign-in", **options).text
        fields = {"csrf_token": token_in(page), "name": name, "password": password}
        return self.client.post("/sign-in", data=fields, **options)

    def set_up_authenticator(self, **options):
        page = self.get("/account/authenticator", **options).text
        secret = re.search(r'class="key">([A-Z2-7 ]+)<', page).group(1).replace(" ", "")
        answer = self._send_code("/account/authenticator", pyotp.TOTP(secret).at(self.clock.now), page, **options)
        self.secret = secret if answer.status_code == 200 else self.secret
        return answer

    def next_code(self):
        """Wait for the authenticator's next code and return it."""
        self.clock.forward(seconds=30)
        return pyotp.TOTP(self.secret).at(self.clock.now)

    def give_code(self, code=None, path="/sign-in/code", **fields):
        return self._send_code(path, code or self.next_code(), self.get(path).text, **fields)

    def _send_code(self, path, code, page, base_url=None, **fields):
        data = {"csrf_token": token_in(page), "code": code, **fields}
        return self.client.post(path, data=data, **({"base_url": base_url} if base_url else {}))

    def token(self, path):
        return token_in(self.get(path).text)

    def step(self, flag_id, step, **fields):
        return self.post(f"/flags/{flag_id}/{step}", form_on=f"/flags/{flag_id}", **fields)


def token_in(page):
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    return found.group(1) if found else ""


def version_in(page):
    found = re.search(r'name="version" value="(\d+)"', page)
    return found.group(1) if found else "1"


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory):
    """A database without rows, made once; each test works on its own copy."""
    path = tmp_path_factory.mktemp("empty") / "ballast.db"
    database = Database(f"sqlite:///{path}", KeyRing.create(path.with_suffix(".keys")))
    database.prepare()
    database.close()
    return path


@pytest.fixture
def clinic(request, tmp_path):
    """A clinic on SQLite, or on PostgreSQL where a test names it."""
    if getattr(request, "param", "sqlite") == "postgres":
        url = request.getfixturevalue("postgres_url")
    else:
        shutil.copy(request.getfixturevalue("empty_database"), tmp_path / "ballast.db")
        url = f"sqlite:///{tmp_path / 'ballast.db'}"
    database = Database(url, KeyRing.create(tmp_path / "ballast.keys"))
    settings = Settings.from_environment({"BALLAST_HOME": str(tmp_path), "STAFF_PORT": "0"})
    yield Clinic(settings, database, HandClock())
    database.close()


@pytest.fixture
def quick_passwords(monkeypatch):
    """A password check that takes no time and lets only the tests' password in; returns what was checked."""
    checks = []

    def verify(_hasher, _hash, password):
        checks.append(password)
        return password == PASSWORD

    quick = type("Quick", (), {"verify": verify, "hash": lambda _hasher, password: "quick"})()
    monkeypatch.setattr("bot.staff.accounts._HASHER", quick)
    return checks
