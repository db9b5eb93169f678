import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, StatementError

from bot.config import Settings
from bot.crypto import KeyRing
from bot.errors import KeyFileError, SettingError, StorageError
from bot.storage import Database, open_database
from bot.storage import engine as engine_module
from bot.storage.models import InboxMessage, Person, StaffAccount

CANARY = "canary: nothing left in the tank"


def file_of(database):
    return Path(database.engine.url.database)


def names(database):
    with database.read() as session:
        return [row.name for row in session.query(StaffAccount).order_by(StaffAccount.name)]


def account(name, at):
    return StaffAccount(name=name, role="reviewer", password_hash="x", created_at=at)


def test_a_write_is_committed_at_its_end(database, clock):
    with database.write() as session:
        session.add(account("rosa", clock()))
    assert names(database) == ["rosa"]


def test_a_write_that_fails_leaves_nothing(database, clock):
    def write_and_fail():
        with database.write() as session:
            session.add(account("rosa", clock()))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert names(database) == []


def test_what_a_read_changes_is_not_kept(database, clock):
    with database.read() as session:
        session.add(account("rosa", clock()))
        session.flush()
    assert names(database) == []


def test_a_broken_uniqueness_is_told_apart_from_a_failing_database(database, clock):
    with pytest.raises(IntegrityError), database.write() as session:
        session.add_all([account("rosa", clock()), account("rosa", clock())])


def test_a_row_of_nobody_is_refused(database, clock):
    row = InboxMessage(door="telegram", update_id=1, person_id="nobody", kind="text", received_at=clock())
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(row)


def test_a_locked_database_is_a_storage_error_and_works_again_afterwards(database, keyring, clock, monkeypatch):
    monkeypatch.setattr(engine_module, "BUSY_TIMEOUT_MS", 20)
    impatient = Database(database.url, keyring)
    with database.write() as other:
        assert other.query(StaffAccount).count() == 0  # the lock is taken with the first statement
        with pytest.raises(StorageError, match="cannot be used now"), impatient.write() as session:
            session.add(account("rosa", clock()))
        with pytest.raises(StorageError):
            impatient.prepare()
        assert names(impatient) == []  # a reader need not wait for a writer
    with impatient.write() as session:
        session.add(account("rosa", clock()))
    assert names(impatient) == ["rosa"]
    impatient.close()


@pytest.mark.only("sqlite")
def test_a_full_disk_is_a_storage_error_and_nothing_is_written(database, clock):
    def fill():
        with database.write() as session:
            pages = session.connection().exec_driver_sql("PRAGMA page_count").scalar()
            session.connection().exec_driver_sql(f"PRAGMA max_page_count={pages}")
            session.add_all(account(f"name {number}" + "x" * 50, clock()) for number in range(2000))

    with pytest.raises(StorageError, match="not full"):
        fill()
    assert names(database) == []


@pytest.mark.parametrize("content", [b"not a database" * 500, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_a_storage_error(tmp_path, keyring, content):
    (tmp_path / "junk.db").write_bytes(content)
    junk = Database(f"sqlite:///{tmp_path / 'junk.db'}", keyring)
    with pytest.raises(StorageError):
        junk.prepare()
    junk.close()


@pytest.mark.parametrize("place", ["", "file/ballast.db"])
def test_a_place_that_cannot_hold_a_database_is_a_storage_error(tmp_path, keyring, place):
    (tmp_path / "file").write_text("in the way")
    nowhere = Database(f"sqlite:///{tmp_path / place}", keyring)
    with pytest.raises(StorageError):
        nowhere.prepare()
    nowhere.close()


def test_errors_never_show_what_was_written(database, clock, person, he_writes):
    he_writes(person(), CANARY)
    with pytest.raises(StatementError) as caught, database.write() as session:
        session.execute(text("INSERT INTO staff (id, name) VALUES (:name, :name)"), {"name": CANARY})
    assert "canary" not in str(caught.value)


def test_files_and_folder_belong_to_their_owner_only(tmp_path, keyring, clock):
    folder = tmp_path / "made by prepare"
    database = Database(f"sqlite:///{folder / 'ballast.db'}", keyring)
    database.prepare()
    with database.write() as session:
        session.add(account("rosa", clock()))
        session.flush()
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == dict.fromkeys(("ballast.db", "ballast.db-wal", "ballast.db-shm"), 0o600)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.only("sqlite")
def test_sqlite_syncs_enforces_and_overwrites(database):
    with database.engine.connect() as connection:
        said = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
        }
    assert said == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": 5000,
    }


