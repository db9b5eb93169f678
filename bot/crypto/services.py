"""Key services (KMS): they encrypt the key file at rest and open it at start, so that the disk alone opens nothing.

A cloud's or a hardware module's client is a class with the two methods of :class:`KeyService`, named in ``_SERVICES``.
The one here needs no network: its master key lies on another medium than the data, e.g. a USB stick that is pulled out
after the start, or a file that a TPM unseals into memory.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.crypto.key import Key
from bot.errors import KeyFileError, SettingError

MAGIC = "ballast-keys-by-service 1 "
_NONCE_BYTES = 12
_CONTEXT = b"ballast key file 1"


class KeyService(Protocol):
    """What encrypts and decrypts the key file."""

    name: str

    def encrypt(self, plaintext: bytes) -> bytes:
        """Return a blob that only this service opens; raises KeyFileError when it cannot be reached."""

    def decrypt(self, blob: bytes) -> bytes:
        """Return what was encrypted; raises KeyFileError when it cannot be reached or the blob was changed."""


class OfflineService:
    """AES-256-GCM under a master key in a file of its own (32 raw bytes, 0400 or 0600)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = f"offline:{path}"

    def encrypt(self, plaintext: bytes) -> bytes:
        """Encrypt under the master key; the first call makes one where there is none."""
        if not self.path.exists():
            self._make()
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self._master()).encrypt(nonce, plaintext, _CONTEXT)

    def decrypt(self, blob: bytes) -> bytes:
        """Decrypt with the master key."""
        try:
            return AESGCM(self._master()).decrypt(blob[:_NONCE_BYTES], blob[_NONCE_BYTES:], _CONTEXT)
        except (InvalidTag, ValueError):
            raise KeyFileError(f"The key file was not encrypted with the master key {self.path}.") from None

    def _master(self) -> Key:
        try:
            if stat.S_IMODE(self.path.stat().st_mode) & 0o077:
                raise KeyFileError(f"The master key {self.path} can be read by others. Run: chmod 400 {self.path}")
            master = Key(self.path.read_bytes())
        except OSError as error:
            raise KeyFileError(f"The master key {self.path} cannot be read: {error.strerror}.") from None
        if len(master) != 32:
            raise KeyFileError(f"The master key {self.path} is not 32 bytes long.")
        return master

    def _make(self) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        except OSError as error:
            raise KeyFileError(f"The master key {self.path} cannot be made: {error.strerror}.") from None
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())


_SERVICES: dict[str, Callable[[str], KeyService]] = {"offline": lambda rest: OfflineService(Path(rest).expanduser())}


def service_of(setting: str) -> KeyService:
    """Return the service that KEY_SERVICE names, e.g. ``offline:/media/stick/ballast.master``.

    Raises:
        SettingError: There is no such service.
    """
    kind, _, rest = setting.partition(":")
    if kind not in _SERVICES or not rest:
        raise SettingError(f"KEY_SERVICE is {setting!r}. It takes: {', '.join(f'{name}:...' for name in _SERVICES)}.")
    return _SERVICES[kind](rest)
