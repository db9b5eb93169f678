"""Seal and open single values, and wrap each person's data key.

Format: ``version 1 | data key version 4 | salt 16 | commitment 16 | nonce 12 | ciphertext | tag 16`` in bytes.
A record key is derived for every blob, so no key ever meets a second nonce; the commitment binds the blob to one key.
"""

from __future__ import annotations

import hmac
import os
import struct
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.crypto.key import Key
from bot.errors import KeyMissingError, SealBrokenError

FORMAT_VERSION = 1
MAX_PLAINTEXT_BYTES = 64 * 1024
_HEADER = struct.Struct(">BI16s16s12s")
_LENGTHS = struct.Struct(">5H").pack
_TAG_BYTES = 16
_WRAP_HEADER = struct.Struct(">B12s")


@dataclass(frozen=True)
class Context:
    """Where a value stands; bound as associated data, so that it opens nowhere else."""

    table: str
    column: str
    row_id: str
    person_id: str
    revision: int

    def encode(self) -> bytes:
        """Return the fields length-prefixed, so that no two contexts encode alike."""
        table, column, row, person = (
            self.table.encode(),
            self.column.encode(),
            self.row_id.encode(),
            self.person_id.encode(),
        )
        revision = str(self.revision).encode()
        lengths = _LENGTHS(len(table), len(column), len(row), len(person), len(revision))
        # Each length stands before its field, as it always has: blobs of earlier versions must open.
        return b"".join(
            (lengths[:2], table, lengths[2:4], column, lengths[4:6], row, lengths[6:8], person, lengths[8:], revision)
        )


@dataclass(frozen=True)
class PersonKeys:
    """One person's data keys (32 bytes each) by version; the highest seals."""

    person_id: str
    versions: dict[int, bytes] = field(repr=False)

    def __reduce__(self) -> str:
        raise TypeError("Keys are never pickled.")


def seal(plaintext: bytes, *, context: Context, keys: PersonKeys) -> bytes:
    """Encrypt so that only this row and column can open it.

    Args:
        plaintext: Up to 64 KiB; text is UTF-8 encoded and padded by the caller.
        context: Table, column, row id, person and revision, bound as associated data.
        keys: The person's data keys.

    Returns:
        The blob in the format above, 65 bytes longer than the plaintext.

    Raises:
        KeyMissingError: This person's key was destroyed or never made.
        ValueError: The plaintext is too long.

    Source: NIST SP 800-38D section 8.2.2 (random 96-bit nonces).
    """
    if len(plaintext) > MAX_PLAINTEXT_BYTES:
        raise ValueError(f"A sealed value holds at most {MAX_PLAINTEXT_BYTES} bytes.")
    if not keys.versions:
        raise KeyMissingError("This person has no data key.")
    version = max(keys.versions)
    salt, nonce = os.urandom(16), os.urandom(12)
    key, commitment = _record_key(keys.versions[version], salt)
    header = _HEADER.pack(FORMAT_VERSION, version, salt, commitment, nonce)
    return header + AESGCM(key).encrypt(nonce, plaintext, header + context.encode())


def open_sealed(blob: bytes, *, context: Context, keys: PersonKeys) -> bytes:
    """Return the plaintext of a blob made by :func:`seal` for the same context.

    Raises:
        KeyMissingError: The data key of that version is not there.
        SealBrokenError: The blob was changed, cut, moved, or sealed with another key.
    """
    if len(blob) < _HEADER.size + _TAG_BYTES or blob[0] != FORMAT_VERSION:
        raise SealBrokenError(f"{context.table}.{context.column} does not hold a sealed value of format 1.")
    _, version, salt, commitment, nonce = _HEADER.unpack_from(blob)
    if version not in keys.versions:
        raise KeyMissingError(f"Data key version {version} of this person is not there.")
    key, expected = _record_key(keys.versions[version], salt)
    if not hmac.compare_digest(commitment, expected):
        raise SealBrokenError(f"{context.table}.{context.column} was sealed with another key.")
    header = blob[: _HEADER.size]
    try:
        return AESGCM(key).decrypt(nonce, blob[_HEADER.size :], header + context.encode())
    except InvalidTag as error:
        raise SealBrokenError(f"{context.table}.{context.column} was changed or moved.") from error


def _record_key(data_key: bytes, salt: bytes) -> tuple[bytes, bytes]:
    derived = HKDF(algorithm=SHA256(), length=48, salt=salt, info=b"ballast record 1").derive(data_key)
    return Key(derived[:32]), derived[32:]


def wrap_key(data_key: bytes, *, kek: bytes, kek_id: str, person_id: str, version: int) -> bytes:
    """Encrypt a person's data key under a key-encryption key.

    Returns:
        ``version 1 | nonce 12 | ciphertext 32 | tag 16`` in bytes, bound to person, key version and KEK id.
    """
    nonce = os.urandom(12)
    header = _WRAP_HEADER.pack(FORMAT_VERSION, nonce)
    return header + AESGCM(kek).encrypt(nonce, data_key, _wrap_context(kek_id, person_id, version))


def unwrap_key(wrapped: bytes, *, kek: bytes, kek_id: str, person_id: str, version: int) -> bytes:
    """Return the data key inside ``wrapped``.

    Raises:
        SealBrokenError: It was wrapped with another KEK, for another person, or changed.
    """
    if len(wrapped) < _WRAP_HEADER.size + _TAG_BYTES or wrapped[0] != FORMAT_VERSION:
        raise SealBrokenError("A wrapped key is malformed.")
    _, nonce = _WRAP_HEADER.unpack_from(wrapped)
    try:
        return Key(AESGCM(kek).decrypt(nonce, wrapped[_WRAP_HEADER.size :], _wrap_context(kek_id, person_id, version)))
    except InvalidTag as error:
        raise SealBrokenError("A person's key cannot be opened with this key file.") from error


def _wrap_context(kek_id: str, person_id: str, version: int) -> bytes:
    return Context("person_keys", kek_id, str(version), person_id, 0).encode()
