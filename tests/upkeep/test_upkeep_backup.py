"""Copies of a running database come back whole, and whoever was erased does not come back."""

import json
import shutil
import stat
import threading
import time
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy

from bot.errors import KeyMissingError, StorageError
from bot.escalation.erasure import erase
from bot.storage import Database
from bot.storage.checking import check_rows
from bot.storage.copies import heads_of
from bot.storage.ledger import ErasureLedger
from bot.storage.models import InboxMessage, Person, PersonKey
from bot.storage.retention import truncate_journal
from bot.storage.sealed import sealed_columns
from bot.storage.tally import tallied_models
from bot.upkeep import backup
from bot.upkeep.verify import look

ERASED = 100


@pytest.fixture
def copies(tmp_path):
    return tmp_path / "copies" / "data", tmp_path / "copies" / "keys"


@pytest.fixture
def empty_url(request, tmp_path, database):
    """An empty place of the same kind."""
    if database.engine.dialect.name == "sqlite":
        yield f"sqlite:///{tmp_path / 'back' / 'ballast.db'}"
        return
    server = request.getfixturevalue("postgres_server")
    name = server.make()
    yield server.url(name)
    server.drop(name)


@contextmanager
def opened(url, keyring):
    database = Database(url, keyring)
    yield database
    database.close()


def content_of(database):
    with database.read() as session:
        return {row.id: row.body.reveal()["text"] for row in session.query(InboxMessage)}


def newest(copies):
    return backup.newest(copies[0], "data-*"), backup.newest(copies[1], "keys-*.json")


def test_a_copy_comes_back_whole(database, keyring, ledger, lived, copies, empty_url, clock):
    for flag in (None, "red", "yellow"):
        lived(flag)
    backup.back_up(database, ledger, *copies)
    before, heads = content_of(database), heads_of(database)
    found = backup.restore(empty_url, keyring, ledger, *newest(copies))
    assert (found.keys, found.erased_again) == (3, 0)
    assert found.opened >= 21
    with opened(empty_url, keyring) as restored:
        assert content_of(restored) == before
        assert heads_of(restored) == heads
        assert look(restored).is_sound


def test_a_copy_is_whole_though_men_write_all_the_while(database, keyring, ledger, lived, copies, empty_url):
    lived()
    stop, written = threading.Event(), []

    def go_on():
        while not stop.is_set():
            written.append(lived())

    crowd = threading.Thread(target=go_on)
    crowd.start()
    while len(written) < 3:
        pass
    backup.back_up(database, ledger, *copies)
    stop.set()
    crowd.join()
    backup.restore(empty_url, keyring, ledger, *newest(copies))
    with opened(empty_url, keyring) as restored:
        findings = look(restored)
        assert findings.is_sound, findings.sentences()
        assert findings.rows.values >= 9


def test_data_and_keys_lie_apart_and_only_for_their_owner(database, ledger, lived, copies, tmp_path):
    lived()
    with database.read() as session:
        wrapped = bytes(session.query(PersonKey).one().wrapped)
    made = backup.back_up(database, ledger, *copies)
    data = b"".join(path.read_bytes() for path in made.iterdir())
    assert wrapped not in data
    assert wrapped.hex().encode() not in data
    for path in [*made.iterdir(), *copies[1].iterdir()]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    for folder in (made, *copies):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with pytest.raises(StorageError, match="two different folders"):
        backup.back_up(database, ledger, tmp_path, tmp_path)


def unlocked(database):
    """Try every sealed value of everybody; return how many of them open."""
    count = 0
    with database.read() as session:
        for model in tallied_models():
            for row in session.query(model):
                for column in sealed_columns(model):
                    with suppress(KeyMissingError):
                        value = getattr(row, column.name)
                        count += value is not None and value.reveal() is not None
    return count


def test_a_hundred_erased_men_open_nowhere(database, keyring, ledger, lived, copies, empty_url, clock, tmp_path):
    """Not in the live files, not in a copy older than the keys' window, not after a restore with its replay."""
    gone = [lived() for _ in range(ERASED)]
    backup.back_up(database, ledger, *copies, at=clock())
    assert unlocked(database) == ERASED * 9
    with database.read() as session:
        keys = [bytes(row.wrapped) for row in session.query(PersonKey)]
    for person_id in gone:
        assert erase(database, ledger, person_id, actor="person", at=clock())
    assert unlocked(database) == 0
    wait_until(lambda: truncate_journal(database))  # the machine's own housekeeping may look at that moment
    assert not [key for key in keys if key in live_bytes(database)]
    with database.read() as session:
        assert check_rows(session).is_sound

    found = backup.restore(empty_url, keyring, ledger, *newest(copies))
    assert (found.erased_again, found.opened) == (ERASED, 0)
    with opened(empty_url, keyring) as restored:
        assert unlocked(restored) == 0

    clock.forward(days=backup.KEY_COPY_DAYS, seconds=1)
    backup.back_up(database, ledger, *copies, at=clock())
    kept = [path.read_text() for path in copies[1].glob("keys-*.json")]
    assert len(kept) == 1
    assert not [person_id for person_id in gone if person_id in kept[0]]
    assert len(list(copies[0].glob("data-*"))) == 2  # the old data is there, and no key to it


