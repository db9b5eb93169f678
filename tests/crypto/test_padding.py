import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.crypto.padding import pad, unpad
from bot.errors import SealBrokenError


@given(st.binary(max_size=4000))
def test_what_was_padded_comes_back(plaintext):
    padded = pad(plaintext)
    assert unpad(padded) == plaintext
    assert len(padded) % 128 == 0


@pytest.mark.parametrize("tail", [b"", b"\x80", b"\x00", b"\x80\x00", b"\x00\x80", b"\x80\x80"])
def test_text_that_looks_like_padding_comes_back(tail):
    assert unpad(pad(b"his words" + tail)) == b"his words" + tail


@pytest.mark.parametrize(
    ("length", "padded_length"),
    [(0, 128), (1, 128), (127, 128), (128, 256), (1022, 1024), (1023, 1024), (1024, 2048), (2047, 2048), (2048, 3072)],
)
def test_lengths_fall_into_buckets(length, padded_length):
    assert len(pad(b"x" * length)) == padded_length


@pytest.mark.parametrize("unpadded", [b"", b"\x00" * 128, b"plain", b"plain\x00\x00", b"\x80plain"])
def test_what_was_never_padded_is_refused(unpadded):
    with pytest.raises(SealBrokenError):
        unpad(unpadded)
