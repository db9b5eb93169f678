"""A folder that appears whole or not at all: written aside, locked, put on the disk, then moved."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX, _SUFFIX = ".export-", ".part"


@contextmanager
def folder_beside(out: Path, export_id: str) -> Iterator[Path]:
    """Yield a private folder that takes the target's name at the end, or vanishes. It is locked while it is written."""
    folder = out.parent / f"{_PREFIX}{export_id}{_SUFFIX}"
    folder.mkdir(mode=0o700)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield folder
        folder.rename(out)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        os.close(descriptor)


def clear_leftovers(place: Path) -> Iterator[str]:
    """Take away what exports that were killed here left, and yield their ids; a living one holds its lock."""
    for folder in place.glob(f"{_PREFIX}*{_SUFFIX}"):
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue  # somebody else's, or no folder of ours
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            shutil.rmtree(folder)
            yield folder.name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
        finally:
            os.close(descriptor)


def settle(folder: Path) -> None:
    """Have every byte on the disk, so that only the move can fail once the job is finished."""
    for path in [*folder.iterdir(), folder]:
        if path is not folder:
            path.chmod(0o600)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