def wait_until(holds, seconds=60):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def live_bytes(database):
    """Return everything that lies in the database's files."""
    if database.engine.dialect.name == "sqlite":
        path = Path(database.engine.url.database)
        return b"".join(file.read_bytes() for file in path.parent.iterdir())
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("CHECKPOINT")
        folder = Path(connection.exec_driver_sql("SHOW data_directory").scalar())
        oid = connection.exec_driver_sql("SELECT oid FROM pg_database WHERE datname = current_database()").scalar()
    return b"".join(file.read_bytes() for file in (folder / "base" / str(oid)).iterdir())


def test_who_was_erased_after_the_copy_stays_erased_though_this_machine_and_its_ledger_are_lost(
    database, keyring, ledger, lived, copies, empty_url, clock, tmp_path
):
    first, second = lived(), lived()
    backup.back_up(database, ledger, *copies, at=clock())
    data, _ = newest(copies)
    erase(database, ledger, first, actor="person", at=clock())
    clock.forward(days=1)
    backup.back_up(database, ledger, *copies, at=clock())
    ledger.path.unlink()  # only its copy beside the keys is left
    found = backup.restore(empty_url, keyring, ledger, data, newest(copies)[1])
    assert found.erased_again == 1
    assert [line.person_id for line in ledger.read()] == [first]
    with opened(empty_url, keyring) as restored, restored.read() as session:
        assert session.get(Person, first).chat is None
        assert session.get(Person, second).chat.reveal()


@pytest.mark.parametrize("damage", ["data", "manifest", "keys", "other key file", "no manifest"])
def test_a_changed_copy_is_refused(database, keyring, ledger, lived, copies, empty_url, damage, tmp_path):
    lived()
    backup.back_up(database, ledger, *copies)
    data, keys = newest(copies)
    if damage == "data":
        (file,) = data.glob("data.*")
        raw = bytearray(file.read_bytes())
        raw[len(raw) // 2] ^= 1
        file.write_bytes(raw)
    elif damage in ("manifest", "keys"):
        path = data / "manifest.json" if damage == "manifest" else keys
        signed = json.loads(path.read_text())
        signed["body"] = signed["body"].replace("1", "2", 1)
        path.write_text(json.dumps(signed))
    elif damage == "no manifest":
        (data / "manifest.json").unlink()
    else:
        keyring = type(keyring).create(tmp_path / "other.keys")
    with pytest.raises(StorageError):
        backup.restore(empty_url, keyring, ledger, data, keys)


def test_a_place_that_is_not_empty_is_refused(database, keyring, ledger, lived, copies):
    lived()
    backup.back_up(database, ledger, *copies)
    before = content_of(database)
    with pytest.raises(StorageError, match="empty"):
        backup.restore(database.url, keyring, ledger, *newest(copies))
    assert content_of(database) == before


def test_a_copy_that_was_cut_off_is_never_taken_for_one(database, ledger, lived, copies, monkeypatch):
    lived()

    def fail(_):
        raise StorageError("the disk is full")

    monkeypatch.setattr(backup, "copy_keys", fail)
    with pytest.raises(StorageError):
        backup.back_up(database, ledger, *copies)
    with pytest.raises(StorageError, match="no copy"):
        newest(copies)
    monkeypatch.undo()
    backup.back_up(database, ledger, *copies)
    assert [path.name[:5] for path in copies[0].iterdir()] == ["data-"]


def test_old_copies_go(database, ledger, copies, clock):
    for _ in range(4):
        backup.back_up(database, ledger, *copies, at=clock())
        clock.forward(days=40)
    assert (len(list(copies[0].glob("data-*"))), len(list(copies[1].glob("keys-*")))) == (3, 1)


def test_the_drill_proves_the_newest_copy_and_leaves_nothing(database, ledger, lived, copies, tmp_path, capsys):
    erased, _ = lived(), lived()
    backup.back_up(database, ledger, *copies)
    erase(database, ledger, erased, actor="person", at=backup.utc_now() + timedelta(seconds=1))
    before, lines = databases(database), ledger.path.read_bytes()
    place = tmp_path / "home"
    place.mkdir()
    assert backup.drill(database, ledger, *copies, place) < 60
    assert "rows, 7 of them opened" in capsys.readouterr().err
    assert list(place.iterdir()) == []
    assert databases(database) == before
    assert ledger.path.read_bytes() == lines
    shutil.rmtree(copies[0])
    with pytest.raises(StorageError, match="no copy"):
        backup.drill(database, ledger, *copies, place)


def databases(database):
    if database.engine.dialect.name == "sqlite":
        return None
    with database.engine.connect() as connection:
        query = sqlalchemy.text("SELECT datname FROM pg_database WHERE datname LIKE 'ballast_drill%'")
        return connection.execute(query).scalars().all()


def test_a_ledger_that_was_changed_is_not_copied_over_a_good_one(database, keyring, ledger, lived, copies, clock):
    first, second = lived(), lived()
    for person_id in (first, second):
        erase(database, ledger, person_id, actor="person", at=clock())
    lines = ledger.path.read_text().splitlines()
    ledger.path.write_text(lines[1] + "\n")
    with pytest.raises(StorageError, match="was changed"):
        backup.back_up(database, ErasureLedger(ledger.path, keyring), *copies)
