"""Blobs of earlier versions must open for ever: ``frozen.json`` is never made anew, only added to."""

import hashlib
import hmac
import json
import os
from pathlib import Path

import pytest

from bot.crypto import Context, KeyRing, PersonKeys, open_sealed, seal, unwrap_key, wrap_key

FROZEN = json.loads(Path(__file__).with_name("frozen.json").read_text(encoding="utf-8"))


def named(kind):
    return pytest.mark.parametrize("frozen", FROZEN[kind], ids=lambda frozen: frozen.get("name", ""))


def raw(frozen, name):
    return bytes.fromhex(frozen[name])


def keys_of(frozen):
    return PersonKeys(frozen["context"]["person_id"], {frozen["key_version"]: raw(frozen, "data_key")})


def wrapping_of(frozen):
    return {"kek": raw(frozen, "kek"), **{name: frozen[name] for name in ("kek_id", "person_id", "version")}}


@pytest.fixture
def draw(monkeypatch):
    """Let ``os.urandom`` give what was drawn when the blob was frozen."""

    def play(frozen):
        drawn = [bytes.fromhex(value) for value in frozen["drawn"]]

        def urandom(length):
            value = drawn.pop(0)
            assert len(value) == length
            return value

        monkeypatch.setattr(os, "urandom", urandom)

    return play


@named("sealed")
def test_a_frozen_blob_opens(frozen):
    opened = open_sealed(raw(frozen, "blob"), context=Context(**frozen["context"]), keys=keys_of(frozen))
    assert opened == raw(frozen, "plaintext")


@named("sealed")
def test_sealing_the_same_again_gives_the_same_bytes(frozen, draw):
    draw(frozen)
    blob = seal(raw(frozen, "plaintext"), context=Context(**frozen["context"]), keys=keys_of(frozen))
    assert blob.hex() == frozen["blob"]


@named("sealed")
def test_a_blob_is_laid_out_as_the_design_says(frozen):
    blob, (salt, nonce) = raw(frozen, "blob"), (bytes.fromhex(value) for value in frozen["drawn"])
    assert blob[0] == 1
    assert int.from_bytes(blob[1:5], "big") == frozen["key_version"]
    assert blob[5:21] == salt
    assert blob[21:37] == hkdf(raw(frozen, "data_key"), salt)[32:]
    assert blob[37:49] == nonce
    assert len(blob) == 49 + len(raw(frozen, "plaintext")) + 16


def hkdf(key, salt):
    """HKDF-SHA256 of RFC 5869, written out, 48 bytes."""
    extracted = hmac.digest(salt, key, hashlib.sha256)
    first = hmac.digest(extracted, b"ballast record 1\x01", hashlib.sha256)
    return (first + hmac.digest(extracted, first + b"ballast record 1\x02", hashlib.sha256))[:48]


@named("wrapped")
def test_a_frozen_wrapped_key_opens(frozen):
    assert unwrap_key(raw(frozen, "wrapped"), **wrapping_of(frozen)) == raw(frozen, "data_key")


@named("wrapped")
def test_wrapping_the_same_key_again_gives_the_same_bytes(frozen, draw):
    draw(frozen)
    assert wrap_key(raw(frozen, "data_key"), **wrapping_of(frozen)).hex() == frozen["wrapped"]


def ring(**keys):
    return KeyRing({"id": bytes(32)}, **{"index": b"", "audit": b"", "web": b"", "channel": b"", **keys})


@named("chat_index")
def test_a_chat_is_found_under_its_frozen_index(frozen):
    found = ring(index=raw(frozen, "key")).chat_index(frozen["door"], frozen["chat_id"])
    assert found.hex() == frozen["index"]


@named("chain")
def test_the_audit_chain_has_its_frozen_links(frozen):
    link = ring(audit=raw(frozen, "key")).chain(raw(frozen, "previous"), frozen["entry"].encode())
    assert link.hex() == frozen["link"]
