"""The key file: key-encryption keys by id, and the independent keys for index, audit, web and channel.

A plain text file, one key a line (``kek <id> <base64>`` or ``<name> <base64>``), readable by its owner only. The
last ``kek`` line is the current one; older ones stay until every person's key has been wrapped anew
(``ballast keys rotate``) and they are retired.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from bot.crypto.key import Key
from bot.crypto.sources import FileSource, KeySource, write_private
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
        source: Where they were read.
        stamp: What the source's stamp was then.
    """

    keks: dict[str, bytes] = field(repr=False)
    index: bytes = field(repr=False)
    audit: bytes = field(repr=False)
    web: bytes = field(repr=False)
    channel: bytes = field(repr=False)
    source: KeySource | None = field(default=None, repr=False, compare=False)
    stamp: object = field(default=None, repr=False, compare=False)

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
        """Read a key file.

        Raises:
            KeyFileError: It is missing, readable by others, or malformed.
        """
        return cls.read_from(FileSource(path))

    @classmethod
    def read_from(cls, source: KeySource) -> KeyRing:
        """Read the keys from wherever they lie.

        Raises:
            KeyFileError: They are missing, open to others, or malformed.
        """
        stamp, text = source.stamp(), source.read()
        try:
            return cls._parse(text, source, stamp)
        except (ValueError, KeyError, TypeError, binascii.Error) as error:
            raise KeyFileError(f"The key file {source.name} is damaged. Restore it from its own backup.") from error

    @classmethod
    def _parse(cls, text: str, source: KeySource, stamp: object) -> KeyRing:
        keks: dict[str, bytes] = {}
        singles: dict[str, bytes] = {}
        for line in text.splitlines():
            if not line.strip() or line.startswith("#"):
                continue
            name, *ids, encoded = line.split()
            key = Key(base64.b64decode(encoded, validate=True))
            keys = keks if name == "kek" else singles
            (key_id,) = ids if name == "kek" else (name,)  # a kek without its id must never become the id itself
            if len(key) != KEY_BYTES or key_id in keys:
                raise ValueError("a key has the wrong length, or stands twice")
            keys[key_id] = key
        if not keks:
            raise ValueError("no key-encryption key")
        return cls(keks, **{name: singles[name] for name in _SINGLE}, source=source, stamp=stamp)

    @classmethod
    def create(cls, path: Path) -> KeyRing:
        """Write a new key file (0600) with fresh random keys and return it.

        Raises:
            KeyFileError: A file is already there; keys are never overwritten.
        """
        try:
            write_private(path, new_key_file())
        except FileExistsError:
            raise KeyFileError(f"{path} exists already. Keys are never overwritten.") from None
        return cls.load(path)

    def current(self) -> KeyRing:
        """Return the keys as they are now: another process may have added or retired one in the meantime."""
        if self.source is None or self.source.stamp() == self.stamp:
            return self
        return KeyRing.read_from(self.source)

    def add_kek(self) -> KeyRing:
        """Append a fresh key-encryption key, which is the current one from then on.

        Raises:
            KeyFileError: The keys lie where they cannot be changed.
        """
        source = self._writable()
        source.write(source.read().rstrip("\n") + f"\n{_kek_line()}\n")
        return KeyRing.read_from(source)

    def drop_kek(self, kek_id: str) -> KeyRing:
        """Take a key-encryption key out; whoever wrapped something with it must have made sure that nothing is left.

        Raises:
            KeyFileError: It is the current one, there is none of that name, or the keys cannot be changed.
        """
        if kek_id not in self.keks or kek_id == self.current_kek_id:
            raise KeyFileError(f"{kek_id} is not one of the older keys in {self._writable().name}.")
        source = self._writable()
        kept = [line for line in source.read().splitlines() if line.split()[:2] != ["kek", kek_id]]
        source.write("\n".join(kept) + "\n")
        return KeyRing.read_from(source)

    def _writable(self) -> KeySource:
        if self.source is None:
            raise KeyFileError("These keys were not read from anywhere.")
        return self.source


def new_key_file() -> str:
    """Return the text of a key file with fresh random keys."""
    lines = ["# Ballast's keys. Whoever holds this file can read everything. Back it up apart from the data."]
    lines += [_kek_line(), *(f"{name} {_fresh()}" for name in _SINGLE)]
    return "\n".join(lines) + "\n"


def _kek_line() -> str:
    """Return a line with a new key-encryption key; its id begins with the day it was made."""
    kek_id = datetime.now(timezone.utc).strftime("%Y%m%d") + "-" + secrets.token_hex(3)
    return f"kek {kek_id} {_fresh()}"


def _fresh() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
