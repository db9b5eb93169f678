"""The commands as who runs it types them."""

import os
import subprocess
import sys

import pytest

from bot.config import PROJECT, Settings
from bot.errors import StorageError
from bot.storage import open_database
from bot.storage.models import Person
from bot.upkeep import command

ONLY = "sqlite"
WHO = "0c6f6a1de28d4a5fa3d1fb8cb9a1a001"


@pytest.fixture
def home(tmp_path):
    environment = {"PATH": os.environ["PATH"], "BALLAST_HOME": str(tmp_path / "home"), "HOME": str(tmp_path)}

    def run(*arguments):
        done = subprocess.run(  # noqa: S603 - our own interpreter and arguments
            [sys.executable, "-m", "bot", *arguments],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr

    run.settings = Settings.from_environment(environment)
    return run


def test_from_setup_to_restore(home, tmp_path):
    places = ("--data", str(tmp_path / "data"), "--keys", str(tmp_path / "keys"))
    assert home("setup")[0] == 0
    assert home("backup", *places)[0] == 0
    assert home("drill", *places)[0] == 0
    assert home("verify", "--write-anchor", str(tmp_path / "anchor"))[0] == 0
    assert home("verify", "--anchor", str(tmp_path / "anchor"))[0] == 0
    assert "Deleted: 0 flags, 0 inbox" in home("expire")[1]
    assert home("keys", "rotate")[0] == 0
    assert home("keys", "verify")[0] == 0
    code, said = home("restore", *places)
    assert (code, said.count("\n")) == (2, 1)
    assert "empty place" in said
    (tmp_path / "home" / "ballast.db").rename(tmp_path / "aside")
    assert home("restore", *places)[0] == 0
    code, said = home("verify", "--anchor", str(tmp_path / "anchor"))
    assert code == 1  # an earlier state was put back, and the anchor tells
    assert "anchor" in said


@pytest.mark.parametrize("arguments", [["erase", WHO], ["restore", "--data", "x", "--keys", "y"], ["keys", "new"]])
def test_what_cannot_be_done_is_told_in_one_line(home, arguments):
    home("setup")
    code, said = home(*arguments)
    assert code == 2
    assert said.startswith("ballast: ")
    assert said.count("\n") == 1


def test_a_man_is_erased_by_his_pseudonym_unless_a_red_flag_is_open(database, ledger, lived):
    erased, held = lived("yellow"), lived("red")
    assert command.erase_one(database, ledger, erased) == 0
    with pytest.raises(StorageError, match="red flag"):
        command.erase_one(database, ledger, held)
    assert [line.person_id for line in ledger.read()] == [erased]
    with database.read() as session:
        assert session.get(Person, erased).chat is None
        assert session.get(Person, held).chat.reveal()


def test_every_command_is_in_the_usage():
    from bot.__main__ import USAGE

    for name in (*command.COMMANDS, "keys"):
        assert name in USAGE


def test_the_settings_of_the_home_open_its_database(home):
    home("setup")
    open_database(home.settings).close()
