import hashlib
import multiprocessing
import os
import random
import re
import shutil
import signal
import stat
import threading
import time
from datetime import date, timedelta

import pytest
import sqlalchemy

from bot.config import Settings
from bot.crypto import KeyRing
from bot.errors import KeyFileError, SettingError
from bot.storage import Database
from bot.storage.models import InboxMessage, Person, PersonKey
from bot.upkeep import keys

KILLS = 50


@pytest.fixture
def settings(tmp_path):
    return Settings.from_environment({"BALLAST_HOME": str(tmp_path), "KEY_FILE": str(tmp_path / "ballast.keys")})


def keks_in_use(database):
    with database.read() as session:
        return database.vault.count_by_kek(session)


def content(database):
    """Return a hash over everything that is sealed."""
    with database.engine.connect() as connection:
        rows = connection.execute(sqlalchemy.text("SELECT id, body_sealed, screening_sealed FROM inbox ORDER BY id"))
        chats = connection.execute(sqlalchemy.text("SELECT id, chat_sealed FROM persons ORDER BY id"))
        return hashlib.sha256(b"".join(bytes(str(tuple(map(_raw, row))), "ascii") for row in [*rows, *chats])).digest()


def _raw(value):
    return value if isinstance(value, (str, type(None))) else bytes(value).hex()


def unreadable(database):
    with database.read() as session:
        return database.vault.count_unopenable(session)


def test_rotation_wraps_every_key_anew_and_touches_no_content(database, person, clock):
    people = [person() for _ in range(5)]
    before, old = content(database), database.vault.keyring.current_kek_id
    assert keks_in_use(database) == {old: 5}
    assert keys.rotate(database, batch=2) == 0
    (new,) = keks_in_use(database)
    assert new != old
    assert content(database) == before
    assert list(database.vault.keyring.current().keks) == [old, new]
    with database.read() as session:
        assert all(session.get(Person, person_id).chat.reveal() for person_id in people)
    with database.read() as session:
        rows = session.execute(sqlalchemy.text("SELECT action, subject FROM audit")).all()
    assert [tuple(row) for row in rows] == [("keys.rotate", new)]


def _rotate_in_child(url, key_file, delay):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 2)
    os.kill(os.getpid(), 0)
    threading.Thread(target=lambda: (time.sleep(delay), os.kill(os.getpid(), signal.SIGKILL)), daemon=True).start()
    keys.rotate(Database(url, KeyRing.load(key_file)), batch=1)


def test_fifty_kills_under_load_leave_nothing_unreadable_and_all_on_the_new_key(database, person, he_writes, settings):
    people = [person() for _ in range(60)]
    database.engine.dispose()
    old, chance, killed = database.vault.keyring.current_kek_id, random.Random(4), 0  # noqa: S311 - repeatable
    context = multiprocessing.get_context("fork")
    while killed < KILLS:
        child = context.Process(
            target=_rotate_in_child, args=(database.url, settings.key_file, chance.uniform(0.01, 0.12))
        )
        child.start()
        while child.is_alive():  # the service goes on beside it: men write, new ones come
            he_writes(chance.choice(people), "beside the rotation")
            people.append(person())
            time.sleep(0.005)
        child.join()
        killed += child.exitcode == -signal.SIGKILL
        assert unreadable(database) == 0
        database.engine.dispose()
    before = content(database)
    keys.rotate(database)
    assert content(database) == before
    assert unreadable(database) == 0
    assert set(keks_in_use(database)) == {database.vault.keyring.current().current_kek_id} != {old}
    assert sum(keks_in_use(database).values()) == len(people)
    with database.read() as session:
        assert {row.body.reveal()["text"] for row in session.query(InboxMessage)} == {"beside the rotation"}


@pytest.fixture
def he_writes(database, clock):
    numbers = iter(range(1, 100_000))

    def write(person_id, text):
        with database.write() as session:
            row = InboxMessage(door="telegram", update_id=next(numbers), person_id=person_id, kind="text")
            row.id, row.received_at = f"row {row.update_id}", clock()
            session.add(row)
            row.body = {"text": text}

    return write


def test_a_key_in_use_is_not_retired(database, person):
    person()
    with pytest.raises(KeyFileError, match="1 men's keys are still wrapped"):
        keys.retire(database, database.vault.keyring.current_kek_id)


