"""The ``ballast`` command. Each subcommand is imported only when it is asked for: screening needs no Rasa."""

from __future__ import annotations

import os
import sys
import warnings
from functools import partial

os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("PTB_TIMEDELTA", "true")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a message is small: threads wait for one another on a busy machine

from bot.config import Settings
from bot.errors import BallastError

USAGE = """ballast COMMAND

  chat [--fresh] [--consented] [--jsonl]   a conversation in the terminal
  telegram                                 the bot (TELEGRAM_TOKEN must be set)
  staff [add NAME | link NAME]             the staff app, a new account, or a link for who lost his way in
  demo [--folder DIR] [--port N] [--open]  the staff app over invented men, with a login in the terminal
  worker                                   tells staff of flags until one of them has each (mail, webhook, chat)
  research protocol|preview|export|exports|withdrawn|codings|agreement|report|corrections   dialogues of men who agreed
  ready [--turn]                           wait until everything started runs; or have the dialogue answer once, now
  doctor                                   is everything as it must be? one line a part
  setup                                    make the data folder, key file and database
  keys new|list|rotate|retire|verify|split|join
  verify [--anchor FILE]                   is every stored value, row and audit entry as it was written?
  erase PERSON                             destroy one man's key and rows
  expire                                   delete what is older than the retention settings say (runs daily by itself)
  backup, restore, drill --data DIR --keys DIR
  directory [check]                        list helplines and services that are old or incomplete
  scorecard [--out FOLDER]                 measure on the repository's own test sets, and write docs/scorecard.md
  screen --jsonl                           screen lines of {"id", "text"}
  read --jsonl                             read lines of {"id", "text"} with the model
"""


def main() -> None:
    """Run one subcommand and exit with its code."""
    arguments = sys.argv[1:]
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # libraries' deprecations are no news to who runs this
    try:
        code = _run(arguments[0] if arguments else "", arguments[1:])
    except BallastError as error:
        sys.stderr.write(f"ballast: {error}\n")
        code = 2
    except (KeyboardInterrupt, BrokenPipeError):
        code = 130
    sys.exit(code)


def _run(command: str, rest: list[str]) -> int:
    if command == "screen" and rest == ["--jsonl"]:
        from bot.console.command import screen_lines

        return screen_lines()
    if command == "read" and rest == ["--jsonl"]:
        from bot.console.command import read_lines

        return read_lines()
    if command == "scorecard":
        from bot.console.scorecard import main as scorecard

        return scorecard(rest)
    if command == "directory":
        from bot.directory.command import main as directory

        return directory(rest)
    settings = Settings.from_environment()
    from bot.crypto.hardening import harden_process

    harden_process()
    if command == "setup":
        return _set_up(settings)
    return _door(command, rest, settings)


def _door(command: str, rest: list[str], settings: Settings) -> int:
    from bot import logs
    from bot.storage import open_database

    logs.install(settings.log_level)
    if command == "chat":
        from bot.console.command import chat

        return chat(rest, settings)
    if command == "telegram":
        from bot.telegram.command import main as telegram

        return telegram(settings)
    if command == "worker":
        from bot.upkeep.worker import main as worker

        return worker(settings)
    if command == "demo":
        from bot.staff.demo import main as demo

        return demo(rest)
    if command == "ready":
        from bot.console.ready import main as ready

        return ready(rest, settings)
    if command == "doctor":
        from bot.rasa.model import is_current
        from bot.telegram.health import look_at_telegram
        from bot.upkeep.doctor import main as doctor

        return doctor(settings, look_at_telegram, is_current)
    if command == "keys":
        from bot.upkeep.keys import main as keys

        return keys(rest, settings)
    if command in ("verify", "erase", "expire", "backup", "restore", "drill"):
        from bot.upkeep.command import main as upkeep

        return upkeep(command, rest, settings)
    if command in ("staff", "research"):
        from importlib import import_module

        door = import_module(f"bot.{command}.command")
        code: int = door.main(rest, settings, partial(open_database, settings))
        return code
    sys.stderr.write(USAGE)
    return 0 if command in ("", "help", "-h", "--help") else 2


def _set_up(settings: Settings) -> int:
    from bot.crypto.sources import FileSource, ServiceSource, key_source
    from bot.storage import open_database
    from bot.upkeep.keys import make

    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.home.chmod(0o700)
    if not settings.key_file.exists() and isinstance(key_source(settings), (FileSource, ServiceSource)):
        make(settings)
    open_database(settings).close()
    return 0


if __name__ == "__main__":
    main()
