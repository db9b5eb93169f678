import stat

import pytest

from bot.crypto import KeyRing
from bot.errors import StorageError
from bot.storage.ledger import ErasureLedger

ONLY = "sqlite"


@pytest.fixture
def ledger(tmp_path, keyring):
    return ErasureLedger(tmp_path / "apart" / "ledger", keyring)


def names(ledger):
    return [line.person_id for line in ledger.read()]


@pytest.fixture
def written(ledger, clock):
    for name in ("one", "two", "three"):
        ledger.append(name, at=clock())
    return ledger


def test_what_was_written_is_read_in_order(written):
    assert names(written) == ["one", "two", "three"]
    assert stat.S_IMODE(written.path.stat().st_mode) == 0o600


def test_an_empty_ledger_names_nobody(ledger):
    assert ledger.read() == []


def change(lines, how):
    return {
        "name": [lines[0].replace("one", "eno"), *lines[1:]],
        "time": [lines[0].replace("2026", "2025"), *lines[1:]],
        "first gone": lines[1:],
        "middle gone": [lines[0], lines[2]],
        "swapped": [lines[1], lines[0], lines[2]],
        "put in": [lines[0], lines[0], *lines[1:]],
    }[how]


@pytest.mark.parametrize("how", ["name", "time", "first gone", "middle gone", "swapped", "put in"])
def test_a_changed_ledger_is_refused(written, how, clock):
    written.path.write_text("\n".join(change(written.path.read_text().splitlines(), how)) + "\n")
    with pytest.raises(StorageError, match=r"Line \d of the erasure ledger"):
        written.read()
    with pytest.raises(StorageError):
        written.append("four", at=clock())


def test_a_line_that_a_crash_cut_off_spoils_nothing(written, clock):
    whole = written.path.read_bytes()
    for length in range(1, len(whole.splitlines()[2])):
        written.path.write_bytes(whole[: -length - 1])
        assert names(written) == ["one", "two"]
        written.append("four", at=clock())
        assert names(written) == ["one", "two", "four"]


def test_another_installation_cannot_write_here(written, tmp_path):
    with pytest.raises(StorageError):
        ErasureLedger(written.path, KeyRing.create(tmp_path / "other.keys")).read()


def test_a_place_that_cannot_be_written_is_told(tmp_path, keyring, clock):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be written"):
        ErasureLedger(tmp_path / "file" / "ledger", keyring).append("one", at=clock())