def test_an_old_key_is_retired_when_no_copy_can_need_it(database, person):
    person_id, old = person(), database.vault.keyring.current_kek_id
    keys.rotate(database)
    with pytest.raises(KeyFileError, match="may need"):
        keys.retire(database, old)
    assert keys.retire(database, old, today=date.today() + timedelta(days=15)) == 0  # noqa: DTZ011 - a day, no moment
    assert old not in database.vault.keyring.current().keks
    fresh = Database(database.url, database.vault.keyring.current())
    with fresh.read() as session:
        assert session.get(Person, person_id).chat.reveal()
    fresh.close()


@pytest.mark.parametrize("kek_id", ["", "nothing", "20200101-aaaaaa"])
def test_a_key_that_is_not_there_is_not_retired(database, person, kek_id):
    person()
    with pytest.raises(KeyFileError, match="not one of the older keys"):
        keys.retire(database, kek_id, now=True)


def test_the_current_key_is_never_retired(database):
    with pytest.raises(KeyFileError, match="not one of the older keys"):
        keys.retire(database, database.vault.keyring.current_kek_id, now=True)


def test_list_and_verify_show_ids_and_counts_and_no_key(database, person, capsys):
    person(), person()
    keys.rotate(database)
    assert (keys.show(database), keys.verify(database)) == (0, 0)
    shown = capsys.readouterr()
    old, new = database.vault.keyring.current().keks
    assert f"{old}  0 wrapped\n{new}  2 wrapped  current" in shown.out
    assert "2 of 2 keys open" in shown.err
    assert not re.search(r"[A-Za-z0-9+/]{40}", shown.out + shown.err)


def test_verify_counts_a_key_that_does_not_open(database, person, execute):
    person(), person()
    execute("UPDATE person_keys SET wrapped = zeroblob(61) WHERE person_id = (SELECT max(person_id) FROM person_keys)")
    assert keys.verify(database) == 1


def test_a_key_file_is_never_overwritten(settings, keyring):
    with pytest.raises(KeyFileError, match="exists already"):
        keys.make(settings)


def test_the_key_file_stays_private_through_a_rotation(database, person, settings):
    person()
    keys.rotate(database)
    assert stat.S_IMODE(settings.key_file.stat().st_mode) == 0o600
    assert [path.name for path in settings.key_file.parent.iterdir() if path.name.startswith(".")] == []


# Shares of the escrow copy.


@pytest.fixture
def shares(settings, keyring, tmp_path):
    assert keys.split(settings, tmp_path / "escrow", shares=5, threshold=3) == 0
    return sorted((tmp_path / "escrow").glob("share-*"))


def test_any_three_of_five_make_the_key_file_again(settings, keyring, shares, tmp_path):
    before = settings.key_file.read_text()
    for chosen in (shares[:3], shares[2:], [shares[4], shares[0], shares[2]]):
        settings.key_file.unlink()
        assert keys.join(settings, tmp_path / "escrow" / "escrow.sealed", chosen) == 0
        assert settings.key_file.read_text() == before
    assert KeyRing.load(settings.key_file) == keyring


@pytest.mark.parametrize("damage", ["two", "one twice", "misspelt", "other copy", "changed copy"])
def test_what_does_not_fit_is_refused_without_showing_words(settings, shares, tmp_path, damage):
    settings.key_file.rename(tmp_path / "aside")
    chosen, sealed = list(shares[:3]), tmp_path / "escrow" / "escrow.sealed"
    words = chosen[0].read_text().split()
    if damage == "two":
        chosen = chosen[:2]
    elif damage == "one twice":
        chosen = [chosen[0], chosen[0], chosen[1]]
    elif damage == "misspelt":
        chosen[0].write_text(" ".join([*words[:-1], "academic" if words[-1] != "academic" else "acid"]))
    elif damage == "other copy":
        shutil.copy(tmp_path / "aside", settings.key_file)
        settings.key_file.chmod(0o600)
        keys.split(settings, tmp_path / "second", shares=5, threshold=3)
        settings.key_file.unlink()
        sealed = tmp_path / "second" / "escrow.sealed"
    else:
        sealed.write_text(sealed.read_text()[:-3] + "00\n")
    with pytest.raises(KeyFileError) as caught:
        keys.join(settings, sealed, chosen)
    assert not any(word in str(caught.value).split() for word in words)
    assert not settings.key_file.exists()


