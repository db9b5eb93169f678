"""``ballast staff``: serve the app, make an account, or a one-time link for somebody who lost his way in."""

from __future__ import annotations

import argparse
import getpass
import logging
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import waitress
from waitress import wasyncore

from bot import health
from bot.clock import Clock, utc_now
from bot.config import Settings
from bot.errors import BallastError, SettingError
from bot.logs import log_event
from bot.staff import accounts, links
from bot.staff.app import create_app
from bot.staff.passwords import SHORTEST_PASSWORD
from bot.staff.roles import REVIEWER, ROLES
from bot.staff.security import LARGEST_FORM_BYTES
from bot.storage import Database

logger = logging.getLogger(__name__)

NO_ACCOUNT = "There is no staff account yet. This link makes the first one, a lead, and works once:"
OR_BY_COMMAND = "Or, in a terminal: ballast staff add NAME --role lead"
_THREADS = 8


def main(arguments: list[str], settings: Settings, database_factory: Callable[[], Database]) -> int:
    """Run ``ballast staff`` and return its exit code.

    Args:
        arguments: What follows ``ballast staff``: nothing to serve, ``add NAME [--role ROLE]`` or ``link NAME``.
        settings: Where things lie and listen.
        database_factory: Gives the prepared database; called after the arguments are known to be good.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.command == "add":
            add_account(database_factory(), options.name, options.role, _ask_password())
            print(f"{accounts.clean_name(options.name)} can sign in now as {options.role}.")
        elif options.command == "link":
            print(f"Good once, for three days: {make_link(settings, database_factory(), options.name)}")
        else:
            run(settings, database_factory())
    except BallastError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def run(settings: Settings, database: Database) -> None:
    """Serve the app until it is stopped.

    Raises:
        SettingError: Nothing can listen on that address and port.
    """
    with database.read() as session:
        is_first_run = not accounts.has_any(session)
    server = _listen(settings, database)
    address = _address(server)
    print(f"The staff app is at {address}", flush=True)
    if is_first_run:
        token = links.first_token(database.vault.keyring.web)
        print(f"{NO_ACCOUNT}\n  {urljoin(address, links.path_of(token))}\n{OR_BY_COMMAND}", flush=True)
    log_event(logger, "staff.serving", port=settings.staff_port)
    health.serve(settings, database, "staff")
    server.run()


def serve(settings: Settings, database: Database) -> None:
    """Serve the app until it is stopped, and say nothing.

    Raises:
        SettingError: Nothing can listen on that address and port.
    """
    _listen(settings, database).run()


def add_account(database: Database, name: str, role: str, password: str, clock: Clock = utc_now) -> str:
    """Make an account and return its id.

    Raises:
        AccountError: The name is taken or unusable, the role unknown, or the password too weak.
    """
    with database.write() as session:
        staff_id = accounts.create_account(session, name=name, role=role, password=password, at=clock())
    log_event(logger, "staff.account_made", staff=staff_id, role=role)
    return staff_id


def make_link(settings: Settings, database: Database, name: str, clock: Clock = utc_now) -> str:
    """Return a link with which this account's owner sets a new password and a new authenticator.

    Raises:
        AccountError: There is no open account of this name.
    """
    with database.write() as session:
        staff_id = accounts.id_of(session, name)
        if staff_id is None:
            raise accounts.AccountError(f"There is no open account named {accounts.clean_name(name)!r}.")
        token = links.make_link(session, staff_id, actor="ballast", at=clock())
    log_event(logger, "staff.link_made", staff=staff_id)
    return f"http://{settings.staff_host}:{settings.staff_port}{links.path_of(token)}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ballast staff", description="Serve the staff app, make an account or a link."
    )
    commands = parser.add_subparsers(dest="command", metavar="add|link")
    add = commands.add_parser("add", help="make an account; the password is asked for, or read from standard input")
    add.add_argument("name", metavar="NAME", help="what the person signs in with")
    add.add_argument("--role", choices=ROLES, default=REVIEWER, help="default: %(default)s")
    link = commands.add_parser("link", help="make a one-time link for somebody who lost password or authenticator")
    link.add_argument("name", metavar="NAME", help="the account's name")
    return parser


def _ask_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass(f"Password (at least {SHORTEST_PASSWORD} characters): ")
    if password != getpass.getpass("The same again: "):
        raise accounts.AccountError("The two passwords differ. Nothing was saved.")
    return password


def _listen(settings: Settings, database: Database) -> Any:
    opened: dict[int, Any] = {}
    try:
        return waitress.create_server(
            create_app(settings, database),
            map=opened,
            host=settings.staff_host,
            port=settings.staff_port,
            threads=_THREADS,
            ident=None,
            max_request_body_size=LARGEST_FORM_BYTES,
            trusted_proxy=settings.staff_proxy,
            trusted_proxy_count=1,
            trusted_proxy_headers={"x-forwarded-for", "x-forwarded-proto"},
            clear_untrusted_proxy_headers=True,
        )
    except OSError as error:
        wasyncore.close_all(opened)
        raise SettingError(
            f"Nothing can listen on {settings.staff_host}:{settings.staff_port} ({error.strerror}). "
            "Set STAFF_HOST and STAFF_PORT to a free address."
        ) from error


def _address(server: Any) -> str:
    # A name such as localhost may stand for two addresses; waitress then hands out a list of them.
    here = getattr(server, "effective_listen", None) or [(server.effective_host, server.effective_port)]
    host, port = here[0]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
