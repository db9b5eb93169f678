"""Pad plaintext to buckets, so that a stored length says little about what was written.

ISO/IEC 7816-4 padding: one 0x80 byte, then zeros.
"""

from __future__ import annotations

from bot.errors import SealBrokenError

SMALL_BUCKET_BYTES = 128
LARGE_BUCKET_BYTES = 1024


def pad(plaintext: bytes) -> bytes:
    """Return the plaintext padded to a multiple of 128 bytes, or of 1,024 beyond the first 1,024."""
    needed = len(plaintext) + 1
    bucket = SMALL_BUCKET_BYTES if needed <= LARGE_BUCKET_BYTES else LARGE_BUCKET_BYTES
    size = -(-needed // bucket) * bucket
    return plaintext + b"\x80" + bytes(size - needed)


def unpad(padded: bytes) -> bytes:
    """Return what :func:`pad` was given.

    Raises:
        SealBrokenError: There is no padding; the value was not made by :func:`pad`.
    """
    stripped = padded.rstrip(b"\x00")
    if not stripped.endswith(b"\x80"):
        raise SealBrokenError("A sealed value has no padding.")
    return stripped[:-1]
