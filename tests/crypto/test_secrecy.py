"""Keys do not leave the process: not in a repr, a traceback with locals, a pickle, a core dump or another's reach."""

import copy
import json
import pickle
import resource
import subprocess
import sys
import traceback

import pytest

from bot.config import PROJECT
from bot.crypto import Context, KeyRing, PersonKeys, open_sealed, seal, unwrap_key, wrap_key
from bot.crypto.key import Key
from bot.errors import SealBrokenError

RAW = bytes(range(100, 132))
CONTEXT = Context("inbox", "body", "row", "person", 1)


def forms(key):
    return [repr(key)[2:-1], key.hex(), str(list(key))[1:-1]]


@pytest.mark.parametrize("show", [repr, str, ascii, "{}".format, "{0!r:>50}".format, lambda key: f"{[key]} {(key,)}"])
def test_a_key_shows_its_length_only(show):
    shown = show(Key(RAW))
    assert "Key of 32 bytes" in shown
    assert not any(form in shown for form in forms(RAW))


@pytest.mark.parametrize("leak", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_key_is_never_pickled_or_copied(leak):
    with pytest.raises(TypeError, match="never pickled"):
        leak(Key(RAW))


def fail_in_open(keys):
    blob = seal(b"his", context=CONTEXT, keys=keys)
    open_sealed(blob[:-1] + bytes([blob[-1] ^ 1]), context=CONTEXT, keys=keys)


def fail_in_unwrap(keys):
    wrapped = wrap_key(keys.versions[1], kek=keys.versions[1], kek_id="id", person_id="person", version=1)
    unwrap_key(wrapped, kek=keys.versions[1], kek_id="id", person_id="another", version=1)


@pytest.mark.parametrize("fail", [fail_in_open, fail_in_unwrap])
def test_a_traceback_that_prints_locals_shows_no_key(fail):
    try:
        fail(PersonKeys("person", {1: Key(RAW)}))
    except SealBrokenError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "Key of 32 bytes" in shown  # locals are printed, and a key is among them
    assert not any(form in shown for form in forms(RAW))


def test_the_keys_of_a_file_are_such_keys(tmp_path):
    ring = KeyRing.create(tmp_path / "ballast.keys")
    for key in (*ring.keks.values(), ring.index, ring.audit, ring.web, ring.channel):
        assert type(key) is Key


HARDENED = (
    "import json, resource\n"
    "from bot.crypto.hardening import harden_process, is_dumpable\n"
    "before = is_dumpable()\n"
    "hardened = harden_process()\n"
    "print(json.dumps([before, hardened, is_dumpable(), resource.getrlimit(resource.RLIMIT_CORE)]), flush=True)\n"
    "import os; os.abort()\n"
)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl is Linux's")
def test_a_hardened_process_leaves_no_core_and_cannot_be_read(tmp_path):
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)

    def allow_cores():
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

    environment = {"PYTHONPATH": str(PROJECT), "PATH": ""}
    ended = subprocess.run(  # noqa: S603 - our own interpreter with the code above
        [sys.executable, "-c", HARDENED],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        preexec_fn=allow_cores,
        check=False,
    )
    assert json.loads(ended.stdout) == [True, True, False, [0, 0]]
    assert ended.returncode < 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("module", ["bot.__main__", "bot.rasa.serve"])
def test_every_process_that_holds_keys_is_hardened(module):
    source = (PROJECT / (module.replace(".", "/") + ".py")).read_text(encoding="utf-8")
    assert source.index("    harden_process()") < source.index("def _door" if "main" in module else "quiet.install(s")