@pytest.mark.parametrize(("number", "threshold"), [(1, 1), (5, 1), (3, 4), (17, 3)])
def test_numbers_that_make_no_sense_are_refused(settings, keyring, tmp_path, number, threshold):
    with pytest.raises(KeyFileError, match="2 to 16"):
        keys.split(settings, tmp_path / "escrow", shares=number, threshold=threshold)


# A key file that a service opens.


def test_a_key_file_by_a_service_is_encrypted_on_disk_and_rotates(settings, tmp_path, capsys):
    master = tmp_path / "stick" / "ballast.master"
    served = Settings.from_environment(
        {"BALLAST_HOME": str(tmp_path / "home"), "KEY_SERVICE": f"offline:{master}", "DATABASE_URL": "sqlite://"}
    )
    assert keys.make(served) == 0
    assert stat.S_IMODE(master.stat().st_mode) == 0o400
    text = served.key_file.read_text()
    assert "kek" not in text
    ring = KeyRing.read_from(keys.key_source(served))
    rotated = ring.add_kek()
    assert rotated.keks[ring.current_kek_id] == ring.keks[ring.current_kek_id]
    master.chmod(0o644)
    with pytest.raises(KeyFileError, match="can be read by others"):
        KeyRing.read_from(keys.key_source(served))
    master.chmod(0o400)
    master.rename(tmp_path / "gone")
    with pytest.raises(KeyFileError, match="cannot be read"):
        KeyRing.read_from(keys.key_source(served))


def test_a_file_of_another_master_key_or_without_its_service_is_refused(tmp_path):
    environment = {"BALLAST_HOME": str(tmp_path), "KEY_SERVICE": f"offline:{tmp_path / 'one'}"}
    keys.make(Settings.from_environment(environment))
    other = Settings.from_environment({**environment, "KEY_SERVICE": f"offline:{tmp_path / 'two'}"})
    (tmp_path / "two").write_bytes(bytes(32))
    (tmp_path / "two").chmod(0o400)
    with pytest.raises(KeyFileError, match="not encrypted with"):
        KeyRing.read_from(keys.key_source(other))
    with pytest.raises(KeyFileError, match="Name it in KEY_SERVICE"):
        keys.key_source(Settings.from_environment({"BALLAST_HOME": str(tmp_path)}))
    with pytest.raises(SettingError, match="KEY_SERVICE"):
        keys.key_source(Settings.from_environment({**environment, "KEY_SERVICE": "cloud:x"}))


@pytest.mark.parametrize(("mode", "is_fit"), [(0o400, True), (0o444, True), (0o464, False), (0o446, False)])
def test_a_mounted_secret_may_be_read_in_its_container_but_never_written(tmp_path, monkeypatch, keyring, mode, is_fit):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    path = tmp_path / "ballast.keys"
    path.chmod(mode)
    settings = Settings.from_environment(
        {"BALLAST_HOME": str(tmp_path / "home"), "CREDENTIALS_DIRECTORY": str(tmp_path)}
    )
    assert settings.key_file == path
    source = keys.key_source(settings)
    if not is_fit:
        with pytest.raises(KeyFileError, match="read by others"):
            KeyRing.read_from(source)
        return
    assert KeyRing.read_from(source) == keyring
    with pytest.raises(KeyFileError, match="is mounted"):
        keyring_of(source).add_kek()


def keyring_of(source):
    return KeyRing.read_from(source)


def test_keys_from_the_environment_work_and_warn(tmp_path, keyring, capsys):
    text = (tmp_path / "ballast.keys").read_text()
    settings = Settings.from_environment({"BALLAST_HOME": str(tmp_path / "elsewhere"), "BALLAST_KEYS": text})
    assert text.split()[-1] not in repr(settings)
    source = keys.key_source(settings)
    assert KeyRing.read_from(source) == keyring
    assert "Use a key file for anything real" in capsys.readouterr().err
    with pytest.raises(KeyFileError, match="cannot be changed"):
        KeyRing.read_from(source).add_kek()


def test_every_wrapped_key_has_its_person(database, person):
    person()
    with database.read() as session:
        assert session.query(PersonKey).count() == session.query(Person).count()
