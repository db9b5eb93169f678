"""Where the keys come from: a private file, a mounted secret, a key service or, in development, the environment."""

from __future__ import annotations

import os
import secrets
import stat
import sys
from pathlib import Path
from typing import Protocol

from bot.config import Settings
from bot.crypto.services import MAGIC, KeyService, service_of
from bot.errors import KeyFileError


class KeySource(Protocol):
    """Somewhere that the text of a key file lies."""

    name: str

    def read(self) -> str:
        """Return the text; raises KeyFileError with the remedy."""

    def write(self, text: str) -> None:
        """Replace the text at once and for good, or raise KeyFileError and leave it as it was."""

    def stamp(self) -> object:
        """Return something that differs when the text has changed; cheap."""


class FileSource:
    """A file that only its owner can touch."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)

    def read(self) -> str:
        """Return the text of the file."""
        try:
            if stat.S_IMODE(self.path.stat().st_mode) & self._forbidden_bits():
                raise KeyFileError(f"The key file {self.path} can be read by others. Run: chmod 600 {self.path}")
            return self.path.read_text(encoding="ascii")
        except FileNotFoundError:
            raise KeyFileError(
                f"There is no key file at {self.path}. Make one with `ballast keys new`; to restore a copy, bring the "
                "one it was made with back with `ballast keys join`."
            ) from None
        except PermissionError:
            raise KeyFileError(f"The key file {self.path} belongs to somebody else and cannot be read.") from None
        except (OSError, UnicodeDecodeError):
            raise KeyFileError(f"The key file {self.path} is damaged. Restore it from its own backup.") from None

    def write(self, text: str) -> None:
        """Write a new file beside the old one and put it in its place in one step."""
        fresh = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}")
        try:
            write_private(fresh, text)
            fresh.replace(self.path)
            _sync_folder(self.path.parent)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise KeyFileError(f"The key file {self.path} cannot be written: {error.strerror}.") from error

    def stamp(self) -> object:
        """Return inode, size and time of change."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    @staticmethod
    def _forbidden_bits() -> int:
        return 0o077


class MountedSource(FileSource):
    """A Docker secret or a systemd credential: mounted for this process, readable in its container, never written."""

    def write(self, text: str) -> None:
        """Refuse: the place it is mounted from must be changed."""
        raise KeyFileError(f"{self.path} is mounted. Change the secret where it comes from, then start again.")

    @staticmethod
    def _forbidden_bits() -> int:
        return 0o022  # Docker mounts secrets as 0444 in memory of the container


class EnvironmentSource:
    """The text in a variable, for development only: environments leak into process lists and crash reports."""

    name = "BALLAST_KEYS"

    def __init__(self, text: str) -> None:
        self._text = text
        sys.stderr.write("ballast: keys come from the environment (BALLAST_KEYS). Use a key file for anything real.\n")

    def read(self) -> str:
        """Return the variable's text."""
        return self._text

    def write(self, text: str) -> None:
        """Refuse: a variable cannot be kept."""
        raise KeyFileError("Keys from the environment cannot be changed. Point KEY_FILE at a file.")

    def stamp(self) -> object:
        """It never changes."""
        return None


class ServiceSource:
    """A key file that lies encrypted on disk and is opened by a key service at start."""

    def __init__(self, path: Path, service: KeyService) -> None:
        self._file, self._service = FileSource(path), service
        self.name = f"{path} ({service.name})"

    def read(self) -> str:
        """Have the service decrypt the file."""
        text = self._file.read()
        try:
            sealed = bytes.fromhex(text.removeprefix(MAGIC))
        except ValueError:
            raise KeyFileError(f"The key file {self._file.path} is damaged. Restore it from its own backup.") from None
        return self._service.decrypt(sealed).decode("ascii")

    def write(self, text: str) -> None:
        """Have the service encrypt the text and replace the file."""
        self._file.write(MAGIC + self._service.encrypt(text.encode("ascii")).hex() + "\n")

    def stamp(self) -> object:
        """Return the file's."""
        return self._file.stamp()


def key_source(settings: Settings) -> KeySource:
    """Return where this installation's keys are, or would be made.

    Raises:
        KeyFileError: The file is encrypted and KEY_SERVICE names nothing that could open it.
    """
    path = settings.key_file
    if settings.keys_inline and not path.exists():
        return EnvironmentSource(settings.keys_inline)
    if is_mounted(path):
        return MountedSource(path)
    if settings.key_service and (not path.exists() or is_encrypted(path)):
        return ServiceSource(path, service_of(settings.key_service))
    if path.exists() and is_encrypted(path):
        raise KeyFileError(f"The key file {path} is encrypted by a key service. Name it in KEY_SERVICE.")
    return FileSource(path)


def is_mounted(path: Path) -> bool:
    """Return whether a file is a Docker secret or a systemd credential."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    places = [Path("/run/secrets"), *([Path(credentials)] if credentials else [])]
    return any(path.is_relative_to(place) for place in places)


def is_encrypted(path: Path) -> bool:
    """Return whether a key file was written by a key service."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC.encode()
    except OSError:
        return False


def write_private(path: Path, text: str) -> None:
    """Write a new file that only its owner can read, all the way to the disk; never over an old one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
