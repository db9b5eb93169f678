"""``ballast staff``: making accounts, and serving over a real socket."""

import io
import re
import subprocess
import sys
import threading

import httpx
import pytest

from bot.clock import utc_now
from bot.config import Settings
from bot.staff import command
from bot.staff.accounts import AccountError
from bot.storage.models import StaffAccount


def accounts_of(clinic):
    with clinic.database.read() as session:
        return {row.name: (row.role, row.password_hash) for row in session.query(StaffAccount)}


def run_add(clinic, monkeypatch, *arguments, typed="three invented words\n"):
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    return command.main(["add", *arguments], clinic.settings, lambda: clinic.database)


def test_add_reads_the_password_from_standard_input(clinic, monkeypatch, capsys, caplog):
    assert run_add(clinic, monkeypatch, "Rosa", "--role", "lead") == 0
    role, password_hash = accounts_of(clinic)["rosa"]
    assert role == "lead"
    assert password_hash.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    output = capsys.readouterr()
    assert output.out == "rosa can sign in now as lead.\n"
    assert "invented words" not in output.out + output.err + caplog.text
    assert clinic.browser().sign_in("Rosa").status_code == 303


def test_add_asks_twice_at_a_terminal(clinic, monkeypatch, capsys):
    answers = iter(["three invented words", "three invented wrods"])
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(answers))
    monkeypatch.setattr(sys, "stdin", type("Terminal", (), {"isatty": lambda self: True})())
    assert command.main(["add", "rosa"], clinic.settings, lambda: clinic.database) == 1
    assert "differ" in capsys.readouterr().err
    assert accounts_of(clinic) == {}


@pytest.mark.parametrize(
    ("name", "password", "complaint"),
    [
        ("rosa", "short words", "12 to 256"),
        ("rosa", "w" * 257, "12 to 256"),
        ("rosa", "abababababababab", "different characters"),
        ("rosa", "the name is Rosa here", "does not contain"),
        ("", "three invented words", "name has"),
        ("n" * 65, "three invented words", "name has"),
        ("ro\x00sa", "three invented words", "name has"),
        ("OMAR", "three invented words", "already"),
    ],
)
def test_unusable_names_and_passwords_are_refused_in_one_line(clinic, monkeypatch, capsys, name, password, complaint):
    clinic.account("omar")
    assert run_add(clinic, monkeypatch, name, typed=password + "\n") == 1
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1
    assert list(accounts_of(clinic)) == ["omar"]


def test_unknown_role_is_refused(clinic):
    with pytest.raises(AccountError, match="no role"):
        command.add_account(clinic.database, "rosa", "owner", "three invented words")


@pytest.fixture
def served(clinic, monkeypatch, capsys):
    """The app behind waitress on a free port of loopback, in a thread."""
    servers = []
    listen = command._listen
    monkeypatch.setattr(command, "_listen", lambda *given: servers.append(listen(*given)) or servers[0])
    monkeypatch.setattr("waitress.server.TcpWSGIServer.run", lambda self: None)
    command.run(clinic.settings, clinic.database)
    printed = capsys.readouterr().out
    monkeypatch.undo()
    thread = threading.Thread(target=servers[0].run, daemon=True)
    thread.start()
    yield printed
    servers[0].trigger.pull_trigger(servers[0].close)
    thread.join(timeout=5)
    servers[0].task_dispatcher.shutdown()
    assert not thread.is_alive()


def test_run_serves_and_says_how_to_make_the_first_account(served):
    address = re.search(r"http://127\.0\.0\.1:\d+/", served).group()
    assert "ballast staff add NAME" in served
    first = httpx.get(re.search(r"http://\S+/welcome/\S+", served).group(), timeout=5)
    assert "Make the first account" in first.text
    health = httpx.get(address + "healthz", timeout=5)
    assert (health.text, health.headers.get("Server")) == ("ok\n", None)
    page = httpx.get(address, timeout=5, follow_redirects=True)
    assert page.url == address + "sign-in"
    assert "Sign in" in page.text


def test_taken_port_is_said_in_one_line(clinic, served, capsys):
    port = re.search(r":(\d+)/", served).group(1)
    settings = Settings.from_environment({"BALLAST_HOME": str(clinic.settings.home), "STAFF_PORT": port})
    assert command.main([], settings, lambda: clinic.database) == 1
    assert f"127.0.0.1:{port}" in capsys.readouterr().err


def test_import_of_the_room_opens_nothing():
    code = (
        "import socket, sqlite3\n"
        "def refuse(*given, **named): raise AssertionError('opened at import')\n"
        "socket.socket.bind = refuse\n"
        "sqlite3.connect = refuse\n"
        "import bot.staff.command, sys\n"
        "assert 'rasa' not in sys.modules and 'telegram' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)  # noqa: S603 - our own code


def test_with_an_account_no_link_is_printed(clinic, monkeypatch, capsys):
    clinic.account("rosa")
    monkeypatch.setattr("waitress.server.TcpWSGIServer.run", lambda self: self.close())
    command.run(clinic.settings, clinic.database)
    assert "/welcome/" not in capsys.readouterr().out


def test_link_leads_whoever_lost_his_way_in_to_a_new_password(clinic, capsys):
    clinic.account("rosa")
    clock = clinic.clock
    clock.now = utc_now()
    assert command.main(["link", "Rosa"], clinic.settings, lambda: clinic.database) == 0
    path = re.search(r"http://127\.0\.0\.1:0(/welcome/\S{43})\n", capsys.readouterr().out).group(1)
    assert "Set your password" in clinic.browser().get(path).text


def test_link_for_nobody_is_refused_in_one_line(clinic, capsys):
    assert command.main(["link", "nobody"], clinic.settings, lambda: clinic.database) == 1
    assert capsys.readouterr().err == "There is no open account named 'nobody'.\n"
