"""``ballast demo``: a database of its own full of invented men, the app before it, and one login in the terminal."""

from __future__ import annotations

import argparse
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
import webbrowser
from datetime import datetime
from pathlib import Path

import pyotp

from bot.clock import utc_now
from bot.config import Settings
from bot.crypto import KeyRing
from bot.errors import BallastError
from bot.staff import accounts, second_factor
from bot.staff.command import serve
from bot.staff.demo_fill import PROTOCOL, PURPOSE, STAFF, fill, has_other_rows, is_demo, renew_accounts
from bot.staff.demo_men import men
from bot.storage import Database, open_database


class DemoRefusedError(BallastError):
    """The folder holds something that no demo made."""


def main(arguments: list[str]) -> int:
    """Run ``ballast demo`` and return its exit code."""
    options = _parser().parse_args(arguments)
    for end in (signal.SIGINT, signal.SIGTERM):  # a polite kill leaves as little behind as Ctrl-C
        signal.signal(end, signal.default_int_handler)
    folder = options.folder or Path(tempfile.mkdtemp(prefix="ballast-demo-"))
    try:
        run(folder, options.port or _free_port(), is_opened=options.open)
    except BallastError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
    finally:
        if options.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


def run(folder: Path, port: int, *, is_opened: bool = False) -> None:
    """Fill the folder's database if it is new, say how to sign in, and serve the app until it is stopped.

    Raises:
        DemoRefusedError: The folder holds something that no demo made.
        SettingError: Nothing can listen on that port.
    """
    settings = settings_of(folder, port)
    database = open_demo(settings)
    stop = threading.Event()
    try:
        password = "-".join(secrets.token_hex(3) for _ in range(3))
        terminal = Terminal(database, renew_accounts(database, password))
        print(terminal.welcome(settings, password), flush=True)
        threading.Thread(target=terminal.tell_codes, args=(stop,), daemon=True).start()
        if is_opened:
            webbrowser.open(settings.staff_origin)
        serve(settings, database)
    finally:
        stop.set()
        database.close()


def settings_of(folder: Path, port: int) -> Settings:
    """Return settings that lead to the folder alone, whatever the environment names."""
    place = {"STAFF_PORT": str(port), "STAFF_ORIGIN": f"http://localhost:{port}"}
    return Settings.from_environment({"BALLAST_HOME": str(folder.expanduser().absolute()), **place})


def open_demo(settings: Settings) -> Database:
    """Return the demo's database, filled.

    Raises:
        DemoRefusedError: It holds rows that no demo made, or the folder holds something else.
    """
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not settings.key_file.exists():
        if any(settings.home.iterdir()):
            raise DemoRefusedError(f"{settings.home} is not empty and holds no demo. Name another folder.")
        KeyRing.create(settings.key_file)
    database = open_database(settings)
    with database.read() as session:
        is_foreign, is_filled = has_other_rows(session), is_demo(session)
    if is_foreign:
        database.close()
        raise DemoRefusedError(f"The database in {settings.home} holds rows that no demo made. Nothing was changed.")
    if not is_filled:
        fill(database, utc_now())
    return database


class Terminal:
    """Stands for the phone with the authenticator: says the six digits of the moment.

    Args:
        database: The demo's.
        nonces: Each account's number, from which with the key file its secret follows.
    """

    def __init__(self, database: Database, nonces: dict[str, str]) -> None:
        key = database.vault.keyring.web
        with database.read() as session:
            ids = {name: accounts.id_of(session, name) or "" for name in nonces}
        self._totp = {
            name: pyotp.TOTP(second_factor.secret_of(key, ids[name], nonce)) for name, nonce in nonces.items()
        }

    def codes(self, at: datetime) -> dict[str, str]:
        """Return each account's six digits at a moment."""
        return {name: totp.at(at) for name, totp in self._totp.items()}

    def welcome(self, settings: Settings, password: str) -> str:
        """Return what a newcomer is told."""
        others = ", ".join(f"{name} ({role})" for name, role in list(STAFF.items())[1:])
        export = f"BALLAST_HOME={settings.home} ballast research export"
        where = f'--protocol {PROTOCOL} --purpose "{PURPOSE}" --as lin --out {settings.home}/export'
        return (
            f"A demo with {len(men())} invented men. Nothing in it is about anybody real.\n\n"
            f"  Open      {settings.staff_origin}/\n"
            f"  Name      rosa\n"
            f"  Password  {password}\n"
            f"  Digits    below, new every half minute; each counts once\n\n"
            f"rosa is a lead and sees most. With the same password: {others}.\n"
            f"A researcher's export, in another terminal:\n  {export} {where}\n"
            "Ctrl-C ends it.\n"
        )

    def tell_codes(self, stop: threading.Event) -> None:
        """Print the digits, and print them anew when they change."""
        told: dict[str, str] = {}
        while not stop.wait(0.5):
            codes = self.codes(utc_now())
            if codes != told:
                told = codes
                print("Digits: " + "   ".join(f"{name} {code}" for name, code in codes.items()), flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ballast demo", description="The staff app over invented men.")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="keep the demo here; default: gone at the end")
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--open", action="store_true", help="open it in this machine's browser")
    return parser


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
