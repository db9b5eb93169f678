"""The key file: key-encryption keys by id, and the independent keys for index, audit, web and channel.

A plain text file, one key a line (``kek <id> <base64>`` or ``<name> <base64>``), readable by its owner only. The
last ``kek`` line is the current one; older ones stay until every person's key has been wrapped anew.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import stat
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from bot.errors import KeyFileError

KEY_BYTES = 32
_SINGLE = ("index", "audit", "web", "channel")


@dataclass(frozen=True)
class KeyRing:
    """All keys of one installation, held in memory only.

    Attributes:
        keks: Key-encryption keys by id, oldest first; the last wraps new person keys.
        index: HMAC key of the chat-id look-up.
        audit: HMAC key of the audit chain.
        web: Signs the staff app's CSRF tokens.
        channel: Bearer token between the gate and Rasa's channel, as bytes.
    """

    keks: dict[str, bytes] = field(repr=False)
    index: bytes = field(repr=False)
    audit: bytes = field(repr=False)
    web: bytes = field(repr=False)
    channel: bytes = field(repr=False)

    @property
    def current_kek_id(self) -> str:
        """Id of the key that wraps new person keys."""
        return next(reversed(self.keks))

    @property
    def channel_token(self) -> str:
        """The bearer token as text, URL-safe base64."""
        return base64.urlsafe_b64encode(self.channel).decode()

    def chat_index(self, door: str, chat_id: str) -> bytes:
        """Return the 32-byte blind index under which a chat is found: HMAC-SHA256 of door and chat id."""
        return hmac.digest(self.index, f"{door}\x00{chat_id}".encode(), hashlib.sha256)

    def chain(self, previous: bytes, entry: bytes) -> bytes:
        """Return the next 32-byte link of the audit chain."""
        return hmac.digest(self.audit, previous + entry, hashlib.sha256)

    def mark(self, purpose: str, data: bytes) -> bytes:
        """Return a 32-byte MAC that only this installation can make.

        Args:
            purpose: What is marked; MACs of one purpose never serve another. The audit's links begin with an earlier
                link or with zeros, so that none of them can begin like this.
            data: Unambiguously encoded by the caller.
        """
        return hmac.digest(self.audit, b"ballast " + purpose.encode() + b"\x00" + data, hashlib.sha256)

    def __reduce__(self) -> str:
        raise TypeError("A key ring is never pickled.")

    @classmethod
    def load(cls, path: Path) -> KeyRing:
        """Read the key file.

        Raises:
            KeyFileError: It is missing, readable by others, or malformed.
        """
        if not path.is_file():
            raise KeyFileError(f"There is no key file at {path}. Make one with `ballast keys new`.")
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise KeyFileError(f"The key file {path} can be read by others. Run: chmod 600 {path}")
        try:
            return cls._parse(path.read_text(encoding="ascii"))
        except PermissionError:
            raise KeyFileError(f"The key file {path} belongs to somebody else and cannot be read.") from None
        except (ValueError, KeyError, TypeError, binascii.Error) as error:
            raise KeyFileError(f"The key file {path} is damaged. Restore it from its own backup.") from error

    @classmethod
    def _parse(cls, text: str) -> KeyRing:
        keks: dict[str, bytes] = {}
        singles: dict[str, bytes] = {}
        for line in text.splitlines():
            if not line.strip() or line.startswith("#"):
                continue
            name, *ids, encoded = line.split()
            key = base64.b64decode(encoded, validate=True)
            keys = keks if name == "kek" else singles
            (key_id,) = ids if name == "kek" else (name,)  # a kek without its id must never become the id itself
            if len(key) != KEY_BYTES or key_id in keys:
                raise ValueError("a key has the wrong length, or stands twice")
            keys[key_id] = key
        if not keks:
            raise ValueError("no key-encryption key")
        return cls(keks, **{name: singles[name] for name in _SINGLE})

    @classmethod
    def create(cls, path: Path) -> KeyRing:
        """Write a new key file (0600) with fresh random keys and return it.

        Raises:
            KeyFileError: A file is already there; keys are never overwritten.
        """
        kek_id = datetime.now(timezone.utc).strftime("%Y%m%d") + "-" + secrets.token_hex(3)
        lines = ["# Ballast's keys. Whoever holds this file can read everything. Back it up apart from the data."]
        lines += [f"kek {kek_id} {_fresh()}"] + [f"{name} {_fresh()}" for name in _SINGLE]
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise KeyFileError(f"{path} exists already. Keys are never overwritten.") from None
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        return cls.load(path)


def _fresh() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
