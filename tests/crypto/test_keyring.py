import base64
import copy
import os
import pickle
import stat
from dataclasses import fields

import pytest

from bot.crypto import KeyRing
from bot.errors import KeyFileError

SINGLES = ("index", "audit", "web", "channel")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys" / "ballast.keys"


@pytest.fixture
def ring(path):
    return KeyRing.create(path)


def rewrite(path, change):
    """Write the key file anew with its lines changed, and as private as it was."""
    path.write_text("\n".join(change(path.read_text().splitlines())) + "\n")


def keys_of(ring):
    return [*ring.keks.values(), *(getattr(ring, name) for name in SINGLES)]


def test_a_made_key_file_is_loaded_again(path, ring):
    assert KeyRing.load(path) == ring
    assert len(ring.keks) == 1


def test_all_keys_are_independent_and_of_32_bytes(ring):
    keys = keys_of(ring)
    assert [len(key) for key in keys] == [32] * 5
    assert len(set(keys)) == len(keys)


def test_file_and_folder_belong_to_their_owner_only(path, ring):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_is_there_is_never_overwritten(path, ring):
    before = path.read_bytes()
    with pytest.raises(KeyFileError, match="never overwritten"):
        KeyRing.create(path)
    assert path.read_bytes() == before


def test_a_missing_file_is_named_with_its_remedy(path):
    with pytest.raises(KeyFileError, match=r"no key file at .*ballast\.keys\. Make one with `ballast keys new`"):
        KeyRing.load(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610, 0o777])
def test_a_file_that_others_can_touch_is_refused(path, ring, mode):
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        KeyRing.load(path)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_private_file_is_loaded(path, ring, mode):
    path.chmod(mode)
    assert KeyRing.load(path) == ring


DAMAGES = {
    "empty": lambda lines: [],
    "only a comment": lambda lines: lines[:1],
    "no kek": lambda lines: [line for line in lines if not line.startswith("kek")],
    **{f"no {name}": lambda lines, name=name: [x for x in lines if not x.startswith(name)] for name in SINGLES},
    "not base64": lambda lines: [*lines[:-1], "channel ???"],
    "key cut": lambda lines: [*lines[:-1], lines[-1][:-5]],
    "key too short": lambda lines: [*lines[:-1], "channel " + base64.b64encode(b"x" * 31).decode()],
    "key too long": lambda lines: [*lines[:-1], "channel " + base64.b64encode(b"x" * 33).decode()],
    "name without a key": lambda lines: [*lines, "kek"],
    "kek without its id": lambda lines: [
        "kek " + line.split()[-1] if line.startswith("kek") else line for line in lines
    ],
    "an id twice": lambda lines: [*lines, *(line for line in lines if line.startswith("kek"))],
    "a name twice": lambda lines: [*lines, lines[-1]],
    "not ASCII": lambda lines: [*lines, "kek ключ " + lines[-1].split()[-1]],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_refused_without_showing_a_key(path, ring, damage):
    keys = path.read_text().split()
    rewrite(path, damage)
    with pytest.raises(KeyFileError, match=r"is damaged\. Restore it from its own backup") as caught:
        KeyRing.load(path)
    assert not any(word in str(caught.value) for word in keys if len(word) > 20)


def test_comments_and_empty_lines_are_passed_over(path, ring):
    rewrite(path, lambda lines: ["# a note", "", *lines, "   "])
    assert KeyRing.load(path) == ring


def test_the_last_kek_is_the_current_one_and_the_older_stay(path, ring):
    newer = base64.b64encode(os.urandom(32)).decode()
    rewrite(path, lambda lines: [*lines, f"kek 20270101-newer {newer}"])
    loaded = KeyRing.load(path)
    assert loaded.current_kek_id == "20270101-newer"
    assert loaded.keks[ring.current_kek_id] == ring.keks[ring.current_kek_id]


def test_what_a_ring_shows_of_itself_holds_no_key(ring):
    shown = repr(ring) + str(ring)
    for key in keys_of(ring):
        forms = (repr(key), key.hex(), base64.b64encode(key).decode(), base64.urlsafe_b64encode(key).decode())
        assert not any(form in shown for form in forms)
    assert all(not field.repr for field in fields(ring))


@pytest.mark.parametrize("leak", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_ring_is_never_pickled_or_copied(ring, leak):
    with pytest.raises(TypeError, match="never pickled"):
        leak(ring)


def test_the_chat_index_is_stable_across_starts(path, ring):
    assert KeyRing.load(path).chat_index("telegram", "4711") == ring.chat_index("telegram", "4711")
    assert len(ring.chat_index("telegram", "4711")) == 32


def test_the_chat_index_differs_by_door_chat_and_installation(ring, tmp_path):
    indexes = [
        ring.chat_index("telegram", "4711"),
        ring.chat_index("console", "4711"),
        ring.chat_index("telegram", "4712"),
        ring.chat_index("telegram4", "711"),
        KeyRing.create(tmp_path / "other.keys").chat_index("telegram", "4711"),
    ]
    assert len(set(indexes)) == len(indexes)


def test_a_link_of_the_chain_depends_on_entry_predecessor_and_key(ring, tmp_path):
    start = bytes(32)
    links = [
        ring.chain(start, b"one"),
        ring.chain(start, b"two"),
        ring.chain(ring.chain(start, b"one"), b"one"),
        KeyRing.create(tmp_path / "other.keys").chain(start, b"one"),
    ]
    assert len(set(links)) == len(links)
    assert ring.chain(start, b"one") == links[0]


def test_the_channel_token_is_fit_for_a_header(ring):
    assert base64.urlsafe_b64decode(ring.channel_token) == ring.channel
    assert ring.channel_token.isascii()
    assert not any(char.isspace() for char in ring.channel_token)
