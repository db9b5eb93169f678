import copy
import os
import pickle
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.crypto import Context, PersonKeys, open_sealed, seal, unwrap_key, wrap_key
from bot.crypto.sealing import MAX_PLAINTEXT_BYTES
from bot.errors import KeyMissingError, SealBrokenError

PERSON = "0c6f6a1de28d4a5fa3d1fb8cb9a1a001"
CONTEXT = Context("inbox", "body", "e6c1a4b0d7f24c0d9d5a3f6f2a6b0001", PERSON, 1)
KEY, OTHER_KEY = b"k" * 32, b"o" * 32
KEYS = PersonKeys(PERSON, {1: KEY})
OVERHEAD_BYTES = 65
KEK = {"kek": b"K" * 32, "kek_id": "20261122-aaaaaa", "person_id": PERSON, "version": 1}
fields = st.text(max_size=40)


def refuses(blob, *, context=CONTEXT, keys=KEYS):
    with pytest.raises((SealBrokenError, KeyMissingError)):
        open_sealed(blob, context=context, keys=keys)
    return True


def flipped(blob):
    for bit in range(8 * len(blob)):
        changed = bytearray(blob)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


@given(st.binary(max_size=3000), st.builds(Context, fields, fields, fields, fields, st.integers(0, 2**40)))
def test_what_was_sealed_opens_again(plaintext, context):
    blob = seal(plaintext, context=context, keys=KEYS)
    assert open_sealed(blob, context=context, keys=KEYS) == plaintext
    assert len(blob) == len(plaintext) + OVERHEAD_BYTES


def test_the_longest_value_fits_and_one_byte_more_is_refused():
    longest = bytes(MAX_PLAINTEXT_BYTES)
    assert open_sealed(seal(longest, context=CONTEXT, keys=KEYS), context=CONTEXT, keys=KEYS) == longest
    with pytest.raises(ValueError, match="at most 65536 bytes"):
        seal(longest + b"x", context=CONTEXT, keys=KEYS)


@pytest.mark.parametrize("plaintext", [b"", b"x", b"nothing left in the tank " * 4])
def test_every_single_flipped_bit_is_refused(plaintext):
    blob = seal(plaintext, context=CONTEXT, keys=KEYS)
    assert open_sealed(blob, context=CONTEXT, keys=KEYS) == plaintext
    assert all(refuses(changed) for changed in flipped(blob))


def test_every_cut_and_every_added_byte_is_refused():
    blob = seal(b"nothing left in the tank", context=CONTEXT, keys=KEYS)
    assert all(refuses(blob[:length]) for length in range(len(blob)))
    assert all(refuses(blob[start:]) for start in range(1, len(blob)))
    assert refuses(blob + b"\x00")
    assert refuses(b"\x00" + blob)


@pytest.mark.parametrize("field", ["table", "column", "row_id", "person_id"])
def test_a_blob_opens_in_no_other_place(field):
    blob = seal(b"his", context=CONTEXT, keys=KEYS)
    assert open_sealed(blob, context=CONTEXT, keys=KEYS) == b"his"
    assert refuses(blob, context=replace(CONTEXT, **{field: getattr(CONTEXT, field) + "x"}))
    assert refuses(blob, context=replace(CONTEXT, **{field: ""}))


@pytest.mark.parametrize("revision", [0, 2, 10, 11, -1])
def test_a_blob_opens_under_no_other_revision(revision):
    assert refuses(seal(b"his", context=CONTEXT, keys=KEYS), context=replace(CONTEXT, revision=revision))


@pytest.mark.parametrize("pair", [("table", "column"), ("column", "row_id"), ("row_id", "person_id")])
def test_two_fields_cannot_change_places(pair):
    first, second = pair
    swapped = replace(CONTEXT, **{first: getattr(CONTEXT, second), second: getattr(CONTEXT, first)})
    assert refuses(seal(b"his", context=CONTEXT, keys=KEYS), context=swapped)


