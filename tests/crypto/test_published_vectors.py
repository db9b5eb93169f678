"""Published vectors (NIST CAVP, RFC 4231, RFC 5869; package ``cryptography_vectors``), and all their spoilt forms.

Our wrapper fixes nonce length, header and associated data, so that a published AES-GCM vector cannot go through
``seal`` as it stands. Three things are shown instead: the primitives give the published results in this installation,
our blobs are exactly those primitives put together, and the wrapper refuses each way in which Wycheproof spoils a case.
"""

import hashlib
import hmac
import os
from dataclasses import replace

import cryptography_vectors
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import example, given
from hypothesis import strategies as st

from bot.crypto import Context, KeyRing, PersonKeys, open_sealed, seal, unwrap_key, wrap_key
from bot.crypto.sealing import _record_key
from bot.errors import KeyMissingError, SealBrokenError

BLOBS = 100
CONTEXT = Context("inbox", "body", "row", "person", 1)
KEYS = PersonKeys("person", {1: b"k" * 32})


def cases(path, last=None):
    """Yield the cases of a NIST or RFC file as dictionaries; ``FAIL`` marks those that must not open.

    A case ends at an empty line, or with the field ``last`` where empty lines stand inside it.
    """
    case = {}
    with cryptography_vectors.open_vector_file(path, "r") as file:
        for raw in file:
            line = raw.strip()
            if line.startswith(("#", "[")):
                continue
            if line == "FAIL":
                case["FAIL"] = True
            elif "=" in line:
                name, _, value = (part.strip() for part in line.partition("="))
                case[name] = value.removeprefix("0x")
            elif case and last is None:
                yield case
                case = {}
            if last in case:
                yield case
                case = {}
    if case:
        yield case


def raw(case, name):
    return bytes.fromhex(case.get(name, ""))


# AES-256-GCM.


def test_published_aes_gcm_cases_seal_and_open_and_fail_as_published():
    opened = failed = 0
    for case in cases("ciphers/AES/GCM/gcmDecrypt256.rsp"):
        if "Key" not in case or len(case.get("Tag", "")) != 32 or len(case["IV"]) != 24:
            continue  # we use full tags and 96-bit nonces only
        box, nonce, data = AESGCM(raw(case, "Key")), raw(case, "IV"), raw(case, "AAD")
        sealed = raw(case, "CT") + raw(case, "Tag")
        if case.get("FAIL"):
            failed += 1
            with pytest.raises(InvalidTag):
                box.decrypt(nonce, sealed, data)
        else:
            opened += 1
            assert box.decrypt(nonce, sealed, data) == raw(case, "PT")
            assert box.encrypt(nonce, raw(case, "PT"), data) == sealed
    assert opened > 150
    assert failed > 100


def test_our_blob_is_exactly_the_published_primitives_put_together(monkeypatch):
    """For each published plaintext: derive with HKDF as RFC 5869 says, encrypt as NIST says, and compare."""
    compared = 0
    for case in cases("ciphers/AES/GCM/gcmEncryptExtIV256.rsp"):
        if len(case.get("Tag", "")) != 32 or len(case.get("IV", "")) != 24:
            continue
        nonce, salt = raw(case, "IV"), raw(case, "Key")[:16]
        drawn = [salt, nonce]
        monkeypatch.setattr(os, "urandom", lambda _, drawn=drawn: drawn.pop(0))
        blob = seal(raw(case, "PT"), context=CONTEXT, keys=PersonKeys("person", {7: raw(case, "Key")}))
        derived = HKDF(algorithm=SHA256(), length=48, salt=salt, info=b"ballast record 1").derive(raw(case, "Key"))
        header = b"\x01\x00\x00\x00\x07" + salt + derived[32:] + nonce
        assert blob == header + AESGCM(derived[:32]).encrypt(nonce, raw(case, "PT"), header + CONTEXT.encode())
        compared += 1
    assert compared > 100


# HKDF-SHA256 and HMAC-SHA256.


def test_published_hkdf_cases():
    checked = 0
    for case in cases("KDF/rfc-5869-HKDF-SHA256.txt", last="OKM"):
        derived = HKDF(
            algorithm=SHA256(), length=int(case["L"]), salt=raw(case, "salt") or None, info=raw(case, "info")
        ).derive(raw(case, "IKM"))
        assert derived == raw(case, "OKM")
        checked += 1
    assert checked == 3


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=16, max_size=16))
def test_a_record_key_is_hkdf_of_rfc_5869_written_out(data_key, salt):
    extracted = hmac.digest(salt, data_key, hashlib.sha256)
    first = hmac.digest(extracted, b"ballast record 1\x01", hashlib.sha256)
    key, commitment = _record_key(data_key, salt)
    assert (bytes(key), commitment) == (
        first,
        hmac.digest(extracted, first + b"ballast record 1\x02", hashlib.sha256)[:16],
    )


