"""Sealing: the key file, each person's key, record keys, the look-up index and the audit chain.

Pure: bytes in, bytes out, no database. Everything that refuses raises; nothing returns False.
"""

from bot.crypto.keyring import KeyRing
from bot.crypto.sealing import Context, PersonKeys, open_sealed, seal, unwrap_key, wrap_key

__all__ = ["Context", "KeyRing", "PersonKeys", "open_sealed", "seal", "unwrap_key", "wrap_key"]