@given(st.tuples(fields, fields, fields, fields), st.tuples(fields, fields, fields, fields))
def test_no_two_contexts_encode_alike(one, other):
    assert (Context(*one, 1).encode() == Context(*other, 1).encode()) == (one == other)


def test_a_letter_moved_over_the_border_of_two_fields_encodes_otherwise():
    assert Context("ab", "c", "", "", 1).encode() != Context("a", "bc", "", "", 1).encode()
    assert Context("a", "b", "c", "d", 11).encode() != Context("a", "b", "c", "d1", 1).encode()


def test_another_key_of_the_same_version_is_told_by_the_commitment():
    blob = seal(b"his", context=CONTEXT, keys=KEYS)
    with pytest.raises(SealBrokenError, match="another key"):
        open_sealed(blob, context=CONTEXT, keys=PersonKeys(PERSON, {1: OTHER_KEY}))


def test_a_commitment_of_another_blob_is_refused_though_the_rest_is_right():
    blob, other = (seal(b"his", context=CONTEXT, keys=KEYS) for _ in range(2))
    assert refuses(blob[:21] + other[21:37] + blob[37:])


def test_equal_plaintexts_never_give_equal_blobs():
    blobs = [seal(b"his", context=CONTEXT, keys=KEYS) for _ in range(50)]
    parts = [(blob[5:21], blob[21:37], blob[37:49], blob[49:]) for blob in blobs]
    assert all(len(set(column)) == len(blobs) for column in zip(*parts, strict=True))


def test_the_newest_key_seals_and_the_older_ones_still_open():
    old = seal(b"before", context=CONTEXT, keys=KEYS)
    rotated = PersonKeys(PERSON, {1: KEY, 2: OTHER_KEY})
    new = seal(b"after", context=CONTEXT, keys=rotated)
    assert open_sealed(old, context=CONTEXT, keys=rotated) == b"before"
    assert open_sealed(new, context=CONTEXT, keys=rotated) == b"after"
    with pytest.raises(KeyMissingError, match="version 2"):
        open_sealed(new, context=CONTEXT, keys=KEYS)


def test_a_person_without_keys_can_neither_seal_nor_open():
    nobody = PersonKeys(PERSON, {})
    with pytest.raises(KeyMissingError):
        seal(b"his", context=CONTEXT, keys=nobody)
    with pytest.raises(KeyMissingError):
        open_sealed(seal(b"his", context=CONTEXT, keys=KEYS), context=CONTEXT, keys=nobody)


def test_errors_name_the_column_and_not_the_value():
    blob = seal(b"canary words", context=CONTEXT, keys=KEYS)
    with pytest.raises(SealBrokenError) as caught:
        open_sealed(blob, context=replace(CONTEXT, row_id="x"), keys=KEYS)
    assert "inbox.body" in str(caught.value)
    assert "canary" not in str(caught.value)
    assert PERSON not in str(caught.value)


def test_person_keys_show_nothing_and_are_never_pickled_or_copied():
    assert "kkk" not in repr(KEYS)
    assert KEY.hex() not in repr(KEYS)
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="never pickled"):
            leak(KEYS)


def test_a_wrapped_key_is_unwrapped_again():
    data_key = os.urandom(32)
    wrapped = wrap_key(data_key, **KEK)
    assert unwrap_key(wrapped, **KEK) == data_key
    assert len(wrapped) == 1 + 12 + 32 + 16


@pytest.mark.parametrize(
    "other", [{"kek": OTHER_KEY}, {"kek_id": "20261122-bbbbbb"}, {"person_id": "x"}, {"version": 2}]
)
def test_a_wrapped_key_opens_only_for_its_person_version_and_kek(other):
    wrapped = wrap_key(KEY, **KEK)
    with pytest.raises(SealBrokenError):
        unwrap_key(wrapped, **{**KEK, **other})


def test_a_changed_or_cut_wrapped_key_is_refused():
    wrapped = wrap_key(KEY, **KEK)
    for changed in [*flipped(wrapped), *(wrapped[:length] for length in range(len(wrapped)))]:
        with pytest.raises(SealBrokenError):
            unwrap_key(changed, **KEK)