def test_the_wrong_key_file_is_refused_at_once(database, person, tmp_path):
    person()
    other = Database(database.url, KeyRing.create(tmp_path / "other.keys"))
    with pytest.raises(KeyFileError, match=r"has no key .* Point KEY_FILE at the right file"):
        other.prepare()
    other.close()
    database.prepare()


def test_a_wrong_key_file_fits_a_database_that_holds_nobody(database, tmp_path):
    other = Database(database.url, KeyRing.create(tmp_path / "other.keys"))
    other.prepare()
    other.close()


def test_the_installation_is_opened_from_its_settings(tmp_path):
    settings = Settings.from_environment({"BALLAST_HOME": str(tmp_path / "home")})
    with pytest.raises(KeyFileError, match="There is no key file"):
        open_database(settings)
    KeyRing.create(settings.key_file)
    database = open_database(settings)
    assert names(database) == []
    database.close()
    assert (tmp_path / "home" / "ballast.db").is_file()


def test_times_come_back_aware_and_in_utc(database, person):
    noon_in_berlin = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    person_id = person()
    with database.write() as session:
        session.get(Person, person_id).introduced_at = noon_in_berlin
    with database.read() as session:
        found = session.get(Person, person_id).introduced_at
    assert found == noon_in_berlin
    assert found.tzinfo is timezone.utc
    assert found.hour == 11


def test_a_time_without_a_zone_is_refused(database, person):
    person_id = person()
    with pytest.raises(StatementError, match="must be aware"), database.write() as session:
        session.get(Person, person_id).introduced_at = datetime(2026, 11, 22, 12, 0)  # noqa: DTZ001 - the point


def test_writers_take_turns_and_each_sees_what_the_one_before_wrote(database, clock):
    """Without turns both would see an empty table, and add the same name or fork the audit's chain."""

    def add_next(_):
        with database.write() as session:
            session.add(account(f"name {session.query(StaffAccount).count()}", clock()))

    with ThreadPoolExecutor(8) as crew:
        list(crew.map(add_next, range(40)))
    assert sorted(names(database)) == sorted(f"name {number}" for number in range(40))


def test_a_reader_sees_one_moment(database, clock):
    with database.read() as reader:
        assert reader.query(StaffAccount).count() == 0
        with database.write() as session:
            session.add(account("rosa", clock()))
        assert reader.query(StaffAccount).count() == 0
    assert names(database) == ["rosa"]


@pytest.mark.only("postgres")
def test_a_server_that_was_restarted_is_found_again(database, clock, postgres_server):
    assert names(database) == []
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL"
    postgres_server.execute(end)
    assert names(database) == []


@pytest.mark.parametrize("url", ["mysql://host/name", "nonsense", "postgresql+nothing://host/name", "oracle://x"])
@pytest.mark.only("sqlite")
def test_an_address_of_no_use_is_refused_without_showing_a_password(keyring, url):
    with pytest.raises(SettingError, match="DATABASE_URL"):
        Database(url, keyring)


@pytest.mark.only("sqlite")
def test_a_database_put_in_the_place_of_another_is_seen_at_the_next_transaction(database, person, keyring, tmp_path):
    person("first")
    path = Path(database.engine.url.database)
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(path)) as old, closing(sqlite3.connect(copy)) as new:
        old.backup(new)
    person("second")
    for name in ("-wal", "-shm"):
        path.with_name(path.name + name).unlink()
    copy.replace(path)
    with database.read() as session:
        assert session.query(Person).count() == 1


@pytest.mark.only("sqlite")
def test_connections_are_kept_and_never_shared_by_two_at_once(database, person):
    person()
    with database.read() as one, database.read() as two:
        first = one.connection().connection.dbapi_connection
        assert first is not two.connection().connection.dbapi_connection
    kept = set()
    for _ in range(5):
        with database.read() as session:
            kept.add(id(session.connection().connection.dbapi_connection))
    assert len(kept) == 1