def test_published_hmac_cases_through_the_audit_chain():
    checked = 0
    for case in cases("HMAC/rfc-4231-sha256.txt"):
        if "MD" not in case or len(case["MD"]) != 64:
            continue
        ring = KeyRing({"id": bytes(32)}, b"", raw(case, "Key"), b"", b"")
        message = raw(case, "Msg")
        assert ring.chain(message[:5], message[5:]) == raw(case, "MD")
        checked += 1
    assert checked >= 5


# Spoilt forms, as Wycheproof spoils them.


def refuses(blob, context=CONTEXT, keys=KEYS):
    try:
        open_sealed(blob, context=context, keys=keys)
    except (SealBrokenError, KeyMissingError):
        return True
    return False


def flips(blob):
    for bit in range(8 * len(blob)):
        changed = bytearray(blob)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


def test_every_single_flipped_bit_of_a_hundred_blobs_is_refused():
    for number in range(BLOBS):
        blob = seal(bytes(number), context=CONTEXT, keys=KEYS)
        assert not refuses(blob)
        assert all(refuses(changed) for changed in flips(blob))


@pytest.mark.parametrize("start", [0, 1, 5, 21, 37, 49])
@pytest.mark.parametrize("value", [b"\x00", b"\xff", b"\x7f", b"\x80"])
def test_a_field_of_one_repeated_byte_is_refused(start, value):
    ends = {0: 1, 1: 5, 5: 21, 21: 37, 37: 49, 49: None}
    blob = seal(b"his", context=CONTEXT, keys=KEYS)
    part = blob[start : ends[start]]
    changed = blob[:start] + value * len(part) + blob[start + len(part) :]
    assert changed == blob or refuses(changed)


@pytest.mark.parametrize("kept", [0, 4, 8, 12, 13, 14, 15])
def test_a_shortened_tag_is_refused(kept):
    blob = seal(b"his", context=CONTEXT, keys=KEYS)
    assert refuses(blob[:-16] + blob[-16:][:kept])


def test_tags_of_special_shape_are_refused():
    blob = seal(b"his", context=CONTEXT, keys=KEYS)
    tag = blob[-16:]
    shapes = [tag[::-1], bytes(255 - byte for byte in tag), tag[8:] + tag[:8], bytes(16), tag[:15] + b"\x00\x00"]
    assert all(refuses(blob[:-16] + shape) for shape in shapes)


def test_every_context_swap_is_refused():
    """Blobs of three rows, columns, tables, men and revisions: each opens in its own place and in no other."""
    places = [
        replace(CONTEXT, **{name: value})
        for name, values in (
            ("table", ("inbox", "outbox", "records")),
            ("column", ("body", "screening", "event")),
            ("row_id", ("row", "row2", "wor")),
            ("person_id", ("person", "person2", "nosrep")),
            ("revision", (1, 2, 12)),
        )
        for value in values
    ]
    blobs = [(place, seal(b"his", context=place, keys=KEYS)) for place in places]
    for place, blob in blobs:
        for other in places:
            assert refuses(blob, context=other) == (other != place)


def test_every_swap_of_a_wrapped_key_is_refused():
    base = {"kek": b"K" * 32, "kek_id": "one", "person_id": "person", "version": 1}
    wrapped = wrap_key(b"k" * 32, **base)
    for changed in ({"kek": b"L" * 32}, {"kek_id": "two"}, {"person_id": "another"}, {"version": 2}):
        with pytest.raises(SealBrokenError):
            unwrap_key(wrapped, **{**base, **changed})
    for spoilt in flips(wrapped):
        with pytest.raises(SealBrokenError):
            unwrap_key(spoilt, **base)


@given(st.binary(max_size=400))
@example(b"\x01" + bytes(100))
@example(b"\x01\x00\x00\x00\x01" + bytes(100))
def test_the_parser_refuses_whatever_it_is_fed(blob):
    assert refuses(blob)


@given(st.data())
def test_the_parser_refuses_whatever_a_blob_is_turned_into(data):
    blob = seal(b"nothing left", context=CONTEXT, keys=KEYS)
    cut = data.draw(st.integers(0, len(blob)))
    changed = blob[:cut] + data.draw(st.binary(max_size=40)) + blob[data.draw(st.integers(cut, len(blob))) :]
    assert changed == blob or refuses(changed)


@given(st.binary(max_size=200))
def test_the_parser_of_wrapped_keys_refuses_whatever_it_is_fed(wrapped):
    with pytest.raises(SealBrokenError):
        unwrap_key(wrapped, kek=b"K" * 32, kek_id="one", person_id="person", version=1)
