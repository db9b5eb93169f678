"""A copy of the key file that some of several people open together (Shamir's secret sharing, SLIP-39 words).

The key file is encrypted under a fresh 256-bit key; that key is split into shares of 33 words, each with its own
checksum, to be written on paper. Fewer shares than the threshold tell nothing about it.

Source: SLIP-0039; the library ``shamir-mnemonic`` is its reference implementation.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics

from bot.crypto.key import Key
from bot.errors import KeyFileError

MOST_SHARES = 16  # SLIP-39's limit
_MAGIC = b"ballast-escrow-1"
_NONCE_BYTES = 12


def split(text: str, *, shares: int, threshold: int) -> tuple[bytes, list[str]]:
    """Return the sealed copy of a key file and the words of each share.

    Args:
        text: The key file's text.
        shares: How many people get one, 2 to 16.
        threshold: How many of them are needed, at least 2.

    Raises:
        KeyFileError: The numbers make no sense.
    """
    if not 2 <= threshold <= shares <= MOST_SHARES:
        raise KeyFileError(f"Take 2 to {MOST_SHARES} shares, and a threshold from 2 to their number.")
    key, nonce = Key(secrets.token_bytes(32)), os.urandom(_NONCE_BYTES)
    sealed = _MAGIC + nonce + AESGCM(key).encrypt(nonce, text.encode("ascii"), _MAGIC)
    (words,) = generate_mnemonics(1, [(threshold, shares)], bytes(key))
    return sealed, list(words)


def join(sealed: bytes, shares: Sequence[str]) -> str:
    """Return the key file's text.

    Raises:
        KeyFileError: Too few shares, a misspelt one, one of another copy, or a changed copy.
    """
    try:
        key = Key(combine_mnemonics(shares))
    except MnemonicError as error:
        raise KeyFileError(f"The shares do not fit together: {_cause(error)}") from None
    nonce, body = sealed[len(_MAGIC) :][:_NONCE_BYTES], sealed[len(_MAGIC) + _NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, body, _MAGIC).decode("ascii")
    except (InvalidTag, ValueError):
        raise KeyFileError("These shares belong to another copy, or the sealed copy was changed.") from None


def _cause(error: Exception) -> str:
    """Say what is wrong without the library's text, which repeats words of the share."""
    text = str(error).lower()
    if "checksum" in text or "word" in text:
        return "a word is misspelt or missing."
    return "too few of them, one twice, or of different copies."
