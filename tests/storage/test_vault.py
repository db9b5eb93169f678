import base64
import os

import pytest

from bot.crypto import KeyRing
from bot.errors import KeyMissingError, SealBrokenError
from bot.storage import Database
from bot.storage.models import Person, PersonKey


@pytest.fixture
def key_file(tmp_path, keyring):
    return tmp_path / "ballast.keys"


def chat_of(database, person_id):
    with database.read() as session:
        return session.get(Person, person_id).chat.reveal()


def kek_of(database, person_id):
    with database.read() as session:
        return session.query(PersonKey.kek_id).filter_by(person_id=person_id).scalar()


def test_each_man_has_a_key_of_his_own(database, person):
    first, second = person(), person()
    with database.read() as session:
        keys = [database.vault.keys_of(session, person_id).versions[1] for person_id in (first, second)]
    assert [len(key) for key in keys] == [32, 32]
    assert keys[0] != keys[1]


@pytest.mark.only("sqlite")
def test_no_key_stands_in_the_database_in_clear(database, person, tmp_path):
    person_id = person()
    with database.read() as session:
        key = database.vault.keys_of(session, person_id).versions[1]
    database.close()
    stored = b"".join(path.read_bytes() for path in (tmp_path / "house").iterdir())
    assert person_id.encode() in stored
    for secret in (key, *database.vault.keyring.keks.values()):
        assert secret not in stored
        assert base64.b64encode(secret) not in stored


def test_a_man_without_a_key_is_told_apart(database, person, execute):
    person_id = person()
    assert chat_of(database, person_id).startswith("chat of")
    execute("DELETE FROM person_keys")
    with pytest.raises(KeyMissingError, match="destroyed or never made"):
        chat_of(database, person_id)


def test_a_new_kek_wraps_new_men_and_the_old_one_still_opens(database, person, key_file, keyring):
    old = person()
    with key_file.open("a") as file:
        file.write(f"kek 20270101-newer {base64.b64encode(os.urandom(32)).decode()}\n")
    rotated = Database(database.url, KeyRing.load(key_file))
    rotated.prepare()
    assert chat_of(rotated, old).startswith("chat of")
    with rotated.write() as session:
        session.add(Person(id="new", door="telegram", chat_index=b"x" * 32, created_at=session_time(session)))
        session.flush()
        rotated.vault.make_key(session, "new")
    assert kek_of(rotated, old) == keyring.current_kek_id
    assert kek_of(rotated, "new") == "20270101-newer"
    rotated.close()
    database.prepare()  # a process that was running all the while finds the new key by itself
    assert database.vault.keyring.current_kek_id == "20270101-newer"


def session_time(session):
    return session.query(Person.created_at).limit(1).scalar()


def test_a_kek_with_the_right_id_and_the_wrong_key_opens_nothing(database, person, keyring):
    person_id = person()
    wrong = KeyRing({keyring.current_kek_id: bytes(32)}, keyring.index, keyring.audit, b"", b"")
    other = Database(database.url, wrong)
    with pytest.raises(SealBrokenError, match="cannot be opened with this key file"):
        chat_of(other, person_id)
    other.close()


def test_keys_are_forgotten_with_the_session(database, person):
    person_id = person()
    with database.read() as session:
        database.vault.keys_of(session, person_id)
        assert person_id in session.info["opened_keys"]
    with database.read() as session:
        assert "opened_keys" not in session.info


def test_a_vault_shows_nothing(database):
    assert repr(database.vault) == "<Vault>"
